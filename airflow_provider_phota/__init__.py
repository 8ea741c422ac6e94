"""Edit pictures with PHOTA, a paid asynchronous image-edit API, from Apache Airflow."""

__version__ = "0.1.0"
