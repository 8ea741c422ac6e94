"""Holds the conversations with the PHOTA API as generators over `wire`, which either driver can carry."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar
from urllib.parse import quote

from airflow_provider_phota.api.account import Upload, Usage
from airflow_provider_phota.api.answers import read_models, read_task, read_upload, read_usage
from airflow_provider_phota.api.errors import (
    NotSent,
    PhotaConfigurationError,
    PhotaNotBilled,
    PhotaSubmitAmbiguous,
    PhotaUnreachable,
    TransportError,
)
from airflow_provider_phota.api.named_tasks import accepted_task, named_task_id
from airflow_provider_phota.api.orders.base import Order
from airflow_provider_phota.api.prices import PriceList, read_price_list
from airflow_provider_phota.api.reading import Unreadable
from airflow_provider_phota.api.refusals import error_words, read_refusal, retry_after
from airflow_provider_phota.api.retry import Backoff
from airflow_provider_phota.api.tasks import PhotaTask
from airflow_provider_phota.api.wire import (
    BeforeSending,
    Conversation,
    FileForm,
    Request,
    Response,
    Sleep,
    Step,
)

T = TypeVar("T")

#: Bytes of a list of models or prices, at most: a gateway has every model of every vendor that it serves.
_LONGEST_LISTING = 8 * 1024 * 1024


def submit(
    order: Order,
    backoff: Backoff | None = None,
    *,
    before_sending: BeforeSending | None = None,
    resend_on_503: bool = False,
) -> Conversation[PhotaTask]:
    """Submits an order. Billed: it is sent again only after a failure that proves that no task was created.

    Args:
        order: what to ask for.
        backoff: how often a submit that provably created no task is repeated.
        before_sending: called each time before it is sent, once the connection is established; on an event
            loop, it may be a coroutine function.
        resend_on_503: True to treat a 503 as a refusal. The vendor does not promise that it is one, so this
            may pay twice.

    Raises:
        PhotaRefused: a documented refusal; not billed.
        PhotaUnreachable: the request was never sent; not billed.
        PhotaConfigurationError: the service's certificate is not trusted; not billed.
        PhotaSubmitAmbiguous: anything else: a task may exist and be billed.
    """
    request = Request(
        "POST", "/v1/images/generations", body=order.body(), billed=True, before_sending=before_sending
    )
    return _patiently(lambda: _submit_once(request, resend_on_503=resend_on_503), backoff or Backoff())


def get_task(
    phota_task_id: str, *, sync_upstream: bool = False, backoff: Backoff | None = None
) -> Conversation[PhotaTask]:
    """Asks for the state of a task. Free.

    Args:
        phota_task_id: a checked task ID.
        sync_upstream: True to have the gateway refresh its answer first. That is slower, and the answer may
            lack the results.
        backoff: how often a question without a usable answer is repeated.

    Raises:
        PhotaNotFound: the service does not know the task.
        PhotaRefused: any other documented refusal.
        PhotaUnreachable: there was no usable answer.
    """
    return _patiently(lambda: get_task_once(phota_task_id, sync_upstream=sync_upstream), backoff or Backoff())


def get_task_once(
    phota_task_id: str, *, sync_upstream: bool = False, within: float | None = None
) -> Conversation[PhotaTask]:
    """Asks for the state of a task once, for callers that have a schedule of their own. Free.

    Args:
        phota_task_id: a checked task ID.
        sync_upstream: as in `get_task`.
        within: seconds for which a driver that paces requests may hold it back.

    Raises:
        PhotaNotBilled: as in `get_task`.
    """

    def read(response: Response) -> PhotaTask:
        task = read_task(response)
        if task.id != phota_task_id:
            raise Unreadable("an answer about another task")
        return task

    query = {"sync_upstream": "true"} if sync_upstream else {}
    path = f"/v1/tasks/{quote(phota_task_id, safe='')}"
    return _ask(Request("GET", path, query, within=within), read)


def upload(form: FileForm, backoff: Backoff | None = None) -> Conversation[Upload]:
    """Uploads a file to where the service can read it for 72 hours. Free, so it may be repeated."""
    request = Request("POST", "/v1/files/upload/stream", body=form)
    return _patiently(lambda: _ask(request, read_upload), backoff or Backoff())


def get_models(backoff: Backoff | None = None) -> Conversation[tuple[str, ...]]:
    """Asks which models the key may use. Free, so it can test a connection."""
    request = Request("GET", "/v1/models", max_answer=_LONGEST_LISTING)
    return _patiently(lambda: _ask(request, read_models), backoff or Backoff())


def get_usage(backoff: Backoff | None = None) -> Conversation[Usage]:
    """Asks for the key's balance. Free."""
    return _patiently(lambda: _ask(Request("GET", "/api/usage/token/"), read_usage), backoff or Backoff())


