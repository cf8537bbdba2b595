"""What is acted upon that is no Kubernetes object: an environment, and a request for approval."""

from __future__ import annotations

from tfdash.model.subject import ClusterRef, Subject

ENVIRONMENT, APPROVAL = "Environment", "Approval"


def environment_subject(environment: str) -> Subject:
    return Subject(ClusterRef(environment, ""), ENVIRONMENT, "", environment)


def approval_subject(environment: str, approval: str) -> Subject:
    """``approval`` is the id of the request."""
    return Subject(ClusterRef(environment, ""), APPROVAL, "", approval)
