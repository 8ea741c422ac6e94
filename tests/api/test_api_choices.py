"""Arguments that take one of a few words."""

from enum import Enum

import pytest

from airflow_provider_phota.api.choices import checked_choice
from airflow_provider_phota.api.errors import PhotaInputError


class Fruit(Enum):
    APPLE = "apple"
    PEAR = "pear"
    PLUM = "plum"


def test_a_word_is_a_choice() -> None:
    assert checked_choice(Fruit, "fruit", "pear") is Fruit.PEAR


@pytest.mark.parametrize("value", ["Pear", "", None, 1, ["pear"]])
def test_any_other_value_is_refused_with_all_the_words(value: object) -> None:
    with pytest.raises(PhotaInputError, match="fruit: must be 'apple', 'pear' or 'plum', got "):
        checked_choice(Fruit, "fruit", value)
