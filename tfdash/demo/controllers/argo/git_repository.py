"""The simulated git repository that Argo CD deploys from: what each Application's workload is to look like, by commit."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import NamedTuple

from tfdash.demo.apiserver.objects import Obj

Key = tuple[str, str]


class Commit(NamedTuple):
    """``template`` is the workload's pod template, ``cause`` the commit's words."""

    revision: str
    template: Obj
    cause: str


class Tracked(NamedTuple):
    """One workload that an Application deploys."""

    storage: str
    namespace: str
    name: str


class Repository:
    """``changed`` is told of each commit, with the Application it concerns."""

    def __init__(self) -> None:
        self.changed: Callable[[Key], None] = lambda key: None
        self._tracked: dict[Key, Tracked] = {}
        self._head: dict[Key, Commit] = {}

    def track(self, application: Key, workload: Tracked, template: Obj, cause: str) -> Commit:
        self._tracked[application] = workload
        return self.commit(application, template, cause)

    def commit(self, application: Key, template: Obj, cause: str) -> Commit:
        before = self._head.get(application)
        text = f"{before.revision if before else ''}/{application}/{cause}/{template!r}"
        made = Commit(hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest(), template, cause)
        self._head[application] = made
        self.changed(application)
        return made

    def of(self, storage: str, namespace: str, name: str) -> Key | None:
        """The Application that deploys a workload."""
        wanted = Tracked(storage, namespace, name)
        return next((key for key, tracked in self._tracked.items() if tracked == wanted), None)

    def workload(self, application: Key) -> Tracked | None:
        return self._tracked.get(application)

    def head(self, application: Key) -> Commit | None:
        return self._head.get(application)
