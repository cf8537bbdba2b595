"""One immutable set of observations at one time: what the rules read and what the screens show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

import msgspec

from tfdash.model.kube import Object
from tfdash.model.observation import Observation
from tfdash.model.store_state import EMPTY_STORE_STATE, StoreState
from tfdash.model.subject import ClusterRef, Key
from tfdash.model.traffic import NO_SIGNALS, SignalKey, Signals
from tfdash.model.versions import DeprecatedApis

Objects: TypeAlias = Mapping[Key, Object]
"""All objects of one kind in one cluster, by (namespace, name). Never mutated after it was published."""


class AbsentNamespace(NamedTuple):
    """A namespace that was named and is not there, and the one that is there and was probably meant."""

    name: str
    nearest: str = ""
    configured: bool = False  # for this very cluster, not for another one that is shown beside it

    def __str__(self) -> str:
        return f"{self.name}; the nearest is {self.nearest}" if self.nearest else self.name


class ServerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a cluster says of itself and of us. ``skew`` is server time minus ours, in seconds."""

    version: str = ""
    user: str = ""
    groups: tuple[str, ...] = ()
    url: str = ""
    context: str = ""
    skew: float | None = None
    latency: float | None = None  # seconds of one round trip
    crds: frozenset[str] = frozenset()  # group/resource names found by discovery, e.g. "argoproj.io/rollouts"
    deprecated: DeprecatedApis | None = None  # None: nobody asked for it
    missing: tuple[AbsentNamespace, ...] = ()  # to which the reading is restricted


class ClusterPicture(msgspec.Struct, frozen=True, kw_only=True):
    """Everything known of one cluster. A kind that nobody asked for is absent from ``kinds``."""

    ref: ClusterRef
    info: Observation[ServerInfo]
    kinds: Mapping[str, Observation[Objects]]

    def objects(self, kind: str) -> Objects:
        """The objects of ``kind``, provisional rows among them; empty where nothing is known."""
        seen = self.kinds.get(kind)
        return seen.value if seen is not None and seen.value is not None else {}


NO_PAGE = ("sources",)
"""Of what only the page of the sources itself shows: what is written for later."""


class SourceInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a source says of itself beside whether it is well. ``name`` as on screens; texts may come from outside."""

    name: str
    about: str = ""  # version, address, identity
    count: int | None = None  # of what it delivers: workloads with samples, journeys, entries
    cluster: ClusterRef | None = None  # where it is one cluster's
    only_for: tuple[str, ...] = ()  # pages that rest on it; none: every page does


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """All clusters at one time (epoch seconds, UTC). ``number`` grows by one with each publication."""

    at: float
    number: int
    clusters: Mapping[ClusterRef, ClusterPicture]
    signals: Signals = NO_SIGNALS
    store_state: StoreState = EMPTY_STORE_STATE
    sources: Mapping[
        str, Observation[SourceInfo]
    ] = {}  # by source id; the clusters' own stand in ``clusters``


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between a picture and the one before it.

    ``keys`` maps (cluster, kind) to the keys that appeared, changed or went; None means "compare for yourself"
    (a fresh list). ``freshness`` names the (cluster, kind) pairs of which only the age, progress or problem changed;
    kind "" stands for the cluster itself. What does not come from a cluster is named one by one, too, so that whoever reads
    some of it need not look again for the rest.
    """

    keys: Mapping[tuple[ClusterRef, str], frozenset[Key] | None]
    freshness: frozenset[tuple[ClusterRef, str]]
    signals: frozenset[SignalKey] | None = frozenset()  # None: any of them
    store: frozenset[str] | None = (
        frozenset()
    )  # the fields of the store's state that differ; None: any of them
    sources: frozenset[str] = frozenset()  # ids of the sources that say something else of themselves
