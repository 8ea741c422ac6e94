"""What the store of a journal says when it fails may hold secrets, so users never see it."""

from __future__ import annotations

import asyncio
import threading
import traceback

import pytest
from journal_of import intent_of, open_journal

from airflow_provider_phota.api.errors import PhotaLedgerError, PhotaLedgerUnusable
from airflow_provider_phota.journal.failures import store_error
from airflow_provider_phota.journal.patience import Patience
from airflow_provider_phota.ledger.ledger import Ledger
from airflow_provider_phota.storage import objects
from airflow_provider_phota.storage.paths import reason_of

pytestmark = pytest.mark.usefixtures("metadata_database")

CANARY = "X-Amz-Signature=CANARY0123456789"
FAILURES = [
    OSError(CANARY),
    OSError(5, CANARY),
    PermissionError(13, CANARY),
    TimeoutError(CANARY),
    ValueError(CANARY),
]


def failing(error):
    def fail(*_, **__):
        raise error

    return fail


@pytest.mark.parametrize("failure", FAILURES, ids=repr)
def test_a_store_that_fails_for_too_long_is_not_quoted(failure, caplog):
    patience = Patience(seconds=0.05, first_pause=0.01)
    with pytest.raises(PhotaLedgerError) as caught:
        asyncio.run(patience.call(failing(failure), "read"))
    shown = "".join(traceback.format_exception(caught.value))
    assert "could not be read" in shown
    assert "pays for nothing twice" in shown
    assert "CANARY" not in shown + caplog.text


@pytest.mark.parametrize("failure", FAILURES, ids=repr)
def test_the_same_holds_for_what_waits_for_a_journal_that_cannot_be_written(
    disk_folder, failure, monkeypatch
):
    async def run():
        journal = await open_journal(disk_folder, seconds=0.05)
        with monkeypatch.context() as patched:
            patched.setattr(objects, "create", failing(failure))
            with pytest.raises(PhotaLedgerError) as caught:
                await journal.append(intent_of("a"))
        await journal.close()
        return caught.value

    shown = "".join(traceback.format_exception(asyncio.run(run())))
    assert "could not be written" in shown
    assert "CANARY" not in shown


@pytest.mark.parametrize("failure", FAILURES[:4], ids=repr)
def test_the_same_holds_for_the_ledger_of_a_single_order(failure):
    class Store:
        read = staticmethod(failing(failure))

    with pytest.raises(PhotaLedgerError) as caught:
        Ledger([Store()]).read()
    assert "CANARY" not in "".join(traceback.format_exception(caught.value))


def test_a_reason_has_the_words_of_the_system_and_not_of_a_server():
    assert reason_of(OSError(28, CANARY)) == "No space left on device"
    assert reason_of(OSError(CANARY)) == "OSError"
    assert reason_of(OSError(-2, CANARY)) == "OSError"


def test_a_missing_right_is_not_retried_and_a_store_that_is_away_is():
    assert isinstance(store_error(PermissionError(13, "x"), "It failed."), PhotaLedgerUnusable)
    assert not PhotaLedgerUnusable.retryable
    away = store_error(ConnectionError("x"), "It failed.")
    assert away.retryable
    assert not isinstance(away, PhotaLedgerUnusable)


def test_a_call_that_never_ends_is_given_up():
    """Also one that reads the whole journal."""
    end = threading.Event()
    patience = Patience(seconds=0.05, first_pause=0.01, longest_reading=0.1)
    with pytest.raises(PhotaLedgerError, match="no answer in time"):
        asyncio.run(patience.call(end.wait, "read", reads_all=True))
    end.set()