def get_price_list(backoff: Backoff | None = None) -> Conversation[PriceList]:
    """Asks what one call of each PHOTA model costs. Free."""
    request = Request("GET", "/api/pricing", max_answer=_LONGEST_LISTING)
    return _patiently(lambda: _ask(request, read_price_list), backoff or Backoff())


def _patiently(converse: Callable[[], Conversation[T]], backoff: Backoff) -> Conversation[T]:
    """Repeats a conversation while its failure is temporary and nothing was billed."""
    failures = 0
    while True:
        try:
            return (yield from converse())
        except PhotaNotBilled as error:
            failures += 1
            pause = backoff.pause(failures, error.retry_after) if error.retryable else None
            if pause is None:
                raise
        yield Sleep(pause)


def _submit_once(request: Request, *, resend_on_503: bool) -> Conversation[PhotaTask]:
    named = ""
    try:
        response = yield from _send(request)
        named = named_task_id(response, _body_text(request))
        answer = _read_answer(response, named, resend_on_503=resend_on_503)
    except NotSent as failure:
        raise _not_sent(failure) from None
    except (TransportError, Unreadable) as failure:
        raise _ambiguous(failure, named) from None
    if isinstance(answer, PhotaNotBilled):
        raise answer
    return answer


def _body_text(request: Request) -> str:
    return request.body.decode() if isinstance(request.body, bytes) else ""


def _read_answer(response: Response, named: str, *, resend_on_503: bool) -> PhotaTask | PhotaNotBilled:
    """Returns the task that a submit created, or the refusal of it.

    Args:
        response: the answer.
        named: ID of a task that the answer mentions: then it is not a refusal, whatever its status is.
        resend_on_503: as in `submit`.

    Raises:
        Unreadable: the answer proves neither.
    """
    if 200 <= response.status < 300:
        return accepted_task(response) or read_task(response)
    if task := accepted_task(response):
        return task
    if not named:
        if resend_on_503 and response.status == 503:
            return PhotaUnreachable(f"HTTP 503{error_words(response)}", retry_after(response))
        if refusal := read_refusal(response):
            return refusal
    raise Unreadable(f"HTTP {response.status}{error_words(response)}")


def proves_refusal(request: Request, response: Response) -> bool:
    """Returns True if an answer to a submit proves that the service created no task."""
    try:
        answer = _read_answer(response, named_task_id(response, _body_text(request)), resend_on_503=False)
    except Unreadable:
        return False
    return isinstance(answer, PhotaNotBilled)


def _ambiguous(failure: Exception, phota_task_id: str) -> PhotaSubmitAmbiguous:
    named = (
        f"The answer names PHOTA task {phota_task_id}: look for that one first."
        if phota_task_id
        else "Its ID is not known."
    )
    error = PhotaSubmitAmbiguous(
        "A PHOTA task may have been created and billed: the submit was sent, its answer proves nothing.\n"
        f"What happened: {failure}. {named}"
    )
    error.named_task_id = phota_task_id
    return error


def _ask(request: Request, read: Callable[[Response], T]) -> Conversation[T]:
    """Asks one free question and reads its answer.

    Raises:
        PhotaRefused: a documented refusal.
        PhotaUnreachable: there was no usable answer.
        PhotaConfigurationError: the service's certificate is not trusted.
    """
    wait = 0.0
    try:
        response = yield from _send(request)
        wait = retry_after(response)
        refusal = read_refusal(response)
        if refusal is None:
            return read(_successful(response))
    except NotSent as failure:
        raise _not_sent(failure) from None
    except (TransportError, Unreadable) as failure:
        raise PhotaUnreachable(f"The PHOTA service gave no usable answer: {failure}.", wait) from None
    raise refusal


def _send(request: Request) -> Generator[Step, Response | None, Response]:
    response = yield request
    if response is None:
        raise TypeError("a driver must answer a Request with a Response")
    return response


def _successful(response: Response) -> Response:
    if not 200 <= response.status < 300:
        raise Unreadable(f"HTTP {response.status}{error_words(response)}")
    return response


def _not_sent(failure: NotSent) -> PhotaNotBilled:
    if failure.permanent:
        return PhotaConfigurationError(f"Nothing was sent to the PHOTA service: {failure}.")
    return PhotaUnreachable(f"The PHOTA service could not be reached: {failure}.")
