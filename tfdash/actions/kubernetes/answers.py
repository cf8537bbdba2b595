"""What a server's refusal means, in an operator's words. Pure."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from tfdash.actions.core.protocols import Answer
from tfdash.model.action import Request
from tfdash.text import safe

Kind: TypeAlias = Literal[
    "conflict",  # what was decided upon has changed
    "budget",
    "forbidden",
    "quota",
    "admission",
    "invalid",
    "gone",
    "not-dry-runnable",
    "redirect",
    "server",
    "other",
]


class Explanation(NamedTuple):
    """``text`` is for people, ``kind`` for the program."""

    kind: Kind
    text: str


def explain(answer: Answer, request: Request) -> Explanation:
    """Why a request was not carried out."""
    message, what = safe(answer.message), safe(request.what or request.method)
    details = answer.body.get("details") or {}
    causes = [c for c in details.get("causes") or () if isinstance(c, dict)]
    lowered = message.lower()
    match answer.status:
        case 400 if "dry run" in lowered or "dryrun" in lowered:
            return Explanation("not-dry-runnable", f"not dry-runnable: {message}")
        case 401:
            return Explanation("forbidden", "the server does not accept the credential any more")
        case 403 if "exceeded quota" in lowered:
            return Explanation("quota", f"the namespace's quota refuses it: {message}")
        case 403 | 422 if any(word in lowered for word in ("admission", "denied", "violates")):
            return Explanation("admission", f"an admission rule refuses it: {message}")
        case 403:
            return Explanation("forbidden", f"no right: {message}")
        case 404:
            return Explanation("gone", f"it is gone: {message}")
        case 409:
            return Explanation("conflict", f"it changed meanwhile: {message}")
        case 422 if not causes and request.content_type == "application/json-patch+json":
            return Explanation("conflict", f"what was decided upon has changed, so nothing was done ({what})")
        case 422:
            return Explanation("invalid", f"the server finds it invalid: {message}")
        case 429 if (
            any(c.get("reason") == "DisruptionBudget" for c in causes) or "disruption budget" in lowered
        ):
            why = safe(str(next((c.get("message") for c in causes if c.get("message")), "")))
            return Explanation(
                "budget", "its PodDisruptionBudget allows no disruption now" + (f": {why}" if why else "")
            )
        case 429:
            return Explanation("server", f"the server asks to wait: {message}")
        case status if 300 <= status < 400:
            where = safe(answer.headers.get("location", ""))
            return Explanation("redirect", f"the server redirects to {where}; nothing was sent there")
        case status if status >= 500:
            if "webhook" in lowered:
                return Explanation("admission", f"an admission webhook fails: {message}")
            return Explanation("server", f"the server failed ({status}): {message}")
    return Explanation("other", f"HTTP {answer.status}: {message}")


def of_kubernetes(answer: Answer) -> bool:
    """Whether a 2xx is an API server's: an object, or a Status that says Success. A proxy or a log-in page answers 200 too."""
    body = answer.body
    named = all(isinstance(body.get(name), str) and body[name] for name in ("kind", "apiVersion"))
    return named and (body["kind"] != "Status" or body.get("status") == "Success")


NOT_KUBERNETES = "it was answered by something that is no Kubernetes API"


def certainly_not_applied(answer: Answer) -> bool:
    """A 4xx or 3xx is the server's word that nothing was changed; a 5xx may have come after the change."""
    return 300 <= answer.status < 500 and answer.status != 408
