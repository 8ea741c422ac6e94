"""What each model costs, from the service's list."""

from __future__ import annotations


def test_prices_are_those_of_the_service(phota):
    done = phota("prices", "--json")
    assert (done.code, done.json["group"]) == (0, "default")
    assert done.json["usd_of_one_call"] == {
        "phota-image-edit": 0.05,
        "phota-image": 0.03,
        "phota-image-enhance": 0.04,
        "phota-create-profile": 0.5,
    }


def test_people_see_a_table_with_4k_at_double_the_price(phota):
    done = phota("prices")
    (line,) = (line for line in done.out.splitlines() if line.startswith("phota-image-edit"))
    assert line.split() == ["phota-image-edit", "0.05", "0.1"]


def test_a_group_without_prices_is_named(phota, connect):
    connect(user_group="vip")
    done = phota("prices")
    assert (done.code, done.out) == (1, "")
    assert "The group 'vip' has no prices" in done.err
    assert "default" in done.err


def test_an_error_is_json_too(phota, connect):
    connect(user_group="vip")
    done = phota("prices", "--json")
    assert (done.code, done.json["money"]) == (1, "not billed")


def test_a_connection_that_does_not_exist_is_named(phota):
    done = phota("prices", "--conn-id", "nobody")
    assert done.code == 1
    assert "There is no Airflow connection 'nobody'" in done.err
