"""Small pictures for tests of views and reports: objects by kind, one cluster unless said otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from tfdash.model.assessment import EMPTY_ASSESSMENT, Assessment
from tfdash.model.kube import Condition, Container, ContainerStatus, Object, Pod
from tfdash.model.observation import Observation
from tfdash.model.picture import Change, ClusterPicture, Picture, ServerInfo
from tfdash.model.subject import ClusterRef, Key, Subject
from tfdash.model.traffic import NOT_MEASURED, Signals
from tfdash.model.update import Update

EU = ClusterRef("production", "eu-1")
US = ClusterRef("production", "us-1")
NOW = 1_795_443_300.0  # Mon 23 Nov 2026 14:15:00 UTC
HOSTILE = "[red]x[/]\x1b[2J\u202eevil\x00\u200b"
VISIBLE = "[red]x[/]␛[2J<U+202E>evil␀<U+200B>"


def pod(name: str, namespace: str = "a", **over: Any) -> Pod:
    """A healthy pod, but for what is given."""
    given: dict[str, Any] = {
        "phase": "Running",
        "uid": f"uid-{name}",
        "resource_version": "1",
        "created": NOW - 7200,
        "node": "node-1",
        "ip": "10.0.0.1",
        "containers": (Container("main", "registry.example/team/web:1.2"),),
        "statuses": (ContainerStatus("main", ready=True, started=True, state="running"),),
        "conditions": (Condition("Ready", "True"),),
    }
    return Pod(namespace=namespace, name=name, **(given | over))


def seen(objects: Iterable[Object], **over: Any) -> Observation[Mapping[Key, Object]]:
    """The objects as a complete, fresh observation."""
    given: dict[str, Any] = {"complete": True, "observed_at": NOW, "source": "test"}
    return Observation(value={Key(o.namespace, o.name): o for o in objects}, **(given | over))


def cluster(ref: ClusterRef = EU, info: ServerInfo | None = None, **kinds: Any) -> ClusterPicture:
    """A cluster by kinds, each a list of objects or an Observation."""
    return ClusterPicture(
        ref=ref,
        info=Observation(value=info or ServerInfo(version="v1.37.2"), observed_at=NOW, source=ref.cluster),
        kinds={
            kind: value if isinstance(value, Observation) else seen(value) for kind, value in kinds.items()
        },
    )


def picture(*clusters: ClusterPicture, number: int = 1) -> Picture:
    refs = {c.ref: c for c in clusters}
    signals = Signals(prometheus=dict.fromkeys(refs, NOT_MEASURED))
    return Picture(at=NOW, number=number, clusters=refs, signals=signals)


def update(
    shown: Picture,
    changed: Mapping[tuple[ClusterRef, str], Iterable[Key] | None] | None = None,
    assessment: Assessment = EMPTY_ASSESSMENT,
    judged: Iterable[Subject] | None = (),
) -> Update:
    """An update; every kind is a fresh list unless ``changed`` says which keys differ."""
    if changed is None:
        changed = {(c.ref, kind): None for c in shown.clusters.values() for kind in c.kinds}
    keys = {at: None if named is None else frozenset(named) for at, named in changed.items()}
    change = Change(keys=keys, freshness=frozenset())
    return Update(shown, assessment, change, None if judged is None else frozenset(judged))


def altered(obj: Any, **over: Any) -> Any:
    """A newer version of an object."""
    return msgspec.structs.replace(obj, **({"resource_version": f"{obj.resource_version}+"} | over))
