"""The shop of the tests of budgets."""

from __future__ import annotations

import pytest
from limited_shop import Shop


@pytest.fixture
def shop(emulator, monkeypatch, tmp_path):
    return Shop(emulator, monkeypatch, tmp_path)
