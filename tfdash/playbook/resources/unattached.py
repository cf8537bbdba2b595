"""The rule of storage that is paid for and that nothing uses: volumes without a claim, claims that no pod mounts."""

from __future__ import annotations

from fnmatch import fnmatchcase
from fractions import Fraction
from typing import Any

from tfdash.durations import write_duration
from tfdash.model import resource_rules
from tfdash.model.capacity import PersistentVolume, PersistentVolumeClaim
from tfdash.model.kube import Pod
from tfdash.model.kubecluster import Namespace
from tfdash.model.subject import Key
from tfdash.model.verdict import Level, Verdict
from tfdash.playbook.resources.links import PODS_NAMING
from tfdash.playbook.resources.night import GRACE
from tfdash.playbook.resources.policy import ResourcesPolicy
from tfdash.playbook.resources.pricing import GIB, exact, money
from tfdash.playbook.resources.wording import written
from tfdash.playbook.rule import Case, Rule, RuleResult
from tfdash.playbook.staleness import Unread
from tfdash.text import safe

ID = resource_rules.UNATTACHED
_DAY = 86_400.0


def _judge(case: Case[Any]) -> RuleResult | None:
    return _volume(case) if isinstance(case.obj, PersistentVolume) else _claim(case)


def _volume(case: Case[PersistentVolume]) -> RuleResult | None:
    volume, after = case.obj, case.policies.resources.unattached_after
    if volume.phase not in ("Released", "Available", "Failed"):
        return None
    since = volume.phase_since or volume.created  # before 1.31 a server may not say it
    if not case.reached(since + after):
        return None
    when = (
        f"since {_ago(case.now - since)}"
        if volume.phase_since
        else f"since when is not known, made {_ago(case.now - since)} ago"
    )
    claim = safe(volume.claim)
    why = {
        "Released": f"its claim {claim} is gone, and its reclaim policy {safe(volume.reclaim_policy)} keeps it",
        "Available": "nobody claims it",
        "Failed": safe(volume.reason) or "it could not be reclaimed",
    }[volume.phase]
    what = _what(volume.capacity, volume.storage_class)
    cost = _cost(volume.capacity, volume.storage_class, case.policies.resources)
    return _found(case, f"{what} {volume.phase} {when}: {why}{cost}")


def _claim(case: Case[PersistentVolumeClaim]) -> RuleResult | None:
    claim, policies = case.obj, case.policies
    pods = case.seen(PODS_NAMING, Key(claim.namespace, claim.name))
    if claim.phase != "Bound" or isinstance(pods, Unread) or pods:
        return None
    if not case.reached(claim.created + policies.resources.unattached_after) or _down_by_hours(case):
        return None
    what = _what(claim.capacity, claim.storage_class)
    cost = _cost(claim.capacity, claim.storage_class, policies.resources)
    made = _ago(case.now - claim.created)
    return _found(case, f"{what} that no pod mounts; since when is not known, made {made} ago{cost}")


def _down_by_hours(case: Case[PersistentVolumeClaim]) -> bool:
    """Its pods are away because it is outside the hours of its namespace."""
    hours = case.policies.hours.get(case.ref.environment)
    space = case.maybe(Namespace, Key("", case.obj.namespace))
    if hours is None or space is None or hours.unmarked(space.labels):
        return False
    slot, changes = hours.slot(case.now), hours.changes_at(case.now)
    if changes is not None:
        case.reached(changes)
    return slot is None or not case.reached(slot.start + GRACE)


def _found(case: Case[PersistentVolume] | Case[PersistentVolumeClaim], words: str) -> RuleResult:
    sentence = f"{case.obj.name}: {words}"
    verdict = Verdict(level=Level.WARN, rule=ID, subject=case.subject, sentence=sentence)
    return RuleResult((verdict,))


def _what(size: int | None, storage_class: str) -> str:
    of = f" of class {safe(storage_class)}" if storage_class else ""
    return f"{written('storage', size) if size is not None else 'a volume of unknown size'}{of}"


def _cost(size: int | None, storage_class: str, policy: ResourcesPolicy) -> str:
    if not policy.volume_prices:
        return ""
    price = next((p for p in policy.volume_prices if fnmatchcase(storage_class, p.storage_class)), None)
    if price is None or size is None:
        return ", its cost not known: " + (
            "no price fits its class" if price is None else "its size is not known"
        )
    value = exact(price.gib_month) * Fraction(size, GIB)
    return f", {money(value, price.currency)} a month at list price"


def _ago(seconds: float) -> str:
    return write_duration(seconds // _DAY * _DAY) if seconds >= _DAY else "less than a day"


RULE = Rule(ID, (PersistentVolume, PersistentVolumeClaim), _judge, uses=(Pod, Namespace))
