"""The places of commands out of the configuration. Imported by the acting composition alone: what is made here starts things."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from tfdash.actions.core.protocols import Writer
from tfdash.model.subject import ClusterRef
from tfdash.playbook.procedures.settings import AllowedCommand, PipelineSettings, ProceduresSettings
from tfdash.procedures.kind import Places
from tfdash.procedures.protocols import Place, RunRefused
from tfdash.sources.kubernetes.credentials import read_secret
from tfdash.spelling import nearest
from tfdash.writers.places.github import GitHubPlace
from tfdash.writers.places.gitlab import GitLabPlace
from tfdash.writers.places.here import HerePlace
from tfdash.writers.places.host import HostPlace
from tfdash.writers.places.http import HttpPlace
from tfdash.writers.places.job import JobPlace
from tfdash.writers.places.memory import MemoryOfWork
from tfdash.writers.places.pipeline import PipelinePlace

_PIPELINES = {"github": GitHubPlace, "gitlab": GitLabPlace, "http": HttpPlace}


def places_of(settings: ProceduresSettings, folder: Path, writers: Mapping[ClusterRef, Writer]) -> Places:
    """By "here", "host NAME", "job", "job CLUSTER" and "pipeline NAME". ``folder``: the store's, beside which it is remembered what was
    begun."""
    memory = MemoryOfWork(folder / "work")
    made: dict[str, Place] = {"here": HerePlace(memory)}
    for name, host in settings.hosts.items():
        made[f"host {name}"] = HostPlace(name, host)
    for name, pipeline in settings.pipelines.items():
        if pipeline.kind not in _PIPELINES:
            continue  # a command's: a name for one of the others
        made[f"pipeline {name}"] = _pipeline(name, pipeline, memory)

    def place(name: str, cluster: ClusterRef, allowed: AllowedCommand | None) -> Place:
        kind, _, which = name.partition(" ")
        if kind == "job":
            return JobPlace(_writer(which, cluster, writers), memory, allowed)
        found = made.get(name)
        if found is None:
            raise RunRefused(f"there is no place {name!r} in this configuration", remedy=nearest(name, made))
        return found

    return place


def _writer(name: str, cluster: ClusterRef, writers: Mapping[ClusterRef, Writer]) -> Writer:
    """Of the cluster of that name, or where the run acts. Raises ``RunRefused``."""
    refs = {ref.cluster: ref for ref in writers if ref.environment == cluster.environment}
    found = writers.get(refs.get(name, cluster) if name else cluster)
    if found is None or (name and name not in refs):
        raise RunRefused(f"there is no cluster {name or cluster.cluster!r} here", remedy=nearest(name, refs))
    return found


def _pipeline(name: str, settings: PipelineSettings, memory: MemoryOfWork) -> PipelinePlace:
    make: Callable[..., PipelinePlace] = _PIPELINES[settings.kind]
    return make(name, settings, memory, read_secret)
