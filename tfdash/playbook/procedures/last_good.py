"""The last-good picture: taken of a service only while it is known to serve, and told to a run as one text a service. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from tfdash.model.kube import HorizontalPodAutoscaler
from tfdash.model.last_good import GoodService, LastGood
from tfdash.model.subject import ClusterRef, Key
from tfdash.model.workload import IN_FLIGHT, Serving
from tfdash.playbook.procedures.probe import ProbeCase
from tfdash.playbook.procedures.probes.look import ProbeLook
from tfdash.playbook.procedures.probes.workloads import (
    Serves,
    images_of,
    scalers_of,
    serves,
    workload_object,
)
from tfdash.playbook.procedures.recovery_settings import (
    AHEAD,
    PIPELINE,
    SCALED,
    SIGNED,
    SYNC,
    RecoverySettings,
    RestoredService,
    in_order,
)
from tfdash.playbook.procedures.subject_text import subject_in, subject_text
from tfdash.playbook.staleness import Unread

_IMAGES = 20  # that are kept of one service
_OTHERS = (
    30 * 86_400.0
)  # seconds for which what other terminals declare is kept for them: no restore takes what is older
_KEYS = ("tier", "replicas", "hpa", "min", "max", "by", "of", "owner", "had", "hadmin", "hadmax")
_NUMBERS = frozenset({"tier", "replicas", "min", "max", "had", "hadmin", "hadmax"})
_TEXT = re.compile(
    r"(?P<object>(?:Deployment|StatefulSet|Rollout) [^\s,/=]+/[^\s,/=]+)(?P<rest>(?: [a-z]+=[^\s,=]+)*)"
)
PARTS = (
    "kind",
    "namespace",
    "name",
    "object",
    "tier",
    "replicas",
    "scaler",
    "min",
    "max",
    "sync",
    "pipeline",
    "signed",
    "owner",
    "whose",
)
"""What ``{each.PART}`` may be of a service that is restored: ``object`` is "Deployment namespace/name", ``scaler`` its HPA likewise. What it has none of
is "", so that ``given = ["each.scaler"]`` tells."""

SHOWN_PARTS: Mapping[str, str] = {
    "kind": "Deployment",
    "namespace": "namespace",
    "name": "name",
    "object": "Deployment namespace/name",
    "tier": "",
    "replicas": "2",
    "scaler": "HorizontalPodAutoscaler namespace/name",
    "min": "2",
    "max": "8",
    "sync": "APPLICATION",
    "pipeline": "NAME",
    "signed": "namespace/name",
    "owner": "OWNER",
    "whose": ", of OWNER",
}
"""A service that comes up in every way and in every tier: there is none, but a document shows all steps."""


class _Shape(NamedTuple):
    """What must stay as it is while a service counts as steady: its size may move between the bounds."""

    scaler: str
    minimum: int
    maximum: int
    images: tuple[str, ...]


class LastGoodTaking:
    """For how long each service served as it is, as one terminal saw it: what was not seen does not count. Ask it at least each minute."""

    def __init__(self, settings: RecoverySettings) -> None:
        self._settings = settings
        self._order = in_order(settings.services)
        self._since: dict[
            tuple[ClusterRef, str], tuple[float, float, _Shape]
        ] = {}  # since, last seen, as what

    def taken(self, case: ProbeCase, longest_gap: float) -> dict[str, GoodService]:
        """By name, those of the case's cluster that served for as long as is asked, as they are now. ``longest_gap``: seconds without a look
        behind which it begins anew."""
        found: dict[str, GoodService] = {}
        for name in self._order:
            at, now = (case.cluster, name), case.now
            one = _good_now(name, self._settings.services[name], case)
            if one is None:
                self._since.pop(at, None)
                continue
            shape = _Shape(one.scaler, one.minimum, one.maximum, one.images)
            since, seen, before = self._since.get(at, (now, now, shape))
            if before != shape or not 0 <= now - seen <= longest_gap:
                since = now
            self._since[at] = (since, now, shape)
            if now - since >= self._settings.last_good.good_for:
                found[name] = msgspec.structs.replace(one, since=since)
        return found

    def written(self, before: LastGood, merged: LastGood, now: float) -> LastGood:
        """``merged`` for the file, with what other terminals declare and this one does not: it is theirs."""
        declared = self._settings.services
        others = (one for one in before.services if one.name not in declared and now - one.at < _OTHERS)
        return LastGood(services=(*merged.services, *others))

    def merged(self, before: LastGood, taken: Mapping[str, GoodService]) -> LastGood:
        """In the order of a restore; the newest of each, and what is not declared here is left out. What is later than what is taken now is
        of a clock that was wrong."""
        known = {one.name: one for one in before.services}
        for name, one in taken.items():
            if name not in known or not one.at < known[name].at <= one.at + AHEAD:
                known[name] = one
        declared = self._settings.services
        own = [(name, known[name]) for name in self._order if name in known]
        return LastGood(
            services=tuple(
                _declared(one, declared[name])
                for name, one in own
                if subject_text(one.workload) == declared[name].workload
            )
        )


def _declared(one: GoodService, of: RestoredService) -> GoodService:
    """Tier, owner and the way it comes up are what is said of it now, not what was when it was taken."""
    way, _, by = of.comes_up.partition(" ")
    return msgspec.structs.replace(
        one, tier=of.tier, owner=of.owner, rests_on=of.rests_on, comes_up=way, by=by
    )


def _good_now(name: str, declared: RestoredService, case: ProbeCase) -> GoodService | None:
    """As it is, where it is known to serve whole and no other version of it is on its way; None else."""
    sight, subject = ProbeLook(case), subject_in(declared.workload, case.cluster)
    if subject is None:
        return None
    told, obj = serves(sight, subject), workload_object(sight, subject)
    if (
        not isinstance(told, Serves)
        or told.serving is not Serving.OK
        or obj is None
        or isinstance(obj, Unread)
    ):
        return None
    state, release = case.assessment.workloads.get(subject), case.assessment.releases.get(subject)
    if (state is not None and state.release in IN_FLIGHT) or (release is not None and release.in_flight):
        return None
    mine = scalers_of(sight, subject)
    if isinstance(mine, Unread) or len(mine) > 1:
        return None
    desired, images = getattr(obj, "desired", 0), images_of(sight, obj)
    return _declared(
        GoodService(
            name=name,
            workload=subject,
            at=case.now,
            since=case.now,
            replicas=desired,
            scaler=mine[0].name if mine else "",
            minimum=mine[0].min_replicas if mine else 0,
            maximum=mine[0].max_replicas if mine else 0,
            images=images[:_IMAGES] if not isinstance(images, Unread) else (),
            tier=declared.tier,
        ),
        declared,
    )


# -- as a run is told of it ----------------------------------------------------------------------------------------------


class StoodBefore(NamedTuple):
    """How a service stood where it is brought up, before it was: ``minimum`` and ``maximum`` of its HPA, None where it has none."""

    replicas: int
    minimum: int | None = None
    maximum: int | None = None


def standing(one: GoodService, case: ProbeCase) -> StoodBefore | None:
    """In the cluster of the case; None where it is not known."""
    look = ProbeLook(case)
    obj = workload_object(look, one.workload)
    scaler = look.one(HorizontalPodAutoscaler, Key(one.workload.namespace, one.scaler))
    if obj is None or isinstance(obj, Unread) or isinstance(scaler, Unread):
        return None
    if scaler is None:
        return StoodBefore(obj.desired)
    return StoodBefore(obj.desired, scaler.min_replicas, scaler.max_replicas)


def restored_text(one: GoodService, before: StoodBefore | None = None) -> str:
    """One service with all that a run needs to bring it back, so that the run says what was meant though the picture is gone; and how it
    stood there ``before``, which a way back returns to."""
    had = before or StoodBefore(0)
    pairs = {
        "tier": str(one.tier),
        "replicas": str(one.replicas),
        "hpa": one.scaler,
        "min": str(one.minimum) if one.scaler else "",
        "max": str(one.maximum) if one.scaler else "",
        "by": one.comes_up,
        "of": one.by,
        "owner": one.owner,
        "had": str(had.replicas) if before is not None else "",
        "hadmin": str(had.minimum) if had.minimum is not None else "",
        "hadmax": str(had.maximum) if had.maximum is not None else "",
    }
    return " ".join((subject_text(one.workload), *(f"{key}={pairs[key]}" for key in _KEYS if pairs[key])))


def stood_before(text: str) -> str:
    """Such a text of what a service was before a restore, out of the text by which it was restored; "" where that does not say it."""
    parts, told = restored_parts(text), _told(text)
    if not parts or "had" not in told:
        return ""
    bounded = "hpa" in told and "hadmin" in told and "hadmax" in told
    pairs = {
        "tier": told["tier"],
        "replicas": told["had"],
        "hpa": told["hpa"] if bounded else "",
        "min": told["hadmin"] if bounded else "",
        "max": told["hadmax"] if bounded else "",
        "owner": parts["owner"],
    }
    return " ".join((parts["object"], *(f"{key}={value}" for key, value in pairs.items() if value)))


def _told(text: str) -> dict[str, str]:
    found = _TEXT.fullmatch(text)
    return dict(pair.split("=", 1) for pair in found["rest"].split()) if found is not None else {}


def restored_parts(text: str) -> Mapping[str, str]:
    """``PARTS`` of such a text; none where it is none."""
    return dict(_parts(text))


def _parts(text: str) -> Iterator[tuple[str, str]]:
    found = _TEXT.fullmatch(text)
    if found is None or wrong_restored(text):
        return
    kind, _, where = found["object"].partition(" ")
    namespace, _, name = where.partition("/")
    told = _told(text)
    yield from (("kind", kind), ("namespace", namespace), ("name", name), ("object", found["object"]))
    yield from ((key, told.get(key, "")) for key in ("tier", "replicas", "min", "max", "owner"))
    yield "whose", f", of {told['owner']}" if told.get("owner") else ""
    yield "scaler", f"HorizontalPodAutoscaler {namespace}/{told['hpa']}" if told.get("hpa") else ""
    way, by = told.get("by", SCALED), told.get("of", "")
    yield "sync", by if way == SYNC else ""
    yield "pipeline", by if way == PIPELINE else ""
    yield "signed", where if way == SIGNED else ""


def wrong_restored(text: str) -> str:
    """Why a text is no such service, "" where it is one."""
    found = _TEXT.fullmatch(text)
    if found is None:
        return 'is no service to restore; write "Deployment namespace/name tier=3 replicas=2", or take one of the last-good picture'
    told = _told(text)
    if len(told) != len(found["rest"].split()) or told.keys() - set(_KEYS):
        return f"says something twice, or what is none of {', '.join(_KEYS)}"
    for key in sorted(
        {"tier", "replicas", *(("min", "max") if "hpa" in told else ())} | (_NUMBERS & told.keys())
    ):
        if not (told.get(key, "").isascii() and told.get(key, "").isdigit() and len(told[key]) < 6):
            return f"says no number for {key}"
    return ""
