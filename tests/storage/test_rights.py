"""The errors of each store's library have one meaning, and name the missing right."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from airflow_provider_phota.storage.paths import Place
from airflow_provider_phota.storage.rights import (
    Right,
    explain,
    is_absent,
    is_denied,
    is_taken,
    lacks_exclusive_creation,
)


def boto(status, code, kind=OSError):
    cause = ClientError(
        {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}, "PutObject"
    )
    error = kind(5, "a text of boto's")
    error.__cause__ = cause
    return error


class HttpResponseError(Exception):
    """Imitates the error of Azure's library, whose subclasses differ by their status alone."""

    def __init__(self, status_code):
        super().__init__("with an account's key in it")
        self.status_code = status_code


class HttpError(Exception):
    """Imitates the error of gcsfs."""

    def __init__(self, code):
        super().__init__("a text")
        self.code = code


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (PermissionError(13, "Access Denied"), is_denied),
        (boto(403, "AccessDenied", PermissionError), is_denied),
        (OSError("Forbidden: https://storage.googleapis.com/b/o\nno storage.objects.create"), is_denied),
        (HttpError(401), is_denied),
        (HttpError("403"), is_denied),
        (HttpResponseError(403), is_denied),
        (HttpResponseError(401), is_denied),
        (FileNotFoundError("b/bucket"), is_absent),
        (boto(404, "NoSuchBucket", FileNotFoundError), is_absent),
        (HttpResponseError(404), is_absent),
        (FileExistsError("key"), is_taken),
        (boto(412, "PreconditionFailed"), is_taken),
        (boto(409, "ConditionalRequestConflict"), is_taken),
        (HttpResponseError(409), is_taken),
        (boto(501, "NotImplemented"), lacks_exclusive_creation),
        (ParamValidationError(report="Unknown parameter IfNoneMatch"), lacks_exclusive_creation),
        (TypeError("put_file() got an unexpected keyword argument 'mode'"), lacks_exclusive_creation),
        (boto(503, "SlowDown"), None),
        (TimeoutError(), None),
        (OSError(28, "No space left on device"), None),
        (HttpError("not a number"), None),
        (HttpError(None), None),
    ],
    ids=lambda each: getattr(each, "__name__", repr(each)),
)
def test_an_error_has_one_meaning(error, meaning):
    meanings = (is_denied, is_absent, is_taken, lacks_exclusive_creation)
    assert [each for each in meanings if each(error)] == ([meaning] if meaning else [])


def place(url):
    protocol, _, path = url.partition("://")
    return Place(SimpleNamespace(), protocol, path, url)


@pytest.mark.parametrize(
    ("url", "rights", "words"),
    [
        ("s3://pictures/edits", [Right.CREATE, Right.READ], "s3:PutObject and s3:GetObject"),
        ("s3://pictures/edits", [Right.CREATE, Right.REPLACE], "needs s3:PutObject there"),
        ("gs://pictures/edits", [Right.REPLACE], "storage.objects.create and storage.objects.delete"),
        ("abfs://pictures/edits", [Right.CREATE], "blobs/add/action"),
        ("oss://pictures/edits", [Right.READ], "the right to read files in that directory"),
    ],
)
def test_a_missing_right_has_its_name(url, rights, words):
    assert words in explain(PermissionError(13, "x"), place(url), *rights)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("s3://pictures/edits", "there is no bucket 'pictures', and this provider does not make one"),
        ("abfs://pictures/edits", "there is no container 'pictures'"),
        ("sftp://host/edits", "No such file"),
    ],
)
def test_what_is_not_there_has_its_name(url, words):
    assert words in explain(FileNotFoundError(2, "No such file"), place(url), Right.CREATE)


def test_no_text_of_a_library_is_shown():
    text = explain(HttpResponseError(500), place("abfs://pictures/edits"), Right.CREATE)
    assert text == "HttpResponseError"
