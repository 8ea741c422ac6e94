"""Creates a profile of a person with PHOTA (model `phota-create-profile`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Unpack

from airflow_provider_phota import xcom_keys
from airflow_provider_phota.api import endings
from airflow_provider_phota.api.errors import PhotaInputError, PhotaResultsMissing
from airflow_provider_phota.api.orders.base import Order
from airflow_provider_phota.api.orders.profile import ProfileOrder
from airflow_provider_phota.api.parsing import check_not_templated
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.api.tasks import PhotaTask
from airflow_provider_phota.inputs.archive import looked_at_photos
from airflow_provider_phota.inputs.prepared import PreparedOrder, as_text
from airflow_provider_phota.inputs.profiles import Profiles
from airflow_provider_phota.operators.arguments import OrderArguments
from airflow_provider_phota.operators.base import PhotaOperator
from airflow_provider_phota.operators.payment import Payment
from airflow_provider_phota.results.result import check_succeeded
from airflow_provider_phota.storage.paths import Place, checked_path

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import ObjectStoragePath, XComArg


class PhotaCreateProfileOperator(PhotaOperator):
    """Creates a profile of a person from photos (model `phota-create-profile`). Every submit is billed.

    It returns the ID of the profile, for `profile_ids` of the operators that edit and enhance, and for
    `profiles` of `PhotaImageGenerateOperator`. With `wait_for_completion=False` it does not wait, and returns
    the ID of the PHOTA task.

    Args:
        photos: a folder of an object store, a pattern such as `s3://bucket/anna/*.jpg`, a list of paths, or a
            ready ZIP: a path, or an http(s) URL that the service can read (templated). Photos that are not in
            a ZIP are put into one, in the order of their paths, while they are uploaded.
        profiles_path: an object-storage directory in which to record which profile belongs to which photos.
            The same photos then give the same profile again, in any DAG and run, and nothing is paid. The
            photos must be in an object store, and the operator has to wait.

    `PhotaOperator` describes the other arguments.
    """

    template_fields: Sequence[str] = ("photos", *PhotaOperator.template_fields)
    waits_by_default = True

    def __init__(
        self,
        *,
        photos: str | ObjectStoragePath | XComArg | Sequence[str | ObjectStoragePath | XComArg],
        profiles_path: str | None = None,
        **kwargs: Unpack[OrderArguments],
    ) -> None:
        super().__init__(**kwargs)
        self.photos = photos
        self.profiles_path = profiles_path
        self._check_arguments()

    def _check_as_written(self) -> None:
        check_not_templated(profiles_path=self.profiles_path)
        super()._check_as_written()
        if self.profiles_path is not None and not self.wait_for_completion:
            raise PhotaInputError(
                "profiles_path",
                "needs wait_for_completion=True: the profile is recorded at the end of the wait. Leave out "
                "profiles_path, or let the operator wait.",
            )

    def _make_order(self, settings: Settings) -> Order:
        return ProfileOrder.checked(image_archive_url=self.photos, local_inputs=settings.is_loopback)

    def _prepare(self) -> PreparedOrder:
        photos = as_text(self.photos)
        if isinstance(photos, str) and photos.lower().startswith(("http://", "https://")):
            if self.profiles_path:
                raise PhotaInputError(
                    "photos",
                    "must be in an object store with profiles_path: photos are recognised by their content.",
                )
            return super()._prepare()
        archive = looked_at_photos(photos, self._hook.settings.max_pixels)
        order = ProfileOrder(archive.identity)
        return PreparedOrder.of(order, self._publisher, self.edition, sources={archive.identity: archive})

    def _existing(self, prepared: PreparedOrder, payment: Payment) -> str | None:  # noqa: ARG002  # as in the base
        if (profiles := self._profiles) is None:
            return None
        if (profile_id := profiles.find(prepared.digest)) is not None:
            self.log.info("These photos have the profile %s already. Nothing is paid.", profile_id)
        return profile_id

    def _push(self, prepared: PreparedOrder, payment: Payment) -> None:
        super()._push(prepared, payment)
        if self.profiles_path:
            payment.push(xcom_keys.DIGEST, prepared.digest)

    def _result(self, task: PhotaTask, payment: Payment) -> str:
        check_succeeded(task)
        if not task.profile_ids:
            raise PhotaResultsMissing(
                endings.lines(f"PHOTA task {task.id} is completed, but names no profile.", "It is billed."),
                task.id,
            )
        profile_id = task.profile_ids[0]
        if (profiles := self._profiles) is None:
            return profile_id
        return profiles.note(payment.pulled(xcom_keys.DIGEST), profile_id, task.id)

    @property
    def _profiles(self) -> Profiles | None:
        if self.profiles_path is None:
            return None
        root = Place.of(checked_path("profiles_path", self.profiles_path))
        return Profiles.of(root, self._hook.settings.base_url, self.phota_conn_id)
