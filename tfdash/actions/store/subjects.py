"""What is acted upon that is no Kubernetes object: an environment, a request for approval, an intent without an outcome."""

from __future__ import annotations

from tfdash.model.subject import ClusterRef, Subject

ENVIRONMENT, APPROVAL, INTENT = "Environment", "Approval", "Intent"


def environment_subject(environment: str) -> Subject:
    return Subject(ClusterRef(environment, ""), ENVIRONMENT, "", environment)


def approval_subject(environment: str, approval: str) -> Subject:
    """``approval`` is the id of the request."""
    return Subject(ClusterRef(environment, ""), APPROVAL, "", approval)


def intent_subject(environment: str, intent: str) -> Subject:
    """``intent`` is its id."""
    return Subject(ClusterRef(environment, ""), INTENT, "", intent)
