"""Any failure of a metrics query, in an operator's words with a remedy. Knows requests by name only."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence

import msgspec

from tfdash import figures
from tfdash.connecting import NoWay, no_way
from tfdash.model.observation import Problem, ProblemKind
from tfdash.sources.kubernetes.login import LoginNeeded
from tfdash.sources.kubernetes.tls import Unusable
from tfdash.sources.prometheus.answer import AnotherShape
from tfdash.text import safe

_TOO_MUCH = ("too many samples", "exceed", "too many", "more chunks", "err-mimir-max-", "limit")
log = logging.getLogger(__name__)
Told = tuple[ProblemKind, str, str, bool]


class QueryFailed(Exception):
    """An answer that is no success. ``kind`` is Prometheus' errorType, "" where something else answered."""

    def __init__(self, status: int, message: str, kind: str = "", retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.kind, self.retry_after = status, message, kind, retry_after


class AnswerTooLarge(Exception):
    def __init__(self, largest: int) -> None:
        super().__init__(f"the answer is larger than {largest >> 20} MiB")


class OldAnswer(Exception):
    """Samples of another time than was asked for; ``seconds`` older."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"its samples are of {figures.span(seconds)} before the time that was asked for")


class PartOnly(Exception):
    """``lacks``: what the server says is missing of its answer."""

    def __init__(self, lacks: Sequence[str]) -> None:
        super().__init__(f"the answer is incomplete: {'; '.join(lacks)}")


class NoSuchRight(Exception):
    """The service proxy may not be used; ``remedy`` says which right is missing."""

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(cause)
        self.remedy = remedy


def is_too_much(error: BaseException) -> bool:
    """Whether less of the same might be answered."""
    if isinstance(error, QueryFailed):
        refused = error.status in (400, 422) and any(word in error.message for word in _TOO_MUCH)
        return refused or error.kind in ("timeout", "canceled")
    return isinstance(error, AnswerTooLarge) or _explain(error)[0] is ProblemKind.TIMEOUT


def problem_of(error: BaseException, since: float) -> Problem:
    kind, cause, remedy, transient = _explain(error)
    return Problem(kind=kind, cause=safe(cause)[:500], remedy=safe(remedy), since=since, transient=transient)


def _explain(error: BaseException) -> Told:
    if isinstance(error, LoginNeeded):
        return ProblemKind.LOGIN_EXPIRED, f"no credential for Prometheus: {error}", error.remedy, True
    if isinstance(error, Unusable):
        return ProblemKind.CONFIG, f"for Prometheus: {error}", error.remedy, False
    if isinstance(error, NoSuchRight):
        return ProblemKind.FORBIDDEN, str(error), error.remedy, False
    if isinstance(error, QueryFailed):
        return _status(error)
    if isinstance(error, OldAnswer):
        return ProblemKind.BAD_ANSWER, str(error), "is that url a cache's or a copy's?", True
    if isinstance(error, PartOnly):
        return (
            ProblemKind.BAD_ANSWER,
            str(error),
            "what lies behind it has to answer: stores, ingesters",
            True,
        )
    if isinstance(error, AnotherShape):
        return (
            ProblemKind.BAD_ANSWER,
            str(error),
            "does something rewrite queries or answers on the way?",
            True,
        )
    if isinstance(error, AnswerTooLarge):
        return (
            ProblemKind.BAD_ANSWER,
            str(error),
            "narrow the template's selectors or shorten [metrics] history, then horizon",
            False,
        )
    if isinstance(error, msgspec.DecodeError | UnicodeDecodeError):
        return (
            ProblemKind.BAD_ANSWER,
            f"the answer is not Prometheus': {error}",
            "check the url and its path prefix",
            True,
        )
    name, text = type(error).__name__, str(error)
    if name in ("ConnectTimeout", "ReadTimeout", "Timeout", "TimeoutError") or "timed out" in text:
        what = (
            "connecting to Prometheus timed out"
            if name == "ConnectTimeout"
            else "no answer of Prometheus in time"
        )
        return ProblemKind.TIMEOUT, what, "", True
    if name == "SSLError" or "CERTIFICATE" in text or "TLS" in text:
        return _tls(text)
    if name == "ProxyError":
        return ProblemKind.UNREACHABLE, "the proxy refused or is not there", "check prometheus.proxy", True
    if name in ("ConnectionError", "ChunkedEncodingError", "ConnectionResetError", "ProtocolError"):
        return _connection(text, no_way(error, "Prometheus"))
    if name == "InvalidHeader":  # its words repeat the header, and that may be a secret
        return (
            ProblemKind.CONFIG,
            "a header holds a character that it may not",
            "check prometheus.headers and prometheus.bearer",
            False,
        )
    if name in ("InvalidURL", "MissingSchema", "InvalidSchema"):
        return (
            ProblemKind.CONFIG,
            f"prometheus.url cannot be used: {text}",
            'write it as "http://host:9090"',
            False,
        )
    if isinstance(error, OSError):
        return ProblemKind.UNREACHABLE, error.strerror or text or name, "", True
    log.error("a query failed", exc_info=error)  # the whole of it, for whoever mends it
    return (
        ProblemKind.INTERNAL,
        f"a fault of tfdash itself ({name})",
        "its log has the details: report them",
        True,
    )


def _tls(text: str) -> Told:
    hit = re.search(r"certificate verify failed: ([^(\"']+)", text)
    if hit:
        return (
            ProblemKind.CONFIG,
            f"Prometheus' certificate is not trusted: {hit.group(1).strip()}",
            "set prometheus.ca",
            False,
        )
    if re.search(
        r"certificate[ _]required|handshake[ _]failure|bad[ _]certificate|unknown[ _]ca", text, re.IGNORECASE
    ):
        return (
            ProblemKind.CONFIG,
            "Prometheus wants a client certificate that it knows",
            "set prometheus.certificate and key",
            False,
        )
    if re.search("WRONG_VERSION_NUMBER|RECORD_LAYER|UNEXPECTED_EOF", text):
        return (
            ProblemKind.CONFIG,
            "Prometheus does not speak TLS there",
            "write http:// in prometheus.url",
            False,
        )
    return ProblemKind.CONFIG, "TLS with Prometheus failed", "check prometheus.ca, certificate and key", True


def _connection(text: str, why: NoWay) -> Told:
    if "refused" in text:
        return ProblemKind.UNREACHABLE, "Prometheus: connection refused", "", True
    if "resolve" in text or "Name or service not known" in text:
        return ProblemKind.UNREACHABLE, "Prometheus' name is not known to DNS", "check prometheus.url", True
    if why:
        return ProblemKind.UNREACHABLE, why, "", True
    return (
        ProblemKind.UNREACHABLE,
        "the connection to Prometheus was lost",
        "where it wants a client certificate, set prometheus.certificate and key",
        True,
    )


def _status(error: QueryFailed) -> Told:
    status, words = error.status, error.message
    if status == 401 and "org id" in words:  # Mimir, Cortex, Loki: the tenant's header is missing
        return (
            ProblemKind.CONFIG,
            f"the server wants a tenant: {words}",
            'set it: prometheus.headers = { X-Scope-OrgID = "TENANT" }',
            False,
        )
    if status == 401:
        return (
            ProblemKind.LOGIN_EXPIRED,
            "Prometheus does not accept the credential",
            "check prometheus.bearer, username and password",
            True,
        )
    if status == 403:
        return (
            ProblemKind.FORBIDDEN,
            f"Prometheus forbids it: {words}",
            "ask for the right to query, or set the tenant in prometheus.headers",
            False,
        )
    if status in (400, 422) and error.kind in ("bad_data", "execution", "", str(status)):
        many = any(word in words for word in _TOO_MUCH)
        remedy = (
            "shorten [metrics] history, then horizon" if many else "check the template in [metrics.templates]"
        )
        return ProblemKind.CONFIG, f"Prometheus refuses the query: {words}", remedy, False
    if error.kind in ("timeout", "canceled"):
        return (
            ProblemKind.TIMEOUT,
            f"the query took too long: {words}",
            "shorten [metrics] history, then horizon",
            True,
        )
    if status == 404 and " not found" in words:  # the API server knows no such service
        return ProblemKind.CONFIG, f"through the API server: {words}", "check prometheus.service", False
    if status == 404:
        return (
            ProblemKind.NOT_SERVED,
            "there is no query API at this address",
            "check the path prefix in prometheus.url",
            False,
        )
    if 300 <= status < 400:
        return (
            ProblemKind.CONFIG,
            f"Prometheus answers with a redirect to {words or 'nowhere'}",
            "name the final address in prometheus.url",
            False,
        )
    if status == 429 or error.retry_after is not None:
        wait = f", it asks to wait {error.retry_after:,.0f} s" if error.retry_after is not None else ""
        return ProblemKind.THROTTLED, f"too many requests for Prometheus{wait}", "", True
    if status >= 500:
        return ProblemKind.SERVER_ERROR, f"Prometheus failed ({status}): {words}", "", True
    return ProblemKind.BAD_ANSWER, f"HTTP {status}: {words}", "", True
