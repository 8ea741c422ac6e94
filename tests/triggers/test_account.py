"""The account that all the waits of a connection share, in virtual time."""

import asyncio
import logging

import pytest
from virtual_time import now, run

from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.triggers.account import TIME_TO_LIVE, Account

OLD, NEW = Settings("sk-CANARY-of-yesterday"), Settings("sk-CANARY-of-today")


class Connection:
    """Returns settings or raises an error, after a second; the last of them again and again."""

    def __init__(self, *says: Settings | Exception) -> None:
        self.says = list(says)
        self.fetches = 0
        self.cancelled = 0

    async def fetch(self) -> Settings:
        self.fetches += 1
        said = self.says.pop(0) if len(self.says) > 1 else self.says[0]
        try:
            await asyncio.sleep(1.0)
        except asyncio.CancelledError:
            self.cancelled += 1
            await asyncio.sleep(1.0)  # a thread that reads the connection is not stopped by that
            raise
        if isinstance(said, Exception):
            raise said
        return said


def account(connection: Connection) -> Account:
    return Account(connection.fetch, clock=now)


def test_many_who_ask_at_once_share_one_fetch() -> None:
    connection = Connection(OLD)

    async def many() -> list[Settings]:
        shared = account(connection)
        return await asyncio.gather(*(shared.settings() for _ in range(100)))

    assert run(many()) == [OLD] * 100
    assert connection.fetches == 1


def test_one_who_leaves_does_not_end_the_fetch_of_the_others() -> None:
    connection = Connection(OLD)

    async def one_leaves() -> list[Settings | BaseException]:
        shared = account(connection)
        waits = [asyncio.create_task(shared.settings()) for _ in range(3)]
        await asyncio.sleep(0.5)
        waits[0].cancel()
        return await asyncio.gather(*waits, return_exceptions=True)

    first, *others = run(one_leaves())
    assert isinstance(first, asyncio.CancelledError)
    assert others == [OLD, OLD]
    assert (connection.fetches, connection.cancelled) == (1, 0)


def test_a_first_fetch_that_fails_fails_for_all_and_the_next_one_is_a_new_one() -> None:
    connection = Connection(OSError("away"), OLD)

    async def failing() -> Settings:
        shared = account(connection)
        failures = await asyncio.gather(*(shared.settings() for _ in range(10)), return_exceptions=True)
        assert [type(failure) for failure in failures] == [OSError] * 10
        return await shared.settings()

    assert run(failing()) == OLD
    assert connection.fetches == 2


def test_old_settings_serve_while_new_ones_are_fetched() -> None:
    connection = Connection(OLD, NEW)

    async def renewing() -> None:
        shared = account(connection)
        await shared.settings()
        await asyncio.sleep(TIME_TO_LIVE - 1.0)
        assert await shared.settings() == OLD
        assert connection.fetches == 1
        await asyncio.sleep(2.0)
        begun = now()
        assert await asyncio.gather(*(shared.settings() for _ in range(50))) == [OLD] * 50
        assert now() == begun
        await asyncio.sleep(1.5)
        assert await shared.settings() == NEW

    run(renewing())
    assert connection.fetches == 2


