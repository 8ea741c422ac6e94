"""Runs the emulator from the command line: ``python -m airflow_provider_phota.emulator``."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from airflow_provider_phota.emulator.server import serving
from airflow_provider_phota.emulator.settings import PICTURES, Settings

_EPILOG = """\
Open its URL in a browser to see its tasks.
Any API key that begins with "emu-" works; others are refused, so that a real key is never kept here.
GET /_emulator/ledger lists every task that was created and billed; POST /_emulator/faults scripts faults;
POST /_emulator/clock moves the clock; POST /_emulator/reset forgets everything. Ctrl-C ends it.
"""

_REMOTE = """\
Any key that begins with "emu-" is taken, so whoever can reach this port sees every picture and prompt, and
can change and delete everything. Send it no private pictures, and keep it off public networks.
"""


def _seconds_range(text: str) -> tuple[float, float]:
    shortest, _, longest = text.partition("..")
    try:
        return float(shortest), float(longest or shortest)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a range of seconds such as 2..5") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m airflow_provider_phota.emulator",
        description="The PHOTA service on loopback: it bills nothing real and edits pictures visibly.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_place(parser.add_argument)
    _add_behaviour(parser.add_argument)
    return parser


def _add_place(add: Callable[..., object]) -> None:
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add(
        "--allow-remote",
        action="store_true",
        help="take a host that is not loopback, such as 0.0.0.0 in a container: whoever reaches it sees all",
    )
    add("--port", type=int, default=8765, help="TCP port; 0 takes a free one (default: %(default)s)")
    add("--tls-cert", type=Path, metavar="PEM", help="file with certificate and private key: speak https")


def _add_behaviour(add: Callable[..., object]) -> None:
    add(
        "--latency",
        type=_seconds_range,
        default=(2.0, 5.0),
        metavar="2..5",
        help="seconds a task takes (default: 2..5)",
    )
    add("--seed", type=int, metavar="N", help="draw the same durations at every start")
    add(
        "--state", type=Path, metavar="FILE", help="keep everything in this SQLite file, so a restart goes on"
    )
    add(
        "--credits",
        type=int,
        default=1_000_000,
        metavar="N",
        help="what a key may spend (default: %(default)s)",
    )
    add(
        "--result-ttl",
        type=float,
        default=86_400.0,
        metavar="SECONDS",
        help="life of a result URL after completion (default: 86400)",
    )
    add(
        "--pictures",
        choices=PICTURES,
        default="full",
        help="how results are drawn; small and shared ones cost next to nothing (default: %(default)s)",
    )
    add(
        "--rate-limit",
        type=float,
        metavar="N",
        help="requests a second of all clients together; more are refused with 429 (default: no limit)",
    )


async def _run(settings: Settings) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    async with serving(settings) as running:
        sys.stdout.write(f"PHOTA emulator listening on {running.url}\n")
        if settings.allow_remote:
            sys.stdout.write(_REMOTE)
        sys.stdout.flush()
        await stopping.wait()


def main(arguments: list[str] | None = None) -> int:
    """Runs until SIGINT or SIGTERM, and returns the exit code.

    It is 1 if the emulator cannot start, and 2 if an argument is wrong.
    """
    options = _parser().parse_args(arguments)
    try:
        settings = Settings(**vars(options))
    except ValueError as wrong:
        sys.stderr.write(f"phota emulator: {wrong}\n")
        return 2
    try:
        asyncio.run(_run(settings))
    except KeyboardInterrupt:
        return 130
    except OSError as failure:
        sys.stderr.write(f"phota emulator: cannot start: {failure}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
