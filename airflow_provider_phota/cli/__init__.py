"""The command line: `airflow phota ...` on Airflow 3.2 and later, and `python -m airflow_provider_phota ...`.

`commands` says what there is. Each command is a function: it takes the parsed arguments, and
returns a `Report`.
"""
