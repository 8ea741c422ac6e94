"""Provides the hook, which asks the service with the PHOTA account of an Airflow connection."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from airflow.providers.common.compat.sdk import AirflowNotFoundException, BaseHook, mask_secret

from airflow_provider_phota.api import protocol
from airflow_provider_phota.api.account import Upload, Usage
from airflow_provider_phota.api.errors import PhotaError
from airflow_provider_phota.api.forms import file_form
from airflow_provider_phota.api.orders.base import PHOTA_MODELS, Order
from airflow_provider_phota.api.orders.edit import EditOrder
from airflow_provider_phota.api.prices import DEFAULT_GROUP
from airflow_provider_phota.api.retry import Backoff
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.api.task_ids import checked_task_id
from airflow_provider_phota.api.tasks import PhotaTask
from airflow_provider_phota.api.types import Resolution
from airflow_provider_phota.api.wire import Conversation
from airflow_provider_phota.compat import amask_secret, load_connection
from airflow_provider_phota.hooks.connection import missing_connection, naming_connection, settings_of
from airflow_provider_phota.provider_info import CONNECTION_FIELDS, CONNECTION_TYPE, FIELD_BEHAVIOUR

if TYPE_CHECKING:
    from airflow_provider_phota.drivers.aiohttp_driver import AiohttpDriver
    from airflow_provider_phota.drivers.requests_driver import RequestsDriver

T = TypeVar("T")


class PhotaHook(BaseHook):
    """Talks to PHOTA with the credentials of an Airflow connection.

    Every method raises subclasses of `airflow_provider_phota.api.errors.PhotaError`, which say what an error
    means for the money. A coroutine uses `driver()` with the conversations of `api.protocol`::

        async with PhotaHook().driver() as driver:
            task = await driver.run(protocol.get_task(phota_task_id))

    Args:
        phota_conn_id: the Airflow connection, of type `phota`.
    """

    conn_name_attr = "phota_conn_id"
    default_conn_name = "phota_default"
    conn_type = CONNECTION_TYPE
    hook_name = "PHOTA"

    def __init__(self, phota_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.phota_conn_id = phota_conn_id

    @cached_property
    def settings(self) -> Settings:
        """The PHOTA account of the connection, checked.

        Raises:
            PhotaConfigurationError: the connection does not exist or is malformed.
        """
        try:
            connection = self.get_connection(self.phota_conn_id)
        except AirflowNotFoundException:
            raise missing_connection(self.phota_conn_id) from None
        settings = settings_of(connection)
        mask_secret(settings.api_key)
        return settings

    def get_conn(self) -> RequestsDriver:
        """Returns a driver for conversations. The caller closes it."""
        from airflow_provider_phota.drivers.requests_driver import RequestsDriver  # noqa: PLC0415  # DAG parsing stays cheap

        settings = self.settings
        with naming_connection(self.phota_conn_id):
            return RequestsDriver(settings)

    async def load_settings(self) -> Settings:
        """Returns the PHOTA account of the connection, checked, on an event loop.

        Raises:
            PhotaConfigurationError: the connection does not exist or is malformed.
        """
        try:
            settings = settings_of(await load_connection(self.phota_conn_id))
        except AirflowNotFoundException:
            raise missing_connection(self.phota_conn_id) from None
        await amask_secret(settings.api_key)
        return settings

    @asynccontextmanager
    async def driver(self) -> AsyncIterator[AiohttpDriver]:
        """Opens a driver for conversations on an event loop, and closes it."""
        from airflow_provider_phota.drivers.aiohttp_driver import AiohttpDriver  # noqa: PLC0415  # DAG parsing stays cheap

        async with AiohttpDriver(await self.load_settings()) as driver:
            yield driver

    def run(self, conversation: Conversation[T]) -> T:
        """Carries one conversation to its end and returns its result.

        Args:
            conversation: a conversation of `api.protocol`.
        """
        with self.get_conn() as driver:
            return driver.run(conversation)

    def submit_edit(
        self,
        prompt: str,
        image_urls: str | Sequence[str],
        num_outputs: int = 1,
        resolution: Resolution = "1K",
        profile_ids: Sequence[str] | None = None,
    ) -> PhotaTask:
        """Orders an edit (`phota-image-edit`). Billed; never sent again if it may have created a task.

        The arguments are those of `api.orders.edit.EditOrder`. The task that is returned is not finished.

        Raises:
            PhotaInputError: an argument is wrong; nothing was sent.
            PhotaNotBilled: the service refused the order, or could not be reached.
            PhotaSubmitAmbiguous: a task may have been created and billed.
        """
        edit = EditOrder.checked(
            prompt=prompt,
            image_urls=image_urls,
            num_outputs=num_outputs,
            resolution=resolution,
            profile_ids=profile_ids,
            local_inputs=self.settings.is_loopback,
        )
        return self.submit(edit)

    def submit(self, order: Order) -> PhotaTask:
        """Submits an order of any model. Billed; never sent again if it may have created a task.

        Args:
            order: such as `GenerateOrder.checked(prompt="a beach")` of `api.orders.generate`; its files are
                URLs that the service can read.

        Raises:
            PhotaNotBilled: the service refused it, or could not be reached.
            PhotaSubmitAmbiguous: a task may have been created and billed.
        """
        return self.run(protocol.submit(order, resend_on_503=self.settings.resend_on_503))

    def get_task(self, phota_task_id: str, *, sync_upstream: bool = False) -> PhotaTask:
        """Asks for the state of a task. Free.

        Args:
            phota_task_id: the task.
            sync_upstream: True to have the gateway refresh its answer first. That is slower, and the answer
                may lack the results.

        Raises:
            PhotaInputError: the ID is not a PHOTA task ID.
            PhotaNotFound: the service does not know the task.
            PhotaNotBilled: any other refusal, or no usable answer.
        """
        return self.run(protocol.get_task(checked_task_id(phota_task_id), sync_upstream=sync_upstream))

    def upload_file(self, path: str | bytes | Path) -> str:
        """Uploads a local picture to where the service can read it. Free; the URL lives 72 hours.

        Args:
            path: the picture, which is streamed.

        Returns:
            The URL, for `image_urls`.

        Raises:
            PhotaInputError: the path is not a readable file, or the file is empty.
            PhotaNotBilled: the service refused the file, or could not be reached.
        """
        stored: Upload = self.run(protocol.upload(file_form(Path(os.fsdecode(path)))))
        return stored.url

    def get_models(self) -> tuple[str, ...]:
        """Returns the IDs of the models that the key may use. Free."""
        return self.run(protocol.get_models())

    def get_usage(self) -> Usage:
        """Returns the balance of the key. Free."""
        return self.run(protocol.get_usage())

    def get_prices(self, group: str = DEFAULT_GROUP) -> Mapping[str, float]:
        """Returns what one call of each PHOTA model costs in USD: one picture at `1K`, or one profile. Free.

        `api.prices.estimate` says with it what an order probably costs.

        Args:
            group: of the user, whose prices are meant. A finished task names it in `usage["user_group"]`.

        Returns:
            The prices by model. A model whose price is not certain is left out.

        Raises:
            PhotaNotBilled: there was no usable answer.
        """
        return self.run(protocol.get_price_list()).of_group(group)

    def test_connection(self) -> tuple[bool, str]:
        """Returns whether the key works, and a text with the models that it may use and the balance. Free."""
        once = Backoff(tries=1)
        try:
            with self.get_conn() as driver:
                models = driver.run(protocol.get_models(once))
                return _verdict(models, _balance_text(driver, once))
        except PhotaError as error:
            return False, str(error)

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Returns the labels of the form in Airflow 2, which does not read them from the provider info."""
        return {
            "hidden_fields": FIELD_BEHAVIOUR["hidden-fields"],
            "relabeling": FIELD_BEHAVIOUR["relabeling"],
            "placeholders": FIELD_BEHAVIOUR["placeholders"],
        }

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """Returns the extras of the form in Airflow 2, which does not read them from the provider info."""
        from flask_appbuilder.fieldwidgets import BS3TextFieldWidget  # noqa: PLC0415  # Airflow 2's UI only
        from flask_babel import lazy_gettext  # noqa: PLC0415
        from wtforms import BooleanField, StringField  # noqa: PLC0415

        def widget(field: dict[str, Any]) -> Any:
            if "boolean" in field["schema"]["type"]:
                return BooleanField(lazy_gettext(field["label"]), description=field["description"])
            return StringField(
                lazy_gettext(field["label"]), widget=BS3TextFieldWidget(), description=field["description"]
            )

        return {name: widget(field) for name, field in CONNECTION_FIELDS.items()}


def _balance_text(driver: RequestsDriver, backoff: Backoff) -> str:
    try:
        usage = driver.run(protocol.get_usage(backoff))
    except PhotaError:
        return ""  # the balance is only additional information: the key works without it
    return " Balance: unlimited." if usage.unlimited else f" Balance: {usage.available_usd:.2f} USD."


def _verdict(models: Sequence[str], balance: str) -> tuple[bool, str]:
    missing = [model for model in PHOTA_MODELS if model not in models]
    if len(missing) == len(PHOTA_MODELS):
        return False, f"The key works, but it may not use any PHOTA model.{balance}"
    exceptions = f", except {', '.join(missing)}" if missing else ""
    return True, f"The key works and may use the PHOTA models{exceptions}.{balance}"
