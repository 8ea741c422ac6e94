"""Decides who may read which DAG, by the names of both: for tests of what the gallery asks."""

from __future__ import annotations

from typing import Any

from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

#: May read everything.
READER = SimpleAuthManagerUser(username="reader", role="ADMIN")
#: May read the DAGs of another team, and nothing else.
STRANGER = SimpleAuthManagerUser(username="stranger", role="ADMIN")
#: May see DAGs, but not what they push.
ONLOOKER = SimpleAuthManagerUser(username="onlooker", role="ADMIN")


class ByName(SimpleAuthManager):
    """Airflow's simple auth manager, with rights that differ from DAG to DAG."""

    def is_authorized_dag(
        self, *, method: Any, user: Any, access_entity: Any = None, details: Any = None
    ) -> bool:
        if user.username == ONLOOKER.username:
            return access_entity is None
        if user.username == STRANGER.username:
            return bool(details and details.id and details.id.startswith("other_"))
        return super().is_authorized_dag(
            method=method, user=user, access_entity=access_entity, details=details
        )
