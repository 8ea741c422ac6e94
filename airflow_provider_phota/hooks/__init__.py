"""The hook reaches PHOTA with the account of an Airflow connection."""
