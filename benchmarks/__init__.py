"""What it costs to wait for jobs in a triggerer: this provider's trigger beside those of others.

`make bench` prints the tables; `python -m benchmarks.schedules` simulates when to ask, without a clock.
"""
