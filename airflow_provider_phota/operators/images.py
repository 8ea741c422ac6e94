"""Lands the pictures of an order, and finds pictures that have landed before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Unpack

from airflow.providers.common.compat.sdk import Asset

from airflow_provider_phota import xcom_keys
from airflow_provider_phota.api.costs import NO_COST
from airflow_provider_phota.api.errors import PhotaInputError, PhotaLedgerError
from airflow_provider_phota.api.parsing import check_flags
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.api.tasks import PhotaTask
from airflow_provider_phota.api.types import IfFileExists, PhotaResult
from airflow_provider_phota.inputs.prepared import PreparedOrder
from airflow_provider_phota.operators.arguments import OrderArguments
from airflow_provider_phota.operators.base import PhotaOperator
from airflow_provider_phota.operators.payment import Payment
from airflow_provider_phota.results.card_writing import Ordered
from airflow_provider_phota.results.cards import Asked
from airflow_provider_phota.results.delivery import Delivery
from airflow_provider_phota.results.landing import LandedFile, Landing, manifest
from airflow_provider_phota.results.landing_checks import check_before_paying
from airflow_provider_phota.results.manifests import landed_before
from airflow_provider_phota.results.options import LandingOptions
from airflow_provider_phota.results.result import ResultImages, existing_result, result_of

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import ObjectStoragePath, XComArg


class PhotaImageOperator(PhotaOperator):
    """Submits an order for pictures, and lands them if there is a `destination`. Every submit is billed.

    Args:
        destination: an object-storage directory to land the pictures in, once they are finished (templated).
            The dict that is returned then has `files`: what `PhotaToObjectStorageOperator` returns.
        filename: the name of each picture, without its extension, with the fields `{phota_task_id}`,
            `{index}` and, with `skip_existing`, `{digest}` (templated). If it is left out, it is
            `{phota_task_id}-{index}`, or `{digest}-{index}` with `skip_existing`.
        if_exists: what to do if a file of that name is there already: `skip`, `overwrite` or `fail`.
        skip_existing: neither pay nor download if the same order for pictures with the same content has
            landed in `destination` before, in any run. Input pictures must be in an object store.
        thumbnails: whether small copies of the pictures, before and after, are written into a folder of
            `destination`, so that Airflow can show them. It means nothing without a `destination`.

    `PhotaOperator` describes the other arguments.
    """

    template_fields: Sequence[str] = (*PhotaOperator.template_fields, "destination", "filename")
    #: The name that `skip_existing` has in a subclass, for messages.
    skip_argument: ClassVar[str] = "skip_existing"

    def __init__(
        self,
        *,
        destination: str | ObjectStoragePath | XComArg | None = None,
        filename: str | XComArg | None = None,
        if_exists: IfFileExists = "skip",
        skip_existing: bool = False,
        thumbnails: bool = True,
        **kwargs: Unpack[OrderArguments],
    ) -> None:
        super().__init__(**kwargs)
        self.destination = destination
        self.filename = filename
        self.if_exists = if_exists
        self.skip_existing = skip_existing
        self.thumbnails = thumbnails

    @property
    def _outputs(self) -> Any:
        """Returns the number of pictures that are ordered, or the template of that number.

        `Order.outputs` has it too, but not when the DAG is parsed. After the wait no order is made again: an
        argument that has changed meanwhile must not keep a paid result from being fetched.
        """
        raise NotImplementedError

    def _check_as_written(self) -> None:
        super()._check_as_written()
        check_flags(thumbnails=self.thumbnails, **{self.skip_argument: self.skip_existing})
        if self.destination is not None and not self.wait_for_completion:
            raise PhotaInputError(
                "destination", "needs wait_for_completion=True: there is nothing to land yet."
            )
        if self.destination is None:
            self._landing_options.check_without_destination(self._defaults)
        else:
            self._landing_options.check_as_written(pictures=self._outputs)

    def _prepare(self) -> PreparedOrder:
        prepared = super()._prepare()
        if self.skip_existing:
            prepared.check_content_is_known(self.skip_argument)
        self._landing(prepared.digest)  # a wrong destination is found here, whatever has been paid before
        return prepared

    def _existing(self, prepared: PreparedOrder, payment: Payment) -> PhotaResult | None:
        if not self.skip_existing or (landing := self._landing(prepared.digest)) is None:
            return None
        files = self._files(landing, payment)
        return self._existing_result(prepared, landing, files, payment) if files else None

    def _check_before_paying(self, prepared: PreparedOrder, payment: Payment) -> None:
        if (landing := self._landing(prepared.digest)) is None:
            return
        with payment.naming_earlier_payments():
            check_before_paying(landing, payment.context, self._outputs, payment.money.key)
        if self.skip_existing:
            landed_before(landing)

    def _push(self, prepared: PreparedOrder, payment: Payment) -> None:
        super()._push(prepared, payment)
        if self.skip_existing:
            payment.push(xcom_keys.DIGEST, prepared.digest)

    def _result(self, task: PhotaTask, payment: Payment) -> PhotaResult:
        result = result_of(task, payment.cost, num_outputs=self._outputs)
        digest = payment.pulled(xcom_keys.DIGEST) if self.skip_existing else ""
        if (landing := self._landing(digest)) is not None:
            ordered = self._ordered(payment)
            delivery = Delivery(
                self._hook, landing, payment.context, self.outlets, payment.money.key, ordered
            )
            result["files"] = manifest(
                delivery.deliver(ResultImages.of_task(task, payment.cost), self._outputs)
            )
        return result

    def _ordered(self, payment: Payment) -> Ordered:
        """Returns what a card tells of the order; nothing if there will not be a card."""
        if not self.thumbnails:
            return Ordered()
        return Ordered.as_submitted(payment.pulled(xcom_keys.ORDER), payment.order)

    def _files(self, landing: Landing, payment: Payment) -> list[LandedFile] | None:
        """Returns the files of the order if it has landed. An unreadable store does not stop a paid task."""
        try:
            return landed_before(landing)
        except PhotaLedgerError as error:
            if not payment.of_earlier_attempts():
                raise
            self.log.warning("%s", error)
            return None

    def _existing_result(
        self, prepared: PreparedOrder, landing: Landing, files: Sequence[LandedFile], payment: Payment
    ) -> PhotaResult:
        paths = shown([file.path for file in files])
        self.log.info("This order has landed before: %s. Nothing is paid.", paths)
        result = existing_result(prepared.order.model)
        result["files"] = manifest(files)
        outlets: Sequence[Any] = self.outlets
        if files[0].phota_task_id in payment.money.ids_on_record(payment.context, self._hook):
            result["phota_task_id"] = files[0].phota_task_id  # an earlier attempt of this task made it
        else:
            # an alias gets assets for new files only, but an asset among the outlets always gets an event
            outlets = [outlet for outlet in outlets if isinstance(outlet, Asset)]
        payment.push(xcom_keys.ORDER, Asked.of(prepared.order).to_dict())
        delivery = Delivery(self._hook, landing, payment.context, outlets)
        delivery.announce(files, NO_COST)
        delivery.announce_card(files)
        return result

    def _landing(self, digest: str) -> Landing | None:
        if self.destination is None:
            return None
        return self._landing_options.landing(digest=digest, pictures=self._outputs)

    @property
    def _landing_options(self) -> LandingOptions:
        return LandingOptions(
            self.destination,
            self.filename or None,
            self.if_exists,
            skip_argument=self.skip_argument if self.skip_existing else "",
            thumbnails=self.thumbnails,
        )
