"""What the slim ReplicaSets of a picture tell of what changed, where nobody can be asked for revisions: a recording holds no more."""

from __future__ import annotations

from collections.abc import Iterable

from tfdash.model.kube import ReplicaSet
from tfdash.model.picture import Picture
from tfdash.model.subject import ClusterRef, Subject
from tfdash.text import safe
from tfdash.views.changes import Altered
from tfdash.views.image import short_images


def kept_revisions(
    picture: Picture,
    carriers: Iterable[tuple[ClusterRef, str]],
    namespaces: tuple[str, ...] | None,
    since: float,
    until: float,
) -> tuple[Altered, ...]:
    """The revisions that were made from ``since`` to ``until`` (epoch seconds), of each cluster's ``carriers`` (kinds that keep them as
    ReplicaSets), newest first. None is held against another: which one was wanted before it no slim object tells."""
    asked = frozenset(carriers)
    found: list[Altered] = []
    for ref, cluster in picture.clusters.items():
        seen = cluster.kinds.get(ReplicaSet.KIND)
        for one in (seen.value or {}).values() if seen is not None else ():
            if not isinstance(one, ReplicaSet) or one.owner is None or (ref, one.owner.kind) not in asked:
                continue
            if not since <= one.created < until or (
                namespaces is not None and one.namespace not in namespaces
            ):
                continue
            images = tuple(container.image for container in one.template.containers)
            name = f"what is revision {one.revision} now" if one.revision else safe(one.name)
            subject = Subject(ref, one.owner.kind, one.namespace, one.owner.name, one.owner.uid)
            what = f"{name} was made: {short_images(images)}"
            found.append(
                Altered(one.created, subject, "", what, witness="revision", images=", ".join(images))
            )
    return tuple(sorted(found, key=lambda c: (-c.at, str(c.subject))))


def none_known(span: str, begins: str, unread: bool) -> str:
    """The sentence where no change is known of: what was not read was not unchanged. ``begins``: when the recording does that is
    played, "" where none is."""
    if begins:
        return f"No change is in this recording, which begins at {begins}; who wrote before it is not known."
    if unread:
        return f"Nothing that was read tells of a change in the last {span}; of the rest it is not known."
    return f"Nobody is known to have changed anything in the last {span}."
