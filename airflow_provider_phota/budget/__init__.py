"""Keeps a budget that many tasks, workers and Airflow installations share, in object storage."""
