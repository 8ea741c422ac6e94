from __future__ import annotations

import pytest


@pytest.fixture
def shop(emulator, tmp_path):
    """A shop without pictures, whose results are small."""
    from shop import Shop

    emulator.draw("small")
    return Shop(emulator, tmp_path)
