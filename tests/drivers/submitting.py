"""A submit that goes wrong, and what its user hears."""

import traceback

import pytest
from driving import KEY, Run

from airflow_provider_phota.api.errors import PhotaError
from airflow_provider_phota.api.orders.edit import EditOrder
from airflow_provider_phota.api.protocol import submit
from airflow_provider_phota.api.retry import Backoff
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.api.tasks import PhotaTask
from airflow_provider_phota.api.wire import Conversation

TWICE = Backoff(tries=2, first=0.01)
SHORT = {"read_timeout": 0.4, "total_timeout": 0.6}


def edit(prompt: str = "make it winter") -> Conversation[PhotaTask]:
    return submit(EditOrder(prompt, ("https://pictures.example/lake.jpg?sig=SIGNED",)), TWICE)


def failure(run: Run, settings: Settings, conversation: Conversation[PhotaTask] | None = None) -> PhotaError:
    """Returns the error that a user gets, and checks that there is no secret in it."""
    with pytest.raises(PhotaError) as caught:
        run(conversation or edit(), settings)
    for secret in (KEY, "SIGNED", "Bearer"):
        assert secret not in "".join(traceback.format_exception(caught.value))
    assert "://" not in str(caught.value)
    return caught.value
