"""Pays for the orders of a batch out of budgets: money is reserved for many orders at a time.

So the log of a budget has two entries for a block of orders, and not two for each.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import TypeAlias, TypeVar

from airflow_provider_phota.api.costs import NO_COST, Cost, exact_total
from airflow_provider_phota.api.errors import PhotaBudgetExceeded, PhotaBudgetUnusable
from airflow_provider_phota.batch.accounts import SENDING, Account
from airflow_provider_phota.budget.purse import Purse
from airflow_provider_phota.journal.rows import Row, Status
from airflow_provider_phota.storage.calls import finish_on_loop

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Returns what has become of money, by the tokens of blocks and the names of sendings.
Accounts: TypeAlias = Callable[[Collection[str], Collection[str]], dict[str, Account]]

#: Orders for which money is reserved at a time, at most.
BLOCK = 100
#: Seconds that a change of the budgets may take.
_LONGEST_CHANGE = 300.0
_STAYS = "What orders cost stays reserved until the next attempt, or `phota settle`."


@dataclass(eq=False)
class Block:
    """Is money that is reserved for some orders.

    Attributes:
        token: by which it is reserved. An order that an earlier attempt has sent has a token of its own.
        at: epoch seconds that tell the windows in which it is counted.
        left: USD for further orders.
        spent: what its orders have cost that have ended.
        held: what stays reserved of it when it is settled, by tokens of its own.
        draws: of the orders that have not ended.
    """

    token: str
    at: float
    left: Decimal = Decimal(0)
    spent: Cost = NO_COST
    held: dict[str, Cost] = field(default_factory=dict)
    draws: set[Draw] = field(default_factory=set)


@dataclass(eq=False)
class Draw:
    """Is the money of one order.

    Attributes:
        cost: as far as it is known.
        sending: names the last sending of the order, once it is about to be sent.
    """

    block: Block
    cost: Cost
    sending: str = ""


class Spending:
    """Pays for the orders of one attempt of a batch.

    Args:
        purse: pays.
        lease: the number of the attempt's lease.
        orders: how many may be sent at most.
    """

    def __init__(self, purse: Purse, lease: int, orders: int) -> None:
        self._purse = purse
        self._lease = lease
        self._orders = orders
        self._number = 0
        self._block = Block("", 0.0)
        self._blocks: set[Block] = set()
        #: What earlier attempts have sent and not settled, by the sendings.
        self._earlier: dict[str, Block] = {}
        self._asking = asyncio.Lock()
        #: Why no order gets money any more; None while orders do.
        self._refusal: PhotaBudgetExceeded | PhotaBudgetUnusable | None = None

    @property
    def prefix(self) -> str:
        """Begins all tokens of the batch."""
        return f"{self._purse.owner}-"

    async def open(self, ats: Iterable[float], accounts: Accounts) -> None:
        """Settles what attempts have left behind that are over, as far as it is clear.

        If a log cannot be read or written, what is paid for still comes home, but no order gets money.

        Args:
            ats: epoch seconds in whose windows they may have reserved.
            accounts: returns what has become of money, by the tokens of blocks and the names of sendings.
        """
        if not self._purse.is_limited:
            return
        try:
            await self._settle_earlier(ats, accounts)
        except PhotaBudgetUnusable as problem:
            self._refusal = problem
            log.warning("%s\n%s", _STAYS, problem)

    async def _settle_earlier(self, ats: Iterable[float], accounts: Accounts) -> None:
        found = await self._do(partial(self._purse.open_tokens, self.prefix, ats))
        if not found:
            return
        sendings, blocks = told_apart(found)
        known = await self._do(partial(accounts, blocks, sendings))
        for token in blocks:
            account = known.get(token, Account())
            held = held_of(self.prefix, token, account)
            await self._settle({token: account.spent}, at_of(token), held)
            sendings |= {sending_of(each): each for each in held}
        over: dict[str, Cost] = {}
        for name, token in sendings.items():
            account = known.get(name, Account(open={name: NO_COST}))
            if account.open:
                self._earlier[name] = Block(token, at_of(token))
            else:
                over[token] = account.spent
        await self._settle_sendings(over)

    async def draw(self, cost: Cost) -> Draw:
        """Returns the money for an order.

        Args:
            cost: of the order, as expected.

        Raises:
            PhotaBudgetExceeded: It does not fit into a budget.
            PhotaBudgetUnusable: It is not known what may be spent.
        """
        if not self._purse.is_limited:
            return Draw(self._block, cost)
        async with self._asking:
            if self._refusal:  # those who wait here for money need not ask, too
                raise self._refusal
            price = cost.usd
            if price is None or self._block not in self._blocks or self._block.left < price:
                self._block = await self._new_block(cost)
            block = self._block
            block.left -= price or Decimal(0)
            self._orders -= 1
            draw = Draw(block, cost)
            block.draws.add(draw)
            return draw

    def resume(self, sendings: Mapping[str, Cost]) -> Draw | None:
        """Returns the money of an order that an earlier attempt has sent; None if it is settled.

        Args:
            sendings: of the order, by their names, and what it costs as far as that is known.
        """
        for sending, cost in sendings.items():
            if block := self._earlier.pop(sending[:SENDING], None):
                self._blocks.add(block)
                draw = Draw(block, cost, sending)
                block.draws.add(draw)
                return draw
        return None

    def note_end(self, draw: Draw | None, row: Row) -> None:
        """Takes in what has become of an item: what is not clear, or may go on, stays reserved."""
        if draw and row.phota_task_id and not row.can_retry:
            self.end(draw, row.cost)
        elif draw and not row.phota_task_id and row.status is not Status.AMBIGUOUS:
            self.release(draw)

    def release(self, draw: Draw) -> None:
        """Gives the money of an order back: it has provably created no task."""
        if draw in draw.block.draws:
            draw.block.draws.remove(draw)
            draw.block.left += draw.cost.usd or Decimal(0)
            self._orders += 1

    def end(self, draw: Draw, final: Cost) -> None:
        """Takes in what an order has cost in the end."""
        if draw in draw.block.draws:
            draw.block.draws.remove(draw)
            final = final if final.usd is not None else draw.cost
            draw.block.spent = exact_total((draw.block.spent, final))

    async def close(self) -> None:
        """Settles all that is clear. What is not, stays reserved under the names of its sendings."""
        for block in self._blocks:
            for draw in block.draws:
                if draw.sending:
                    block.held[token_of(self.prefix, draw.sending, block.token)] = draw.cost
        sendings = {block for block in self._blocks if is_of_sending(block.token)}
        with _tolerated():
            await self._settle_sendings({each.token: each.spent for each in sendings if not each.held})
        for block in self._blocks - sendings:
            await self._try_to_settle(block)
        self._blocks.clear()

    async def _new_block(self, cost: Cost) -> Block:
        for block in list(self._blocks):
            if not block.draws and not is_of_sending(block.token):
                await self._try_to_settle(block)
                self._blocks.discard(block)
        self._number += 1
        at = float(int(time.time()))
        token = f"{self.prefix}b{self._lease}.{self._number}@{at:.0f}"
        count = max(min(self._orders, BLOCK), 1)
        try:
            reserved = await self._do(partial(self._purse.reserve, token, cost, count, at))
        except (PhotaBudgetExceeded, PhotaBudgetUnusable) as refusal:
            self._refusal = refusal  # it ends the batch
            raise
        block = Block(token, at, (cost.usd or Decimal(0)) * reserved.count)
        self._blocks.add(block)
        return block

    async def _try_to_settle(self, block: Block) -> None:
        with _tolerated():
            await self._settle({block.token: block.spent}, block.at, block.held)

    async def _settle_sendings(self, costs: Mapping[str, Cost]) -> None:
        """Settles what is reserved for single sendings, with one entry for all that came from one block."""
        by_at: dict[float, dict[str, Cost]] = {}
        for token, cost in costs.items():
            by_at.setdefault(at_of(token), {})[token] = cost
        for at, group in by_at.items():
            await self._settle(group, at, {})

    async def _settle(self, costs: dict[str, Cost], at: float, keep: dict[str, Cost]) -> None:
        await self._do(partial(self._purse.settle, costs, at, keep=keep))

    async def _do(self, change: Callable[[], T]) -> T:
        try:
            return await finish_on_loop(_LONGEST_CHANGE, change)
        except TimeoutError:
            raise PhotaBudgetUnusable(
                f"The budget did not answer within {_LONGEST_CHANGE:.0f} s. Nothing is sent without it."
            ) from None


@contextmanager
def _tolerated() -> Iterator[None]:
    """Goes on if money cannot be settled: nothing paid may be lost for it."""
    try:
        yield
    except PhotaBudgetUnusable as problem:
        log.warning("%s\n%s", _STAYS, problem)


def token_of(prefix: str, sending: str, block: str) -> str:
    """Returns the token of what stays reserved for one sending of a block."""
    return f"{prefix}s{sending[:SENDING]}@{at_of(block):.0f}"


def held_of(prefix: str, block: str, account: Account) -> dict[str, Cost]:
    """Returns what stays reserved of a block, by tokens of its own."""
    return {token_of(prefix, name, block): cost for name, cost in account.open.items()}


def told_apart(tokens: Collection[str]) -> tuple[dict[str, str], set[str]]:
    """Returns the tokens of single sendings, by their names, and those of blocks."""
    sendings = {sending_of(token): token for token in tokens if is_of_sending(token)}
    return sendings, {token for token in tokens if not is_of_sending(token)}


def is_of_sending(token: str) -> bool:
    """Returns True if money is reserved for one sending, and False if for a block of orders."""
    return token.partition("-")[2].startswith("s")


def sending_of(token: str) -> str:
    """Returns the name of the sending for which money is reserved."""
    return token.partition("-s")[2].partition("@")[0]


def at_of(token: str) -> float:
    """Returns the epoch seconds that tell the windows in which a token of a batch is counted."""
    return float(token.rpartition("@")[2])
