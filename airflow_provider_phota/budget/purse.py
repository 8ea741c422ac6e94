"""Knows which budgets an order has to fit into, and counts it in the log of each."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from airflow_provider_phota.api.clock import Clock
from airflow_provider_phota.api.costs import Cost
from airflow_provider_phota.api.endings import lines
from airflow_provider_phota.api.errors import (
    PhotaBudgetExceeded,
    PhotaBudgetUnusable,
    PhotaConfigurationError,
)
from airflow_provider_phota.budget.limits import Budget, Period, Unit, Window
from airflow_provider_phota.budget.log import BudgetLog
from airflow_provider_phota.budget.messages import exceeded_text, warning_text
from airflow_provider_phota.budget.state import LONGEST_TASK, BudgetState, Exceeded, Reservation, payment_of
from airflow_provider_phota.storage.paths import Place

log = logging.getLogger(__name__)

#: The share of a budget for which a warning is given.
WARN_AT = Decimal("0.8")


@dataclass(frozen=True)
class Limit:
    """Is one budget that an order has to fit into.

    Attributes:
        whose: names the budget in messages.
        folder: of its logs, one for each window.
        is_shared: True if it counts all orders of the connection.
    """

    budget: Budget
    whose: str
    folder: Place
    is_shared: bool = False

    @property
    def counts_all(self) -> bool:
        """True if one log counts all orders of the connection."""
        return self.is_shared and self.budget.period is not Period.RUN

    @classmethod
    def of_connection(cls, budget: Budget, path: Place, phota_conn_id: str) -> Limit:
        """Returns the budget that all who share a path have together."""
        return cls(
            budget,
            f"of connection {phota_conn_id!r}",
            path / "all" / budget.unit.value.lower(),
            is_shared=True,
        )

    @classmethod
    def of_dag(cls, budget: Budget, path: Place, dag_id: str) -> Limit:
        """Returns the budget that the tasks of one DAG have together."""
        digest = hashlib.sha256(dag_id.encode()).hexdigest()[:24]
        return cls(budget, f"of DAG {dag_id!r}", path / "dags" / digest / budget.unit.value.lower())


@dataclass(frozen=True)
class Warned:
    """Says that most of a budget is used.

    Attributes:
        limit: the budget in words.
        spent: in the unit of the budget.
        reserved: in the unit of the budget.
        ends_at: epoch seconds at which the period turns; None if it does not.
    """

    limit: str
    spent: Decimal
    reserved: Decimal
    ends_at: float | None


@dataclass(frozen=True)
class Reserved:
    """Says what came of an ask for money.

    Attributes:
        at: epoch seconds that tell the windows in which it is counted.
        replaces: True if it took the place of what another process had reserved for the same payment.
        count: for how many orders the money is.
    """

    at: float
    replaces: bool = False
    count: int = 1


@dataclass
class Purse:
    """Pays out of all budgets that hold for a task instance. Without budgets, everything fits.

    It may be used by one thread at a time.

    Attributes:
        limits: an order has to fit into each of them.
        owner: names the task instance, and begins the names of its payments.
        run: names the DAG run, and no other one.
        credits_per_usd: what a USD is in credits, for budgets in credits; None if that is not known.
        warn_at: the share of a budget for which a warning is given, once in each window.
        on_warning: is told then.
        problem: why nothing can be reserved, since a budget cannot be understood; empty if it can. What is
            paid for already can still be brought home.
    """

    limits: Sequence[Limit] = ()
    owner: str = ""
    run: str = ""
    credits_per_usd: float | None = None
    warn_at: Decimal = WARN_AT
    on_warning: Callable[[Warned], None] = lambda _: None
    problem: str = ""
    clock: Clock = time
    _logs: dict[str, BudgetLog] = field(default_factory=dict, init=False)

    @property
    def is_limited(self) -> bool:
        """True if not everything fits."""
        return bool(self.limits or self.problem)

    @property
    def is_shared(self) -> bool:
        """True if one log counts all orders of the connection."""
        return self._shared is not None

    @property
    def _shared(self) -> Limit | None:
        return next((each for each in self.limits if each.counts_all), None)

    def reserve(self, token: str, cost: Cost, count: int = 1, at: float | None = None) -> Reserved:
        """Reserves what orders may cost, in all budgets or in none.

        Args:
            token: names the reservation. What it has reserved already is kept.
            cost: of one order, as far as it is known before it is sent.
            count: how many orders there are. Where not all fit, the money for as many as fit is reserved.
            at: epoch seconds that tell the windows in which it is counted; None for now.

        Raises:
            PhotaBudgetExceeded: Not one order fits.
            PhotaBudgetUnusable: It is not known what may be spent.
            PhotaConfigurationError: A budget cannot be understood.
        """
        if self.problem:
            raise PhotaConfigurationError(f"{self.problem}\nNothing was sent.")
        at = self.clock.time() if at is None else at
        asked: list[Reserved] = []
        try:
            for limit in self.limits:
                asked.append(self._reserve(limit, token, cost, count, at))  # noqa: PERF401  # one may raise
        except (PhotaBudgetExceeded, PhotaBudgetUnusable):
            for limit, each in zip(self.limits, asked, strict=False):
                if not each.replaces:  # else another process may rely on it
                    self._log(limit, at).settle({token: Decimal(0)})
            raise
        replaces = any(each.replaces for each in asked)
        return Reserved(at, replaces, min((each.count for each in asked), default=count))

    def settle(
        self,
        costs: Mapping[str, Cost],
        at: float,
        *,
        runs_from: float | None = None,
        keep: Mapping[str, Cost] | None = None,
    ) -> None:
        """Turns reservations into what they cost. A second time changes nothing.

        Args:
            costs: what of each is spent, by tokens.
            at: of the reservations.
            runs_from: when their tasks were paid for, if they may be running.
            keep: what stays reserved, by tokens of its own.

        Raises:
            PhotaBudgetUnusable: A log cannot be read or written.
        """
        for limit in self.limits:
            amounts = {token: self._amount(limit, cost) for token, cost in costs.items()}
            kept = {
                token: Reservation(self._amount(limit, cost) or Decimal(0), at)
                for token, cost in (keep or {}).items()
            }
            self._log(limit, at).settle(amounts, runs_from=runs_from, keep=kept)

    def open_tokens(self, prefix: str, ats: Iterable[float]) -> frozenset[str]:
        """Returns what is reserved by tokens that begin like this, in the windows of some moments.

        Raises:
            PhotaBudgetUnusable: A log cannot be read.
        """
        logs = [self._log(limit, at) for at in ats for limit in self.limits]
        states = (log.state() for log in {log.folder.url: log for log in logs}.values())
        return frozenset(token for state in states for token in state.open if token.startswith(prefix))

    def end(self, token: str, paid: Cost, final: Cost, at: float) -> None:
        """Notes that a task has ended, and gives back what the service has given back.

        Args:
            token: of its reservation.
            paid: with what the reservation was settled.
            final: what the task has cost in the end.
            at: what `reserve` returned.

        Raises:
            PhotaBudgetUnusable: A log cannot be read or written.
        """
        for limit in self.limits:
            given_back = limit.budget.unit.given_back(paid, final, self.credits_per_usd)
            self._log(limit, at).end(token, given_back)

    def states(self, at: float) -> Iterator[tuple[Limit, Window, BudgetState]]:
        """Yields how each budget stands in the window of a moment."""
        for limit in self.limits:
            yield limit, limit.budget.window(at, self.run), self._log(limit, at).state()

    def alone(self, payment: str, at: float) -> int | None:
        """Returns the number of the last entry of the connection's log, if nothing else is under way by it.

        Args:
            payment: that is under way.
            at: of its reservation.

        Returns:
            None if something else is, or if no budget counts all orders of the connection in one log.

        Raises:
            PhotaBudgetUnusable: A log cannot be read.
        """
        if (limit := self._shared) is None:
            return None
        now = self.clock.time()
        current, former = self._log(limit, at), self._log(limit, now - LONGEST_TASK)
        if self._log(limit, now) is not current:
            return None
        state = current.state()
        states = (state,) if former is current else (state, former.state())
        if any(each.is_under_way(now, besides=payment) for each in states):
            return None
        return state.number

    def _reserve(self, limit: Limit, token: str, cost: Cost, count: int, at: float) -> Reserved:
        price = self._amount(limit, cost)
        if price is None:
            raise PhotaBudgetUnusable(_price_unknown(limit))
        budget, window = limit.budget, limit.budget.window(at, self.run)
        step = price if count > 1 and price else None
        try:
            before, state = self._log(limit, at).reserve(
                token, price * count, budget.amount, step=step, warn_at=self.warn_at
            )
        except Exceeded as exceeded:
            text = exceeded_text(budget, limit.whose, window, exceeded.state, price)
            url = self._log(limit, at).folder.url
            raise PhotaBudgetExceeded(text, str(price), str(budget.amount), url, window.ends_at) from None
        if state.warned > before.warned:
            self._warn(limit, window, state)
        payment = payment_of(token)
        replaces = any(each != token and payment_of(each) == payment for each in before.open)
        return Reserved(at, replaces, int(state.open[token].amount // price) if step else count)

    def _warn(self, limit: Limit, window: Window, state: BudgetState) -> None:
        log.warning("%s", warning_text(limit.budget, limit.whose, window, state))
        self.on_warning(Warned(str(limit.budget), state.spent, state.reserved, window.ends_at))

    def _amount(self, limit: Limit, cost: Cost) -> Decimal | None:
        return limit.budget.unit.amount(cost, self.credits_per_usd)

    def _log(self, limit: Limit, at: float) -> BudgetLog:
        folder = limit.folder / limit.budget.window(at, self.run).name
        return self._logs.setdefault(folder.url, BudgetLog(folder))


def _price_unknown(limit: Limit) -> str:
    in_credits = limit.budget.unit is Unit.CREDITS
    return lines(
        f"It is not known what this order costs, so it is not sent: there is a budget {limit.whose}.",
        "The service's list of prices could not be read, or does not have the model.",
        "A budget in credits needs the extra credits_per_usd of the connection." if in_credits else "",
    )
