"""Answers a browser that asks for ``/``."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from aiohttp import web

from airflow_provider_phota import __version__
from airflow_provider_phota.emulator.call import Call
from airflow_provider_phota.emulator.front.cards import card_of
from airflow_provider_phota.emulator.front.commands import Commands
from airflow_provider_phota.emulator.front.faults import waiting
from airflow_provider_phota.emulator.front.files import SAFE
from airflow_provider_phota.emulator.front.survey import STATUSES, Selection, Survey, survey
from airflow_provider_phota.texts import count, duration, visible

if TYPE_CHECKING:
    from jinja2 import Template

#: Faults that are shown one by one, at most.
_MOST_FAULTS = 20
#: Requests of people who look at the emulator are not those that they want to know about.
_OWN = "/_emulator"
_FINDS_NOTHING_ELSE = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = SAFE | {
    "Cache-Control": "no-store",
    "Content-Security-Policy": _FINDS_NOTHING_ELSE,
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept",
}


def is_wanted(request: web.Request) -> bool:
    """Returns True if a request asks for a page, as browsers do, and not for just anything."""
    return "text/html" in request.headers.get("Accept", "").lower()


async def show(call: Call) -> web.StreamResponse:
    """Shows the tasks, newest first, and what else there is to know."""
    query = call.request.query
    selection = Selection.of(query.get("status"), query.get("page", ""))
    seen = await survey(reversed(call.service.tasks()), selection, call.arrived)
    text = _template().render(_contents(call, seen))
    return web.Response(text=text, content_type="text/html", headers=_HEADERS)


@cache
def _template() -> "Template":
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415  # only pages need it

    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"count": count, "duration": duration}
    return environment.get_template("front.html")


def _contents(call: Call, seen: Survey) -> dict[str, Any]:
    faults = call.service.faults.left()
    return {
        "version": __version__,
        "commands": Commands(visible(call.base_url, 200)),
        "statuses": STATUSES,
        "seen": seen,
        "selection": seen.selection,
        "cards": [card_of(task, call.service, call.arrived) for task in seen.shown],
        "requests": _requests(call.desk.log.counts),
        "faults": [waiting(fault) for fault in faults[:_MOST_FAULTS]],
        "number_of_faults": len(faults),
        "ahead": call.service.advanced,
    }


def _requests(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Returns the routes that clients have called, the busiest first."""
    of_clients = [(route, number) for route, number in counts.items() if _OWN not in route]
    return sorted(of_clients, key=lambda row: (-row[1], row[0]))
