"""Lets attempts of one task instance overtake each other: `python -m tests.races`, or `make races`.

Every attempt is a process, the emulator and S3 are servers, and the task state store is Airflow's own. Every
option is also an environment variable: `make races RACES_TIMES=20`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dev.airflow_major import AIRFLOW, VERSION
from tests.chaos.report import say
from tests.races.cases import CASES
from tests.races.laboratory import Laboratory, Race
from tests.races.ledgers import LEDGERS
from tests.races.table import Line, markdown
from tests.races.verdict import examine, violations

OUTPUT = Path(__file__).resolve().parents[2] / ".build" / f"races-{VERSION}.md"


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.races", description=__doc__)
    ask = parser.add_argument
    ask("--times", type=int, default=_env_or("TIMES", "20"), help="runs of each race (default: %(default)s)")
    ask("--cases", default=_env_or("CASES", ""), help=f"{', '.join(CASES)} (default: all)")
    ask("--ledgers", default=_env_or("LEDGERS", ""), help=f"{', '.join(LEDGERS)} (default: all)")
    ask("--width", type=int, default=_env_or("WIDTH", "8"), help="races at a time (default: %(default)s)")
    ask("--on-ambiguous", default=_env_or("ON_AMBIGUOUS", "fail"), choices=["fail", "resubmit"])
    ask("--output", type=Path, default=OUTPUT, help="file of the table (default: %(default)s)")
    ask("--keep", action="store_true", help="keep logs and records even if all is well")
    return parser.parse_args()


def _env_or(name: str, default: str) -> str:
    return os.environ.get(f"RACES_{name}") or default


def main() -> int:
    """Runs the races, and returns 1 if money was lost."""
    options = _read_options()
    lines = _lines(options.cases, options.ledgers)
    folder = Path(tempfile.mkdtemp(prefix="phota-races-"))
    with Laboratory(folder, [line.ledger for line in lines]) as lab:
        say(f"{options.times} times {len(lines)} races; logs and records: {folder}")
        with ThreadPoolExecutor(options.width) as pool:
            turns = [(line, number) for number in range(options.times) for line in lines]
            list(pool.map(lambda turn: _run_race(lab, turn[0], turn[1], options.on_ambiguous), turns))
    text = _report(lines, options.on_ambiguous)
    options.output.parent.mkdir(exist_ok=True)
    options.output.write_text(text)
    say(text)
    sound = not any(line.wrong for line in lines)
    if sound and not options.keep:
        shutil.rmtree(folder)
    return 0 if sound else 1


def _lines(cases: str, ledgers: str) -> list[Line]:
    lines = [
        Line(case, ledger)
        for case in (cases.split(",") if cases else CASES)
        for name, ledger in LEDGERS.items()
        if not ledgers or name in ledgers.split(",")
    ]
    return [line for line in lines if _can_be_run(line)]


def _can_be_run(line: Line) -> bool:
    if line.ledger.keeps_state and not AIRFLOW.keeps_task_state:
        return False
    return line.case != "toctou_between" or (line.ledger.keeps_state and line.ledger.store is not None)


def _run_race(lab: Laboratory, line: Line, number: int, on_ambiguous: str) -> None:
    kind = "-".join(filter(None, (line.ledger.store, "state" if line.ledger.keeps_state else "")))
    race = Race(lab, line.ledger, f"{line.case}-{kind}-{number}", on_ambiguous)
    began = time.monotonic()
    try:
        CASES[line.case](race)
        race.run()  # as if somebody cleared the Airflow task after the race
        finding = examine(race, time.monotonic() - began)
    except Exception as error:
        line.wrong.append(f"{race.name}: {type(error).__name__}: {error}")
        traceback.print_exc()
        return
    finally:
        race.end()
    wrong = [f"{race.name}: {each}" for each in violations(finding)]
    line.findings.append(finding)
    line.wrong += wrong
    ends = ", ".join(each.result or each.error or "-" for each in finding.outcomes)
    say(f"  {finding.seconds:5.1f} s {race.name}: {len(finding.live)} live; {ends} {wrong or ''}")


def _report(lines: Sequence[Line], on_ambiguous: str) -> str:
    finished = [each for line in lines for each in line.findings]
    wrong = [each for line in lines for each in line.wrong]
    twice = sum(len(each.live) > 1 + each.asked_for for each in finished)
    head = f'## Airflow {VERSION}, on_ambiguous="{on_ambiguous}"\n\n{markdown(lines)}\n'
    summary = f"{len(finished)} races, {twice} with two live paid tasks, {len(wrong)} violations"
    return "\n".join((head, summary, *(f"- {each}" for each in wrong), ""))


if __name__ == "__main__":
    sys.exit(main())
