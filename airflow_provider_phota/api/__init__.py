"""The PHOTA API as pure Python: what is said, what the answers mean, what may be said again.

Nothing here touches the network, a clock's sleep or Airflow; `airflow_provider_phota.drivers` does.
"""
