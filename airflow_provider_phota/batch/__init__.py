"""Places the orders of a whole batch in one Airflow task: many at once, each paid for once."""
