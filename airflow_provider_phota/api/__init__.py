"""Holds the conversation with the PHOTA API as pure Python: requests, answers, what may be resent.

Nothing here opens a connection, sleeps or imports Airflow. `airflow_provider_phota.drivers` does the sending.
"""
