"""What a probe is: one question about what was observed, which passes, fails, or is not known. Each is declared in
``tfdash.playbook.procedures.probes`` and listed in its ``PROBES``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from tfdash.model.assessment import Assessment
from tfdash.model.picture import Picture
from tfdash.model.run import Probed
from tfdash.model.subject import ClusterRef
from tfdash.playbook.policies import Policies


class ProbeCase(msgspec.Struct, frozen=True, kw_only=True):
    """What a probe may look at. ``arguments`` are filled in: no ``{input}`` is left in them. ``cluster``: where the run acts. ``ours``: the
    marks of the acts of the step that asks (request ids, uids, names of units), for a postcondition about our own act."""

    arguments: Mapping[str, str]
    cluster: ClusterRef
    picture: Picture
    assessment: Assessment
    now: float
    policies: Policies | None = None
    ours: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class ProbeArgument:
    """``choices`` () is any text. ``needed``: without it the file is refused."""

    id: str
    title: str
    choices: tuple[str, ...] = ()
    needed: bool = True


@dataclass(frozen=True, kw_only=True)
class Probe:
    """``reach``: it tells what this terminal reaches, which says of the thing itself only that this terminal does not. ``needs``: kinds that must be read for it to be known (the ids of ``tfdash.model.kinds: KINDS``); they are kept current
    while an open run asks it. ``line``: the same in another tool, of the filled arguments. ``written``: it tells what was written down, for
    which nobody waits who is served."""

    id: str
    title: str  # in words, with {argument}: "{workload} serves"
    judge: Callable[[ProbeCase], Probed]
    line: Callable[[Mapping[str, str]], str]
    arguments: tuple[ProbeArgument, ...] = ()
    needs: frozenset[str] = frozenset()
    reach: bool = False
    written: bool = False
