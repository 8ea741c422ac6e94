"""A batch that Airflow ends before its pipeline exists sends nothing."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from airflow_provider_phota.batch.attempt import Journal
from airflow_provider_phota.emulator import Fault


class Ended(BaseException):
    """Is what Airflow's signal handler raises."""


def test_a_kill_while_the_journal_is_opened_sends_nothing(shop, monkeypatch):
    shop.add_pictures(10)
    shop.emulator.add_faults(Fault("submit", "slow_body", seconds=4.0, times=None))
    open_journal = Journal.open

    async def opened_while_killed(*args, **kwargs):
        asyncio.get_running_loop().call_later(0.1, os.kill, os.getpid(), signal.SIGALRM)
        await asyncio.sleep(0.3)
        return await open_journal(*args, **kwargs)

    def end(*_):
        operator.on_kill()
        raise Ended

    with monkeypatch.context() as patched:
        patched.setattr(Journal, "open", opened_while_killed)
        before = signal.signal(signal.SIGALRM, end)
        try:
            shop.try_number += 1
            operator = shop.operator()
            with pytest.raises(Ended):
                operator.execute(shop.context())
        finally:
            signal.signal(signal.SIGALRM, before)
    assert shop.billed == 0
    shop.emulator.clear_faults()
    assert shop.run()["counts"]["landed"] == shop.billed == 10
