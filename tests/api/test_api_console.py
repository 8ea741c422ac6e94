"""The template of the console's URLs: it names a PHOTA task, and never a secret."""

from __future__ import annotations

import pytest

from airflow_provider_phota.api.console import console_page
from airflow_provider_phota.api.errors import PhotaConfigurationError
from airflow_provider_phota.api.settings import settings_from_connection

KEY = "sk-canary-0123456789"
TASK = "task-unified-1757165031-uyujaw3d"


def console_of(template):
    extra = {"console_url": template}
    return settings_from_connection(host=None, port=None, schema=None, password=KEY, extra=extra).console_url


@pytest.mark.parametrize(
    ("template", "page"),
    [
        ("https://console.example/tasks/{phota_task_id}", f"https://console.example/tasks/{TASK}"),
        ("http://console.example:8080/{phota_task_id}", f"http://console.example:8080/{TASK}"),
        ("https://console.example/tasks?id={phota_task_id}", f"https://console.example/tasks?id={TASK}"),
        ("https://console.example/?{phota_task_id}", f"https://console.example/?{TASK}"),
        ("https://console.example/#/tasks/{phota_task_id}", f"https://console.example/#/tasks/{TASK}"),
        ("https://console.example/#/logs?id={phota_task_id}", f"https://console.example/#/logs?id={TASK}"),
    ],
)
def test_a_page_of_the_console_has_the_id_in_it(template, page):
    assert console_page(console_of(template), TASK) == page


def test_an_id_cannot_change_the_page():
    assert console_page("https://console.example/{phota_task_id}", "a:b/../c?d") == (
        "https://console.example/a%3Ab%2F..%2Fc%3Fd"
    )


@pytest.mark.parametrize("empty", [None, ""])
def test_a_connection_need_not_have_a_console(empty):
    assert console_of(empty) is None


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("javascript:alert('{phota_task_id}')", "must be an http"),
        ("data:text/html,{phota_task_id}", "must be an http"),
        ("console.example/{phota_task_id}", "must be an http"),
        ("https:///tasks/{phota_task_id}", "must be an http"),
        ("https://{phota_task_id}.example/", "must be an http"),
        ("https://console.example:port/{phota_task_id}", "must be an http"),
        ("https://[console/{phota_task_id}", "must be an http"),
        ("https://console.example/a b/{phota_task_id}", "must be an http"),
        ("https://console.example/\\{phota_task_id}", "must be an http"),
        ("https://c\u043ensole.example/{phota_task_id}", "must be an http"),
        (f"https://console.example/{'a' * 2000}/{{phota_task_id}}", "must be an http"),
        ("https://me:hunter2@console.example/{phota_task_id}", "user name"),
        ("https://me@console.example/{phota_task_id}", "user name"),
        (f"https://console.example/{KEY}/{{phota_task_id}}", "in its query"),
        ("https://console.example/{phota_task_id}?X-Amz-Signature=hunter2", "in its query"),
        ("https://console.example/?id={phota_task_id}&sig=hunter2", "in its query"),
        ("https://console.example/?hunter2&id={phota_task_id}", "in its query"),
        ("https://console.example/{phota_task_id}#access_token=hunter2", "in its query"),
        ("https://console.example/{phota_task_id}#/task?key=hunter2", "in its query"),
        ("https://console.example/tasks", "must have the field"),
        ("https://console.example/{phota_task_id}/{key}", "and no other"),
        ("https://console.example/{phota_task_id!r}", "must have the field"),
    ],
)
def test_what_is_not_such_a_template_is_refused_without_showing_a_secret(template, words):
    with pytest.raises(PhotaConfigurationError) as refused:
        console_of(template)
    text = str(refused.value)
    assert "'console_url'" in text
    assert words in text
    assert KEY not in text
    assert "hunter2" not in text
