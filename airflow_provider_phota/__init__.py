"""Edits, generates and enhances pictures with PHOTA, a paid, asynchronous image API, from Apache Airflow."""

__version__ = "0.1.0"
