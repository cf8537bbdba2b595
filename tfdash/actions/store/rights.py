"""What a server is asked before a person's word counts: they may do what it is about."""

from __future__ import annotations

import msgspec

from tfdash.actions.kubernetes.paths import path_of
from tfdash.actions.store.subjects import environment_subject
from tfdash.model.action import Plan, Request
from tfdash.model.picture import Picture
from tfdash.model.subject import Subject
from tfdash.nouns import plural

_MOST = 8  # namespaces that are asked, one by one


def may_patch(plan: Plan, picture: Picture) -> tuple[Request, ...]:
    """The workload itself."""
    return (patch_of(plan.subject),)


def may_patch_deployments(plan: Plan, picture: Picture) -> tuple[Request, ...]:
    """Deployments in the environment: in all namespaces of one of its clusters, or in one of those that are shown."""
    found: list[Request] = []
    for ref, cluster in picture.clusters.items():
        if ref.environment == plan.subject.name:
            shown = sorted({key.namespace for key in cluster.objects("Deployment")})
            found += [patch_of(Subject(ref, "Deployment", space, "")) for space in ("", *shown[:_MOST])]
    return tuple(found)


def may_patch_item(plan: Plan, picture: Picture) -> tuple[Request, ...]:
    """Deployments in the environment that a dated promise is about; of one of the platform, in any that is shown."""
    environment = plan.subject.cluster.environment
    shown = sorted({ref.environment for ref in picture.clusters})
    names = [environment] if environment else shown
    return tuple(
        one
        for name in names
        for one in may_patch_deployments(
            msgspec.structs.replace(plan, subject=environment_subject(name)), picture
        )
    )


def patch_of(at: Subject) -> Request:
    """To be asked about, never to be sent."""
    what = (
        f"patch {at}" if at.name else f"patch {plural(at.kind.lower())} in {at.namespace or 'all namespaces'}"
    )
    return Request(method="PATCH", path=path_of(at), what=what, subject=at)
