"""What a developer runs: a real Airflow on loopback, the demo, its photograph."""
