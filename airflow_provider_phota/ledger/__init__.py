"""Which paid PHOTA task is ours: recorded before the money is spent, read back by every later attempt.

`records` says what is written, `decisions` what a record means for the next attempt (both pure), `stores`
where it is kept.
"""
