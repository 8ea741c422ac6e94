"""Records what a batch has paid for, in object storage: before the money is spent, and for every later attempt.

`events`, `rows` and `state` say what is written and what it means; they do no I/O. `leases` decides which
process may write, `segments` keeps the events, and `writer` groups the writes of orders that are under way together.
"""
