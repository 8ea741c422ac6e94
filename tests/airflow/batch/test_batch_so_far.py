"""The rows of a batch can be read while it runs, and its log stays short."""

from __future__ import annotations

import threading
import time

import pytest

from airflow_provider_phota.batch import read_results, so_far
from airflow_provider_phota.emulator import Fault


@pytest.fixture
def partial(shop):
    return shop.folder / "out" / "results.partial.jsonl"


def test_a_half_finished_batch_can_be_read(shop, partial, monkeypatch):
    monkeypatch.setattr(so_far, "EVERY", 0.1)
    shop.add_pictures(6)
    stuck = Fault("submit", "latency", seconds=3600.0, match={"prompt": "Make 003 shine"}, times=None)
    shop.emulator.add_faults(stuck)
    rows = []

    def read() -> None:
        for _ in range(70):
            time.sleep(0.1)
            rows[:] = read_results(f"file://{partial}") if partial.exists() else []
            if len(rows) >= 5:
                return

    reader = threading.Thread(target=read)
    reader.start()
    shop.try_to_run(timeout=8.0)  # here, since Airflow 2 lets no other thread run an operator
    reader.join()
    assert {row["key"] for row in rows} == {f"{number:03d}.png" for number in range(6)} - {"003.png"}
    assert {row["status"] for row in rows} == {"landed"}
    assert len(shop.rows) == 6
    assert not partial.exists()
    assert not partial.with_suffix(".csv").exists()


def test_rows_that_cannot_be_written_do_not_end_the_batch(shop, partial, monkeypatch, caplog):
    monkeypatch.setattr(so_far, "EVERY", 0.1)
    shop.add_pictures(6)
    partial.mkdir(parents=True)
    (partial / "something").touch()
    assert shop.run()["counts"]["landed"] == 6
    assert "The rows so far are not written" in caplog.text


def test_a_picture_that_goes_well_has_one_line_in_the_log(shop, caplog):
    caplog.set_level("INFO", logger="airflow_provider_phota")
    shop.add_pictures(30)
    shop.run()
    lines = [record.getMessage() for record in caplog.records]
    assert sum("Submitted PHOTA task" in line for line in lines) == 30
    assert len(lines) < 30 + 25  # one every 5 % besides
