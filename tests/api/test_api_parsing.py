"""Arguments are checked as far as possible before any template is rendered."""

from __future__ import annotations

from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any

import pytest

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.orders.checks import check_size_as_written
from airflow_provider_phota.api.parsing import (
    check_conn_id,
    check_flags,
    check_not_templated,
    is_known,
)


class Output:
    """As Airflow's XComArg: it is resolved when the task runs."""

    def resolve(self, context: Any) -> Any: ...

    def __repr__(self) -> str:
        return "CANARY"


class StorePath:
    def __repr__(self) -> str:
        return "StorePath"

    def joinpath(self) -> None: ...

    def resolve(self) -> None: ...


KNOWN = [
    None,
    1,
    True,
    "",
    "a",
    "{phota_task_id}",
    [1, ("a",)],
    {"a": 1},
    {"a"},
    PurePosixPath("a"),
    StorePath(),
]
KNOWN += [timedelta(1), "{ {x} }"]
UNKNOWN = [
    "{{ x }}",
    "a{% if x %}b{% endif %}",
    "{# a #}",
    Output(),
    ["a", Output()],
    {"a": "{{ x }}"},
    ("{{ x }}",),
]


@pytest.mark.parametrize("value", KNOWN, ids=repr)
def test_a_plain_value_is_known(value: Any) -> None:
    assert is_known(value)


@pytest.mark.parametrize("value", UNKNOWN, ids=repr)
def test_a_template_and_an_output_are_not(value: Any) -> None:
    assert not is_known(value)


@pytest.mark.parametrize(("value", "got"), [("{{ x }}", "got '{{ x }}'"), (Output(), "got a Output")])
def test_what_is_not_rendered_takes_no_template(value: Any, got: str) -> None:
    with pytest.raises(PhotaInputError, match=rf"^ledger_path: is not a templated field.*{got}\.$") as caught:
        check_not_templated(publish=None, ledger_path=value)
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (None, "must be the ID"),
        ("", "must be the ID"),
        (7, "got 7"),
        ("phota://:sk-CANARY@api.foxapi.cc", "not a URI"),
        ("{{ var.value.conn }}", "is not a templated field"),
        (Output(), "is not a templated field"),
    ],
)
def test_what_is_not_a_connection_id_is_refused_without_its_secret(value: Any, problem: str) -> None:
    with pytest.raises(PhotaInputError, match=f"^phota_conn_id: .*{problem}") as caught:
        check_conn_id(value)
    assert "CANARY" not in str(caught.value)


def test_a_connection_id_is_taken() -> None:
    check_conn_id("phota_default")


def test_a_flag_is_true_or_false() -> None:
    check_flags(deferrable=True, wait_for_completion=False)
    for value in (None, 1, "True", "yes"):
        with pytest.raises(PhotaInputError, match=r"^deferrable: must be True or False"):
            check_flags(deferrable=value)
    with pytest.raises(PhotaInputError, match=r"^deferrable: is not a templated field"):
        check_flags(deferrable="{{ params.deferrable }}")


def test_what_an_author_wrote_of_an_edit_is_checked_as_far_as_it_is_known() -> None:
    check_size_as_written(num_outputs=2, resolution="4K")
    check_size_as_written(num_outputs=Output(), resolution="{{ params.resolution }}")
    with pytest.raises(PhotaInputError, match=r"^num_outputs: must be at least 1, got 0\.$"):
        check_size_as_written(num_outputs=0, resolution="4K")
    with pytest.raises(PhotaInputError, match=r"^resolution: must be '1K' or '4K', got '2K'\.$"):
        check_size_as_written(num_outputs="{{ n }}", resolution="2K")
