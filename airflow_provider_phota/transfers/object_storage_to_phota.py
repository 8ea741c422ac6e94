"""Bring pictures of an object store where the PHOTA service can read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.lists import flattened, is_list
from airflow_provider_phota.api.parsing import check_conn_id
from airflow_provider_phota.api.types import PublishWay
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.inputs.publisher import Publish, Publisher, published_urls
from airflow_provider_phota.retrying import as_airflow_errors, checking_arguments

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, ObjectStoragePath, XComArg


class ObjectStorageToPhotaOperator(BaseOperator):
    """Publishes pictures for the service and returns their URLs, for `image_urls`. Free.

    Whoever has such a URL can read the picture while it lives: 72 hours where it was uploaded, 24 where it is
    signed. `PhotaImageEditOperator` takes paths as well, and then no URL goes through XCom.

    Args:
        path: one picture or several, as `s3://`, `gs://`, `file://` ... URLs or as `ObjectStoragePath`
            (templated).
        publish: `upload`, or `presign` where the store can sign URLs; the connection's extra of that name if
            left out.
        phota_conn_id: the Airflow connection.

    Raises:
        AirflowFailException: an argument is wrong, or a file is no whole picture.
        PhotaNotBilled: the service did not take an upload, or could not be reached; a retry may heal it.
    """

    template_fields: Sequence[str] = ("path",)
    ui_color = "#e6f2ff"

    def __init__(
        self,
        *,
        path: str | ObjectStoragePath | XComArg | Sequence[str | ObjectStoragePath | XComArg],
        publish: PublishWay | None = None,
        phota_conn_id: str = PhotaHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.path = path
        self.publish = publish
        self.phota_conn_id = phota_conn_id
        with checking_arguments(self):
            check_conn_id(phota_conn_id)
            self._publish = Publish.checked(publish)

    def execute(self, context: Context) -> list[str]:  # noqa: ARG002  # Airflow's signature
        with as_airflow_errors():
            paths = list(flattened(self.path)) if is_list(self.path) else [self.path]
            if not paths:
                raise PhotaInputError("path", "is empty: there is no picture to publish.")
            return published_urls(Publisher(PhotaHook(self.phota_conn_id), self._publish), paths)
