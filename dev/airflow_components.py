"""Names the processes of one Airflow. A component can run twice, as `triggerer-1` and `triggerer-2`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from dev.airflow_major import AIRFLOW

#: The workers of CeleryExecutor. They take their tasks from a broker, and run only if they are asked for.
CELERY_WORKER: Final = "celery-worker"
_OF_EXECUTORS: Mapping[str, tuple[str, ...]] = {CELERY_WORKER: ("celery", "worker", "--skip-serve-logs")}


def commands_of(instances: Mapping[str, int]) -> dict[str, tuple[str, ...]]:
    """Returns the `airflow` command of each process, by the name of the process.

    Args:
        instances: how often a component runs, if that is not once. What an executor adds, such as
            `celery-worker`, runs only if it is named here.
    """
    known = {
        **AIRFLOW.components,
        **{name: _OF_EXECUTORS[name] for name in _OF_EXECUTORS if name in instances},
    }
    if unknown := instances.keys() - known.keys():
        raise ValueError(f"not a component of this Airflow: {', '.join(sorted(unknown))}")
    return {
        process: (*command, *_own_arguments(name, process))
        for name, command in known.items()
        for process in names_of(name, instances)
    }


def names_of(component: str, instances: Mapping[str, int]) -> Iterator[str]:
    """Yields the names of the processes of a component."""
    if component not in instances:
        yield component
        return
    yield from (f"{component}-{number}" for number in range(1, instances[component] + 1))


def _own_arguments(component: str, process: str) -> tuple[str, ...]:
    # Celery tells its workers apart by this name, which is otherwise that of the machine
    return ("--celery-hostname", process) if component == CELERY_WORKER else ()
