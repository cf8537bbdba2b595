"""Refusals as the API server words them: an exception that becomes a ``Status`` body with its HTTP code."""

from __future__ import annotations

from typing import Any

from tfdash.demo.apiserver.objects import Obj


class ApiError(Exception):
    """``reason`` "" leaves the field out; ``retry_after`` (seconds) also becomes the header."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        details: Obj | None = None,
        retry_after: int | None = None,
        metadata: Obj | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.retry_after = retry_after
        self.metadata = metadata

    def status(self) -> Obj:
        body: Obj = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": self.metadata or {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "details": self.details,
            "code": self.code,
        }
        return {k: v for k, v in body.items() if v is not None and v != ""}


def qualified(plural: str, group: str) -> str:
    return f"{plural}.{group}" if group else plural


def about(name: str, group: str, kind: str, **more: Any) -> Obj:
    """``details`` in the server's field order, without what is empty."""
    return {k: v for k, v in {"name": name, "group": group, "kind": kind, **more}.items() if v}


def not_found(plural: str, group: str, name: str) -> ApiError:
    return ApiError(
        404, "NotFound", f'{qualified(plural, group)} "{name}" not found', about(name, group, plural)
    )


def no_such_resource() -> ApiError:
    return ApiError(404, "NotFound", "the server could not find the requested resource", {})


def method_not_allowed() -> ApiError:
    return ApiError(
        405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {}
    )


def already_exists(plural: str, group: str, name: str) -> ApiError:
    return ApiError(
        409,
        "AlreadyExists",
        f'{qualified(plural, group)} "{name}" already exists',
        about(name, group, plural),
    )


def conflict(plural: str, group: str, name: str, why: str) -> ApiError:
    message = f'Operation cannot be fulfilled on {qualified(plural, group)} "{name}": {why}'
    return ApiError(409, "Conflict", message, about(name, group, plural))


MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


def bad_request(message: str) -> ApiError:
    return ApiError(400, "BadRequest", message)


def forbidden(plural: str, group: str, name: str, why: str) -> ApiError:
    head = f'{qualified(plural, group)} "{name}"' if name else qualified(plural, group)
    return ApiError(403, "Forbidden", f"{head} is forbidden: {why}", about(name, group, plural))


def unauthorized() -> ApiError:
    return ApiError(401, "Unauthorized", "Unauthorized")


def expired(message: str, metadata: Obj | None = None) -> ApiError:
    return ApiError(410, "Expired", message, metadata=metadata)


def too_many(message: str, retry_after: int | None = None, details: Obj | None = None) -> ApiError:
    return ApiError(429, "TooManyRequests", message, details, retry_after)


Cause = tuple[str, str, str]  # reason, message, field


def invalid(kind: str, group: str, name: str, causes: list[Cause]) -> ApiError:
    """422: every cause, one as a sentence, several in the server's brackets."""
    texts = list(dict.fromkeys(f"{field}: {message}" for _, message, field in causes))
    said = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    details = about(
        name,
        group,
        kind,
        causes=[{"reason": reason, "message": message, "field": field} for reason, message, field in causes],
    )
    return ApiError(422, "Invalid", f'{qualified(kind, group)} "{name}" is invalid: {said}', details)
