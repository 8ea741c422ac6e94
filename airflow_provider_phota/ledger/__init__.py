"""Records which PHOTA tasks are paid for: before the money is spent, and for every later attempt to read.

`records` says what is written and `decisions` what a record means for the next attempt; both do no I/O.
`stores` says where records are kept, and `ledger` treats all stores as one.
"""
