"""The gallery: pages of pictures in Airflow's user interface, for the API server alone.

It reads Airflow's database and small files of object storage. It writes nothing and never asks PHOTA.
"""
