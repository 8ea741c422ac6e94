"""What this package adds to Airflow's user interface."""
