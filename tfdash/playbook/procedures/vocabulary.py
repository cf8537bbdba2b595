"""What the files of procedures may name that stands elsewhere: probes, actions, commands, places, messages."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from tfdash.playbook.procedures.probe import Probe


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """Each None is not known here, and nothing is held against it. ``actions``: the names of the arguments of each, and of
    those of them that it needs. ``commands``: the names of what stands in braces in each. ``needs``: the first word of each ("pipeline" of
    "pipeline NAME"), and whether a name may, and must, stand behind it. ``remembered``: a text or a table as the audit log keeps it, without what looks like a secret."""

    probes: Mapping[str, Probe] | None = None
    actions: Mapping[str, tuple[Collection[str], Collection[str]]] | None = None
    needs: Mapping[str, tuple[bool, bool]] | None = None
    commands: Mapping[str, Collection[str]] | None = None
    hosts: Collection[str] | None = None
    pipelines: Collection[str] | None = None
    messages: Collection[str] | None = None
    channels: Collection[str] | None = None
    remembered: Callable[[Any], Any] | None = None


ANYTHING = Vocabulary()
