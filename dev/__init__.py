"""Helps developers: runs a real Airflow on loopback and the demo, and makes the demo's photograph."""
