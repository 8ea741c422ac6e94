"""Declares the types of the arguments that operators share, so that a type checker finds a wrong one.

Airflow finds an operator's arguments in the signatures of its class and its base classes. A type checker
needs them in one place, which is here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Required, TypedDict

from airflow_provider_phota.api.types import (
    FailOrResubmit,
    FailOrSkip,
    FailResubmitOrSettle,
    IfFileExists,
    OnBudgetExceeded,
    PhotaResult,
    PublishWay,
    ShareOrPay,
)

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import ObjectStoragePath, XComArg


class AirflowArguments(TypedDict, total=False):
    """Lists the arguments of Airflow's own `BaseOperator`, in all versions; Airflow checks their values."""

    task_id: Required[str]
    allow_nested_operators: Any
    dag: Any
    default_args: Any
    depends_on_past: Any
    do_xcom_push: Any
    doc: Any
    doc_json: Any
    doc_md: Any
    doc_rst: Any
    doc_yaml: Any
    email: Any
    email_on_failure: Any
    email_on_retry: Any
    end_date: Any
    execution_timeout: Any
    executor: Any
    executor_config: Any
    ignore_first_depends_on_past: Any
    inlets: Any
    logger_name: Any
    map_index_template: Any
    max_active_tis_per_dag: Any
    max_active_tis_per_dagrun: Any
    max_retry_delay: Any
    multiple_outputs: Any
    on_execute_callback: Any
    on_failure_callback: Any
    on_retry_callback: Any
    on_skipped_callback: Any
    on_success_callback: Any
    outlets: Any
    owner: Any
    params: Any
    pool: Any
    pool_slots: Any
    post_execute: Any
    pre_execute: Any
    priority_weight: Any
    queue: Any
    render_template_as_native_obj: Any
    resources: Any
    retries: Any
    retry_delay: Any
    retry_exponential_backoff: Any
    retry_policy: Any
    run_as_user: Any
    sla: Any
    start_date: Any
    task_concurrency: Any
    task_display_name: Any
    task_group: Any
    trigger_rule: Any
    wait_for_downstream: Any
    wait_for_past_depends_before_skipping: Any
    weight_rule: Any


class PayingArguments(AirflowArguments, total=False):
    """Lists the arguments of `operators.paying.PayingOperator`, which says what they mean."""

    publish: PublishWay | None
    phota_conn_id: str
    deferrable: bool | None
    poll_interval: float | timedelta | tuple[float, float]
    timeout: float | timedelta
    max_unreachable: float
    ledger_path: str | None
    budget: str | None
    on_budget: OnBudgetExceeded
    budget_warning: float
    on_budget_warning: Callable[[Any], object] | None


class OrderArguments(PayingArguments, total=False):
    """Lists the arguments of `operators.base.PhotaOperator`, which says what they mean."""

    wait_for_completion: bool | None
    ledger_key: str | XComArg | None
    on_ambiguous: FailResubmitOrSettle
    on_missing: FailOrResubmit
    on_expired: FailOrResubmit
    on_discarded: FailOrResubmit
    edition: str | XComArg
    adopt_phota_task_id: str | PhotaResult | XComArg | None


class ImageArguments(OrderArguments, total=False):
    """Lists the arguments of `operators.images.PhotaImageOperator`, which says what they mean."""

    destination: str | ObjectStoragePath | XComArg | None
    filename: str | XComArg | None
    if_exists: IfFileExists
    thumbnails: bool


class BatchArguments(PayingArguments, total=False):
    """Lists the arguments of `operators.batch.PhotaBatchOperator`, which says what they mean."""

    destination: Required[str | ObjectStoragePath | XComArg]
    filename: str | XComArg | None
    if_exists: IfFileExists | None
    results_name: str | XComArg | None
    in_flight: int
    max_failures: int | str
    on_empty: FailOrSkip
    duplicates: ShareOrPay
    redo: str | Sequence[str] | XComArg | None
    adopt: Mapping[str, str] | XComArg | None
    dry_run: bool
    defer_after: float | timedelta
    on_ambiguous: FailOrResubmit
    edition: str | XComArg
    thumbnails: bool