def test_a_renewal_that_fails_keeps_the_old_ones_and_shows_no_words(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    connection = Connection(OLD, OSError(OLD.api_key), NEW)

    async def renewing() -> None:
        shared = account(connection)
        await shared.settings()
        for _ in range(3):  # right after a failed one there is no other renewal
            await asyncio.sleep(TIME_TO_LIVE / 3 + 1.0)
            assert await shared.settings() == OLD
        await asyncio.sleep(2.0)
        assert await shared.settings() == OLD
        assert connection.fetches == 2
        await asyncio.sleep(TIME_TO_LIVE + 1.0)
        await shared.settings()
        await asyncio.sleep(2.0)
        assert await shared.settings() == NEW

    run(renewing())
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert warnings == ["The connection could not be read again (OSError); the old settings are still used."]
    assert "CANARY" not in caplog.text


def test_after_a_refusal_the_connection_is_fetched_once_for_all() -> None:
    connection = Connection(OLD, NEW)

    async def rotated() -> list[Settings | None]:
        shared = account(connection)
        await shared.settings()
        await asyncio.sleep(60.0)
        newer = await asyncio.gather(*(shared.after_refusal(OLD) for _ in range(50)))
        return [*newer, await shared.after_refusal(OLD)]

    assert run(rotated()) == [NEW] * 51
    assert connection.fetches == 2


def test_a_key_that_is_still_the_same_is_not_fetched_again_for_each_who_is_refused() -> None:
    connection = Connection(OLD)

    async def refused() -> None:
        shared = account(connection)
        await shared.settings()
        await asyncio.sleep(60.0)
        assert await asyncio.gather(*(shared.after_refusal(OLD) for _ in range(50))) == [None] * 50
        assert connection.fetches == 2
        await asyncio.sleep(5.0)
        assert await shared.after_refusal(OLD) is None
        assert connection.fetches == 2
        await asyncio.sleep(60.0)
        assert await shared.after_refusal(OLD) is None
        assert connection.fetches == 3

    run(refused())


def test_refusals_that_come_in_one_after_the_other_share_a_fetch_too() -> None:
    connection = Connection(OLD)

    async def refused() -> None:
        shared = account(connection)
        await shared.settings()
        waits = []
        for _ in range(200):  # some of them in the very moment in which the fetch ends
            waits.append(asyncio.create_task(shared.after_refusal(OLD)))
            await asyncio.sleep(0.01)
            waits += [asyncio.create_task(shared.after_refusal(OLD)) for _ in range(3)]
            for _ in range(6):
                await asyncio.sleep(0)
                waits.append(asyncio.create_task(shared.after_refusal(OLD)))
        assert set(await asyncio.gather(*waits)) == {None}

    run(refused())
    assert connection.fetches == 2


def test_one_who_is_refused_as_a_fetch_fails_is_not_told_that_the_key_is_the_same() -> None:
    """It would end as refused, although the connection was not read since."""
    connection = Connection(OLD, OSError("away"))

    async def refused() -> list[Settings | BaseException | None]:
        waits: list[asyncio.Task[Settings | None]] = []

        async def fetch() -> Settings:
            try:
                return await connection.fetch()
            finally:
                if connection.fetches == 2:  # before those who wait for it know how it went
                    waits.append(asyncio.create_task(shared.after_refusal(OLD)))

        shared = Account(fetch, clock=now)
        await shared.settings()
        with pytest.raises(OSError, match="away"):
            await shared.after_refusal(OLD)
        return await asyncio.gather(*waits, return_exceptions=True)

    assert [type(told) for told in run(refused())] == [OSError]


def test_a_fetch_after_a_refusal_that_fails_is_tried_again() -> None:
    connection = Connection(OLD, OSError("away"), NEW)

    async def refused() -> Settings | None:
        shared = account(connection)
        await shared.settings()
        with pytest.raises(OSError, match="away"):
            await shared.after_refusal(OLD)
        return await shared.after_refusal(OLD)

    assert run(refused()) == NEW


def test_a_key_rotated_right_after_it_was_fetched_is_fetched_again() -> None:
    """Rotations do not mind when the connection was read last: every wait would end as refused."""
    connection = Connection(OLD, NEW)

    async def rotated() -> Settings | None:
        shared = account(connection)
        await shared.settings()
        await asyncio.sleep(1.0)
        return await shared.after_refusal(OLD)

    assert run(rotated()) == NEW


def test_a_refusal_while_the_connection_is_being_renewed_waits_for_that() -> None:
    connection = Connection(OLD, NEW)

    async def rotated() -> Settings | None:
        shared = account(connection)
        await shared.settings()
        await asyncio.sleep(TIME_TO_LIVE + 1.0)
        assert await shared.settings() == OLD
        return await shared.after_refusal(OLD)

    assert run(rotated()) == NEW
    assert connection.fetches == 2


def test_closing_ends_a_fetch_and_leaves_no_task() -> None:
    connection = Connection(OLD)

    async def closing() -> None:
        shared = account(connection)
        await shared.close()
        waiting = asyncio.create_task(shared.settings())
        await asyncio.sleep(0.5)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await shared.close()

    run(closing())
    assert (connection.fetches, connection.cancelled) == (1, 1)


def test_one_who_comes_while_the_last_one_closes_gets_a_fetch_of_its_own() -> None:
    """It would be cancelled along with the old one, and a cancelled trigger fires no event."""
    connection = Connection(OLD, NEW)

    async def coming() -> Settings:
        shared = account(connection)
        leaving = asyncio.create_task(shared.settings())
        await asyncio.sleep(0.5)
        leaving.cancel()
        closing = asyncio.create_task(shared.close())
        await asyncio.sleep(0.5)
        settings = await shared.settings()
        await closing
        assert await shared.settings() == settings
        return settings

    assert run(coming()) == NEW
    assert connection.fetches == 2
