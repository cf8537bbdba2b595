"""The rule of a claim: whether it has its volume, whether what was asked for came, and how full the volume is.

How full it is its kubelet tells (``VolumeUsage``), while a pod that runs has it mounted: of bytes what its file system has used of its
capacity, of inodes likewise where the file system has a number of them. What root alone may fill counts as free.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tfdash.figures import percent
from tfdash.model import resource_rules
from tfdash.model.capacity import PersistentVolumeClaim
from tfdash.model.kube import Pod
from tfdash.model.kubecluster import Event
from tfdash.model.subject import Key
from tfdash.model.usage import VolumeUsage
from tfdash.model.verdict import Evidence, Level, UnknownKind, Verdict
from tfdash.playbook.resources.links import PODS_WITH
from tfdash.playbook.resources.wording import written
from tfdash.playbook.rule import Case, Rule, RuleResult
from tfdash.playbook.serving.causes.finding import shorten
from tfdash.playbook.serving.links import EVENTS_ABOUT
from tfdash.playbook.staleness import NOT_ASKED, Unread, not_current
from tfdash.quantities import NANO

ID = resource_rules.VOLUME
_BINDS = 120.0  # seconds in which a claim that a pod waits for gets its volume
_RESIZES = 600.0  # seconds in which a volume grows while its pod runs
_TELLS = 600.0  # seconds until the volume of a pod that began to run is measured, scraped and asked for
_RESIZE_FAILS = ("ControllerResizeError", "NodeResizeError")
_DAY = 86_400.0
_Case = Case[PersistentVolumeClaim]


class _Finding(NamedTuple):
    level: Level
    sentence: str
    unknown: UnknownKind | None = None
    since: float | None = None


def _judge(case: _Case) -> RuleResult:
    claim = case.obj
    found = [*_state(case)]
    usage = None
    if not found or claim.phase == "Bound":
        usage = case.maybe(VolumeUsage, Key(claim.namespace, claim.name))
        found += _fill(case, usage)
    level = max(f.level for f in found)
    told = [f for f in found if f.level is level or f.level >= Level.MOVING]
    told.sort(key=lambda f: -f.level)
    share = None if usage is None else usage.fill
    return RuleResult(
        (
            Verdict(
                level=level,
                rule=ID,
                subject=case.subject,
                sentence=f"{claim.name}: {'; '.join(f.sentence for f in told)}",
                measured=share,
                limit=None if share is None else 100.0,
                band=None if share is None else (None, case.policies.resources.alert_at),
                unit="" if share is None else "%",
                evidence=Evidence(window=None if usage is None or usage.grows is None else usage.seen),
                unknown=told[0].unknown,
                since=told[0].since,
            ),
        )
    )


# -- whether it has its volume ---------------------------------------------------------------------------------------


def _state(case: _Case) -> Iterator[_Finding]:
    claim = case.obj
    if claim.deleting is not None:
        yield _Finding(Level.IDLE, "is being deleted")
    elif claim.phase == "Lost":
        yield _Finding(Level.BREACH, f"is lost: its volume {claim.volume} is not there any more")
    elif claim.phase == "Pending":
        yield _pending(case)
    elif claim.phase == "Bound":
        yield from _resize(case)
    else:
        yield _Finding(Level.UNKNOWN, f"its phase is {claim.phase or 'not said'}", UnknownKind.NO_DATA)


def _pending(case: _Case) -> _Finding:
    claim = case.obj
    about = case.some(EVENTS_ABOUT, claim.uid) if claim.uid else ()
    failed = max((e for e in about if e.type == "Warning"), key=lambda e: e.last_seen, default=None)
    if failed is not None:
        return _Finding(Level.WARN, f"gets no volume: {shorten(failed.message or failed.reason)}")
    pods = case.seen(PODS_WITH, Key(claim.namespace, claim.name))
    if isinstance(pods, Unread):
        return _Finding(Level.UNKNOWN, f"has no volume yet; pods are not known: {pods.cause}", pods.unknown)
    if not pods:
        return _Finding(Level.IDLE, "has no volume yet, and no pod that wants it")
    since = max(claim.created, min(p.created for p in pods))
    late = case.reached(since + _BINDS)
    waits = f"has no volume yet, and pod {pods[0].name} waits for it"
    return _Finding(Level.WARN if late else Level.MOVING, waits, since=since)


def _resize(case: _Case) -> Iterator[_Finding]:
    claim = case.obj
    there = {c.type: c for c in claim.conditions if c.status == "True"}
    for name in _RESIZE_FAILS:
        if (error := there.get(name)) is not None:
            why = shorten(error.message or error.reason)
            yield _Finding(Level.WARN, f"its resize fails: {why}", since=error.since)
            return
    grown = claim.asked is not None and claim.capacity is not None and claim.asked > claim.capacity
    waits = there.get("FileSystemResizePending") or there.get("Resizing")
    if waits is None and not grown:
        return
    to = f" to {written('storage', claim.asked)}" if grown and claim.asked is not None else ""
    if waits is None:
        yield _Finding(Level.MOVING, f"its resize{to} has not begun")
        return
    late = case.reached(waits.since + _RESIZES)
    if waits.type == "Resizing":
        said = f"its volume is being resized{to}"
    else:
        said = f"its file system waits to be resized{to}: a node does that where a pod mounts it"
    yield _Finding(Level.WARN if late else Level.MOVING, said, since=waits.since)


# -- how full it is ---------------------------------------------------------------------------------------------------


def _fill(case: _Case, usage: VolumeUsage | None) -> Iterator[_Finding]:
    claim = case.obj
    if claim.volume_mode == "Block":
        yield _Finding(Level.IDLE, "a block device: what is in it nobody tells")
    elif usage is None or usage.fill is None:
        yield _untold(case)
    elif case.reached(usage.current_until):
        old = not_current(usage.at, case.policies.calendar.tz)
        yield _Finding(Level.UNKNOWN, f"how full it is was {old.cause}", old.unknown)
    else:
        yield from _filled(case, usage)


def _untold(case: _Case) -> _Finding:
    claim = case.obj
    pods = case.seen(PODS_WITH, Key(claim.namespace, claim.name))
    by_pod = claim.owner is not None and claim.owner.kind == "Pod"  # an ephemeral volume
    if not isinstance(pods, Unread) and not by_pod:
        running = [p for p in pods if p.phase == "Running"]
        if not running:
            return _Finding(Level.IDLE, "no pod runs with it, so that nobody tells how full it is")
        if not case.reached(min(p.started or p.created for p in running) + _TELLS):
            return _Finding(Level.MOVING, "its pod has just begun, how full it is was not measured yet")
    why = case.unread(VolumeUsage)
    if why is NOT_ASKED:
        not_watched = "how full it is is not watched: no Prometheus is asked for it"
        return _Finding(Level.IDLE, not_watched, UnknownKind.NOT_WATCHED)
    if why is not None:
        return _Finding(Level.UNKNOWN, f"how full it is is not known: {why.cause}", why.unknown)
    return _Finding(
        Level.UNKNOWN,
        "how full it is is not known: Prometheus has no such series of it (not every CSI driver tells)",
        UnknownKind.NO_DATA,
    )


def _filled(case: _Case, usage: VolumeUsage) -> Iterator[_Finding]:
    alert = case.policies.resources.alert_at
    assert usage.used is not None and usage.capacity
    level, said = _share(usage.used, usage.capacity, alert)
    of = f"{written('storage', round(usage.used * NANO))} of {written('storage', round(usage.capacity * NANO))}"
    full = ", full: nothing more can be written" if usage.used >= usage.capacity else ""
    yield _Finding(level, f"{said} % used, {of}{full}{_alert(level, alert)}{_left(usage)}")
    if usage.inodes and usage.inodes_used is not None:
        level, said = _share(usage.inodes_used, usage.inodes, alert)
        full = ", none is left: no file more can be made" if usage.inodes_used >= usage.inodes else ""
        of = f"{usage.inodes_used:.0f} of {usage.inodes:.0f}"
        yield _Finding(level, f"{said} % of its inodes used, {of}{full}{_alert(level, alert)}")


def _share(used: float, whole: float, alert: float) -> tuple[Level, str]:
    level = Level.BREACH if used >= whole else Level.WARN if used * 100 >= alert * whole else Level.OK
    return level, percent(100 * used / whole, alert, 100)


def _alert(level: Level, alert: float) -> str:
    return f": alert at {alert:g} %" if level is Level.WARN else ""


def _left(usage: VolumeUsage) -> str:
    """``, 12 days left as it grew over 7 d (2.4Gi a day)``; "" where it does not grow, or where less than a day was seen."""
    days = usage.days_left
    if days is None or usage.grows is None or usage.used is None:
        return ""
    a_day = written("storage", round(usage.grows * _DAY) * NANO)
    if days >= 1000:
        return ", more than 1000 days left"
    left = f"{days:.0f} days" if days >= 10 else f"{days:.1f} days"
    return f", {left} left as it grew over {usage.seen / _DAY:.0f} d ({a_day} a day, median slope)"


RULE = Rule(ID, (PersistentVolumeClaim,), _judge, uses=(VolumeUsage, Pod, Event))
