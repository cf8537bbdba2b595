"""What answers of 2xx say of a message that was not taken: services there are that answer 200 to everything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

# By the name of a field: Slack and Telegram (ok), DingTalk and WeCom (errcode), Feishu (code, StatusCode), JSend (status), Zulip (result)
_YES_OR_NO = ("ok", "success", "Success", "delivered")
_CODES = ("errcode", "error_code", "errorCode", "code", "StatusCode", "statusCode")
_STATES = ("status", "result", "state")
_FAILED = ("error", "fail", "failed", "failure")
_ERRORS = ("error", "errors")
# MicrosoftDocs/msteams-docs: the connectors of Teams say it in words, with 200
_TEAMS = b"Webhook message delivery failed with error"


def is_page(content_type: str, raw: bytes) -> bool:
    """Whether it is a page for people, as what asks for a log-in. (Slack calls its "ok" HTML, too.)"""
    return "html" in content_type and raw.lstrip().startswith(b"<")


def says_no(raw: bytes) -> bool:
    """Whether it names a failure. What is not understood says nothing."""
    if raw.lstrip().startswith(_TEAMS):
        return True
    try:
        found = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return isinstance(found, dict) and _no(found)


def _no(found: Mapping[str, Any]) -> bool:
    return (
        any(found.get(name) is False for name in _YES_OR_NO)
        or any(_is_fault(found.get(name)) for name in _CODES)
        or any(str(found.get(name)).lower() in _FAILED for name in _STATES)
        or any(bool(found.get(name)) for name in _ERRORS)
    )


def _is_fault(code: Any) -> bool:
    """A number that is neither 0 nor one of HTTP's for a success; a text may hold one."""
    if isinstance(code, str) and code.lstrip("-").isdecimal() and len(code) < 12:
        code = int(code)
    return isinstance(code, int) and not isinstance(code, bool) and code != 0 and not 200 <= code < 300
