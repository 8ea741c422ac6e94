"""Place orders with PHOTA from a DAG; `operators.phota` has all of them."""
