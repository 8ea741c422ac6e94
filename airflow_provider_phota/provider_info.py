"""Tells Airflow about this package, through the entry point `apache_airflow_provider`."""

from __future__ import annotations

from typing import Any

from airflow_provider_phota import __version__

CONNECTION_TYPE = "phota"

#: The extras of a connection as the UI's form shows them: name -> label, JSON schema, help.
CONNECTION_FIELDS: dict[str, dict[str, Any]] = {
    "connect_timeout": {
        "label": "Connect timeout (s)",
        "schema": {"type": ["number", "null"], "exclusiveMinimum": 0},
        "description": "Seconds until TCP and TLS are established. Default 10.",
    },
    "read_timeout": {
        "label": "Read timeout (s)",
        "schema": {"type": ["number", "null"], "exclusiveMinimum": 0},
        "description": "Seconds without a byte of the answer. Default 30.",
    },
    "total_timeout": {
        "label": "Total timeout (s)",
        "schema": {"type": ["number", "null"], "exclusiveMinimum": 0},
        "description": "Seconds for one whole request, even if bytes keep coming. Default 60.",
    },
    "requests_per_second": {
        "label": "Requests per second",
        "schema": {"type": ["number", "null"], "exclusiveMinimum": 0},
        "description": "Requests a second, at most: of all waits of a triggerer, or of a batch. Default 50.",
    },
    "expected_pollers": {
        "label": "Expected pollers",
        "schema": {"type": ["integer", "null"], "minimum": 1},
        "description": "How many triggerers and workers ask; each begins with its share. Default 1.",
    },
    "max_pixels": {
        "label": "Pixels of a picture",
        "schema": {"type": ["integer", "null"], "minimum": 1},
        "description": "Pixels of a picture that is published or landed, at most. Default 200000000.",
    },
    "proxy": {
        "label": "Proxy URL",
        "schema": {"type": ["string", "null"]},
        "description": "An HTTP proxy to go through. Default: HTTPS_PROXY and NO_PROXY of the environment.",
    },
    "ca_bundle": {
        "label": "CA bundle",
        "schema": {"type": ["string", "null"]},
        "description": "Path of certificate authorities to trust. Default: the environment's or certifi's.",
    },
    "ledger_path": {
        "label": "Ledger path",
        "schema": {"type": ["string", "null"]},
        "description": "An object-storage directory in which operators record what they paid for.",
    },
    "budget": {
        "label": "Budget",
        "schema": {"type": ["string", "null"]},
        "description": "What may be spent, such as 50 USD / month. It needs a budget path.",
    },
    "budget_path": {
        "label": "Budget path",
        "schema": {"type": ["string", "null"]},
        "description": "An object-storage directory in which all who share the budget count what is spent.",
    },
    "user_group": {
        "label": "User group",
        "schema": {"type": ["string", "null"]},
        "description": "Whose prices hold until the service has named the group. Default: default.",
    },
    "credits_per_usd": {
        "label": "Credits of a USD",
        "schema": {"type": ["number", "null"], "exclusiveMinimum": 0},
        "description": "What a USD is in credits. A budget in credits needs it.",
    },
    "console_url": {
        "label": "Console URL",
        "schema": {"type": ["string", "null"]},
        "description": "Where the vendor's console shows a task: https://console.example/{phota_task_id}.",
    },
    "publish": {
        "label": "Publish",
        "schema": {"type": ["string", "null"], "enum": ["upload", "presign", None]},
        "description": "How pictures in an object store become URLs for the service. Default upload.",
    },
    "resend_on_503": {
        "label": "Resend on 503",
        "schema": {"type": ["boolean", "null"]},
        "description": "Send a submit again after a 503, although the vendor does not say what a 503 means.",
    },
    "allow_http": {
        "label": "Allow plain http",
        "schema": {"type": ["boolean", "null"]},
        "description": "Send the API key unencrypted to the host. Only for a gateway on your own network.",
    },
}

#: The modules of operators.
OPERATORS = tuple(f"airflow_provider_phota.operators.{name}" for name in ("phota", "review", "review_rounds"))
#: The modules of triggers.
TRIGGERS = tuple(f"airflow_provider_phota.triggers.{name}" for name in ("phota", "batch", "budget"))
#: The decorators `@task.phota_...`, each in a module of its name.
DECORATORS = ("edit", "generate", "enhance", "batch")

FIELD_BEHAVIOUR: dict[str, Any] = {
    "hidden-fields": ["schema", "login"],
    "relabeling": {"host": "Base URL", "password": "API key"},
    "placeholders": {"host": "https://api.foxapi.cc", "password": "sk-…", "port": "from the base URL"},
}


def get_provider_info() -> dict[str, Any]:
    """Returns what Airflow needs to know of the package: its modules, and its type of connection."""
    return {
        "package-name": "airflow-provider-phota",
        "name": "PHOTA",
        "description": "Edit, generate and enhance pictures with PHOTA, a paid, asynchronous image API.",
        "versions": [__version__],
        "integrations": [
            {"integration-name": "PHOTA", "external-doc-url": "https://docs.foxapi.cc", "tags": ["service"]}
        ],
        "hooks": [_modules("airflow_provider_phota.hooks.phota")],
        "operators": [_modules(*OPERATORS)],
        "sensors": [_modules("airflow_provider_phota.sensors.phota")],
        "transfers": [
            {
                "source-integration-name": "Object Storage",
                "target-integration-name": "PHOTA",
                "python-module": "airflow_provider_phota.transfers.object_storage_to_phota",
            },
            {
                "source-integration-name": "PHOTA",
                "target-integration-name": "Object Storage",
                "python-module": "airflow_provider_phota.transfers.phota_to_object_storage",
            },
        ],
        "triggers": [_modules(*TRIGGERS)],
        "task-decorators": [_decorator(name) for name in DECORATORS],
        "extra-links": [
            f"airflow_provider_phota.links.phota.{name}" for name in ("PicturesLink", "PhotaTaskLink")
        ],
        "cli": ["airflow_provider_phota.cli.airflow_commands.get_phota_commands"],
        "connection-types": [
            {
                "connection-type": CONNECTION_TYPE,
                "hook-class-name": "airflow_provider_phota.hooks.phota.PhotaHook",
                "hook-name": "PHOTA",
                "conn-fields": CONNECTION_FIELDS,
                "ui-field-behaviour": FIELD_BEHAVIOUR,
            }
        ],
    }


def _decorator(name: str) -> dict[str, str]:
    module = f"airflow_provider_phota.decorators.{name}"
    return {"name": f"phota_{name}", "class-name": f"{module}.phota_{name}_task"}


def _modules(*names: str) -> dict[str, Any]:
    return {"integration-name": "PHOTA", "python-modules": list(names)}
