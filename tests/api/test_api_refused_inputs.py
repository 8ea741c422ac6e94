"""Some failures refuse the input, so that a new order of it would be paid for in vain."""

import pytest
from scripted import shows

from airflow_provider_phota.api import answers
from airflow_provider_phota.api.refused_inputs import refuses_input

REFUSED = [
    "content_policy_violation",
    "content_policy",
    "content-policy.violation",
    "ContentPolicyViolation",
    "usage_policy_violation",
    "policy_violation",
    "moderation_blocked",
    "moderation",
    "prompt_moderated",
    "safety",
    "SAFETY",
    "safety_violation",
    "image_safety",
    "unsafe_content",
    "nsfw",
    "nsfw_content_detected",
    "NSFWContentDetected",
    "sensitive_content",
    "sensitive_words_detected",
    "InputImageSensitiveContentDetected",
    "OutputImageSensitiveContentDetected",
    "PROHIBITED_CONTENT",
    "prohibited_content",
    "inappropriate_content",
    "content_filter",
    "content_filtered",
    "DataInspectionFailed",
    "sexual_content",
    "explicit_content",
    "prompt_blocked",
    "image_rejected",
    "content_flagged",
    "copyright_violation",
    "invalid_param",
    "invalid_parameter",
    "InvalidParameter",
    "invalid_image",
    "invalid_image_url",
    "invalid_file_type",
    "invalid_prompt",
    "invalid_input",
    "invalid_request",
    "invalid_request_error",
    "invalid_argument",
    "image_invalid",
    "unsupported_image",
    "unsupported_image_format",
    "unsupported_media_type",
    "unsupported_file_type",
    "format_not_supported",
    "image_too_large",
    "file_too_large_error",
    "prompt_too_long",
    "corrupted_image",
    "validation_error",
    "bad_request",
    "image_generation_user_error",
    "no_face_detected",
]
NOT_REFUSED = [
    "upstream_error",
    "server_error",
    "internal_error",
    "timeout",
    "moderation_timeout",
    "moderation_service_unavailable",
    "safety_check_timed_out",
    "content_filter_overloaded",
    "invalid_response",
    "invalid_upstream_response",
    "invalid_api_key",
    "rate_limit_exceeded",
    "rate_limit_error",
    "quota_exceeded",
    "insufficient_quota",
    "service_unavailable_error",
    "no_available_model",
    "no_compatible_channel",
    "unsupported_advanced_options",
    "model_not_found",
    "gpu_out_of_memory",
    "image_download_failed",
    "worker_lost",
    "case_insensitive",
    "canceled",
    "out_of_credits",
]


@pytest.mark.parametrize("code", REFUSED)
def test_a_code_that_refuses_the_input(code: str) -> None:
    assert refuses_input((code, "task_error"))
    assert refuses_input((code,), "the upstream was unavailable")


@pytest.mark.parametrize("code", NOT_REFUSED)
def test_a_code_of_another_failure(code: str) -> None:
    assert not refuses_input((code, "task_error"))
    assert not refuses_input((code, "invalid_request_error"), "content policy violation")


SAYS_NOTHING = [
    "",
    "400",
    "task_error",
    "error",
    "failed",
    "TaskFailed",
    "generation_failed",
    "unknown_error",
]


@pytest.mark.parametrize("code", SAYS_NOTHING)
def test_a_code_that_says_nothing_leaves_it_to_the_type_and_then_to_the_words(code: str) -> None:
    assert refuses_input((code, "content_policy_violation"), "upstream timeout")
    assert not refuses_input((code, "server_error"), "content policy violation")
    assert refuses_input((code, "task_error"), "Content policy violation")
    assert not refuses_input((code, ""))


@pytest.mark.parametrize(
    "message",
    [
        "Your request was rejected by the safety system. Try again with another prompt.",
        "The image was flagged as unsafe",
        "This prompt violates our usage policies",
        "NSFW content detected",
        "The input contains sensitive information",
        "Invalid image: cannot be decoded",
        "unsupported image format",
        "输入图片包含敏感内容",
        "审核不通过",
    ],
)
def test_words_that_refuse_the_input(message: str) -> None:
    assert refuses_input(("", ""), message)


@pytest.mark.parametrize(
    "message",
    [
        "",
        "something went wrong",
        "the content moderation service is unavailable",
        "safety policy check timed out",
        "content filter overloaded, try again later",
        "upstream error: nsfw model not loaded",
        "the sky is not safe from clouds",
        "a sensitive camera",
        "invalid state of the worker",
    ],
)
def test_words_that_need_not(message: str) -> None:
    assert not refuses_input(("", ""), message)


def test_a_code_may_be_in_another_script() -> None:
    assert refuses_input(("内容违规", "task_error"))


@pytest.mark.parametrize(
    ("status", "refused"),
    [("failed", True), ("cancelled", True), ("completed", False), ("processing", False)],
)
def test_a_task_says_so_where_it_has_failed(status: str, *, refused: bool) -> None:
    assert answers.read_task(shows(status, error={"code": "nsfw", "message": "no"})).refuses_input is refused
    assert not answers.read_task(shows(status, error={"code": "oom", "message": "no"})).refuses_input
    assert not answers.read_task(shows(status)).refuses_input
