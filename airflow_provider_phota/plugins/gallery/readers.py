"""Finds the DAGs whose orders a reader may see on the page of all DAGs."""

from __future__ import annotations

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import requires_access_dag
from airflow.models.xcom import XComModel
from fastapi import HTTPException, Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from airflow_provider_phota.plugins.gallery.instances import OUR_KEYS


def readable_dag_ids(session: Session, request: Request, user: BaseUser) -> set[str]:
    """Returns the DAGs with orders of which the reader may read both the DAG and its XComs.

    Airflow's own list of a reader's DAGs says nothing about XComs. Some auth managers ask a server for each
    answer, so only DAGs that have pushed something of ours are asked for.
    """
    ours = set(session.scalars(select(XComModel.dag_id).where(XComModel.key.in_(OUR_KEYS)).distinct()))
    visible = get_auth_manager().get_authorized_dag_ids(user=user, method="GET")
    return {dag_id for dag_id in ours & visible if _may_read_xcoms(dag_id, request, user)}


def _may_read_xcoms(dag_id: str, request: Request, user: BaseUser) -> bool:
    """Asks as the other pages do, so that the team of the DAG counts as well."""
    try:
        requires_access_dag("GET", DagAccessEntity.XCOM, param_dag_id=dag_id)(request, user)
    except HTTPException:
        return False
    return True
