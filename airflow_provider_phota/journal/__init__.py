"""Records what a batch has paid for, in object storage: before the money is spent, and for later attempts.

`events`, `rows`, `history`, `state` and `decisions` say what is written and what it means; they do no I/O.
`leases` decides which process may submit, `segments` keeps the events, `commits` groups those of orders that
are under way together, and `writer` is the whole journal for the process that holds it.
"""
