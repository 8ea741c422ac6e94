"""Measures what it costs to wait for jobs in a triggerer, with this provider's trigger and with others.

`make bench` prints the tables; `python -m benchmarks.schedules` simulates when to ask, without a clock.
"""
