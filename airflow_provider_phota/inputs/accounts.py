"""Names the account that uploads and profiles belong to."""

from __future__ import annotations

import hashlib


def account_digest(base_url: str, phota_conn_id: str) -> str:
    """Returns a name for an account that any store takes, and that holds no secret.

    Args:
        base_url: of the service.
        phota_conn_id: the Airflow connection.
    """
    return hashlib.sha256(f"{base_url} {phota_conn_id}".encode()).hexdigest()[:16]
