"""The conversation with the PHOTA API as pure Python: requests, what answers mean, what may be sent again.

Nothing here opens a connection, sleeps or imports Airflow. `airflow_provider_phota.drivers` does the sending.
"""
