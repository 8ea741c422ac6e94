"""If Airflow cannot open a store, the package to install is named."""

from __future__ import annotations

import pytest

from airflow_provider_phota.storage.packages import install_hint


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("s3://bucket/key", "pip install 'apache-airflow-providers-amazon[s3fs]'"),
        ("S3A://bucket/key", "apache-airflow-providers-amazon[s3fs]"),
        ("gs://bucket/key", "apache-airflow-providers-google"),
        ("gcs://bucket/key", "apache-airflow-providers-google"),
        ("abfs://container/key", "apache-airflow-providers-microsoft-azure"),
        ("abfss://container/key", "apache-airflow-providers-microsoft-azure"),
        ("sftp://host/path", "apache-airflow-providers-sftp[sshfs]"),
        ("wasb://container/key", "Airflow calls that store abfs://"),
        ("s4://bucket/key", "does not know the store s4://"),
        ("bucket/key", "such as s3://bucket/key"),
        ("a b://x", "such as s3://bucket/key"),
    ],
)
def test_the_package_of_a_store_is_named(url, words):
    assert words in install_hint(url)
