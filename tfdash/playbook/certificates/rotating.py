"""The rule of an authority that is rotated: going on in its order, or out of it, which is an outage now or one that waits."""

from __future__ import annotations

from collections.abc import Iterator

from tfdash.model import dated_rules
from tfdash.model.cert_manager import Certificate
from tfdash.model.rotation import Rotation, RotationStepState
from tfdash.model.verdict import Evidence, Level, UnknownKind, Verdict
from tfdash.nouns import counted
from tfdash.playbook.certificates.causes import subjects
from tfdash.playbook.certificates.rotation import USES, rotation_of
from tfdash.playbook.rule import Case, Rule, RuleResult

ID = dated_rules.ROTATION
_NAMED = 3


def _judge(case: Case[Certificate]) -> RuleResult | None:
    rotation = rotation_of(case, case.obj, case.policies.certificates, case.reached)
    if rotation is None:
        return None
    if not rotation.under_way or rotation.newest.uid != case.obj.uid:
        return RuleResult((), rotation)  # of several of a family the newest one speaks
    found = sorted(_found(rotation), key=lambda f: -f[0])
    level = found[0][0]
    told = "; ".join(words for worse, words in found if worse is level or worse >= Level.WARN)
    return RuleResult(
        (
            Verdict(
                level=level,
                rule=ID,
                subject=case.subject,
                sentence=f"{case.obj.name}: {told}",
                evidence=Evidence(objects=subjects(case, rotation.signed.old)),
                unknown=UnknownKind.NO_DATA if level is Level.UNKNOWN else None,
                since=case.obj.not_before,
            ),
        ),
        rotation,
    )


def _found(rotation: Rotation) -> Iterator[tuple[Level, str]]:
    if rotation.gone:
        old = rotation.signed.old
        what = (
            f"{counted(len(old), 'leaf')} of it {'is' if len(old) == 1 else 'are'} left"
            if old
            else "what it signed is served"
        )
        yield (
            Level.BREACH,
            f"the old one is gone from {_names(rotation.gone)} while {what}: whoever reads that refuses it",
        )
    if rotation.early:
        many = len(rotation.signed.new)
        yield (
            Level.WARN,
            f"{counted(many, 'leaf')} {'is' if many == 1 else 'are'} signed by the new one, which {_names(rotation.early)} "
            f"{'does' if len(rotation.early) == 1 else 'do'} not trust: an outage in waiting",
        )
    first = rotation.first
    if first is None:
        yield Level.MOVING, "is rotated: the last step is to be seen"
    elif first.state is RotationStepState.UNKNOWN:
        yield Level.UNKNOWN, f"is rotated, {_place(rotation)}: {first.told}"
    else:
        yield Level.MOVING, f"is rotated, {_place(rotation)}: {first.told}"


def _place(rotation: Rotation) -> str:
    at = next((n for n, s in enumerate(rotation.steps, 1) if not s.proof.proven), len(rotation.steps))
    return f"step {at} of {len(rotation.steps)}"


def _names(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"


RULE = Rule(
    ID,
    (Certificate,),
    _judge,
    uses=USES,
    whom=lambda obj: isinstance(obj, Certificate) and obj.is_ca,
    tells=Rotation,
)
