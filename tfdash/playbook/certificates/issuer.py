"""The rule of who issues and of whom one trusts: Issuer and ClusterIssuer ready, Bundle written everywhere; if not, in the words of
whoever keeps it."""

from __future__ import annotations

from typing import Any

from tfdash.model import dated_rules
from tfdash.model.cert_manager import AnyIssuer, Bundle, Certificate, ClusterIssuer, Issuer
from tfdash.model.kube import Condition
from tfdash.model.subject import Key
from tfdash.model.verdict import Level, UnknownKind, Verdict
from tfdash.nouns import counted
from tfdash.playbook.certificates.causes import not_ready
from tfdash.playbook.certificates.links import ISSUED_BY
from tfdash.playbook.rule import Case, Rule, RuleResult
from tfdash.playbook.serving.causes.finding import shorten

ID = dated_rules.ISSUER
_UNLOOKED_FOR = 60.0  # seconds after which one that nobody has looked at has no controller
_BY = {"acme": "by ACME", "ca": "by its own authority", "selfSigned": "each signed by itself"}


def _judge(case: Case[Any]) -> RuleResult:
    obj = case.obj
    is_bundle = isinstance(obj, Bundle)
    kind, keeper = ("Synced", "trust-manager") if is_bundle else ("Ready", "cert-manager")
    said = next((c for c in obj.conditions if c.type == kind), None)
    level, sentence, unknown = _said(case, said, keeper)
    since = said.since or None if said is not None and level > Level.OK else None
    if level is Level.OK:
        sentence = _well(case)
    elif level is Level.WARN and not is_bundle:
        sentence = f"{sentence}; {_used_by(case)}"
    return RuleResult(
        (
            Verdict(
                level=level,
                rule=ID,
                subject=case.subject,
                sentence=f"{obj.name}: {sentence}",
                unknown=unknown,
                since=since,
            ),
        )
    )


def _said(case: Case[Any], said: Condition | None, keeper: str) -> tuple[Level, str, UnknownKind | None]:
    obj = case.obj
    if obj.deleting is not None:
        return Level.IDLE, "is being deleted", None
    if said is None:
        if case.reached(obj.created + _UNLOOKED_FOR):
            return Level.UNKNOWN, f"no {keeper} has looked at it", UnknownKind.NO_DATA
        return Level.MOVING, f"{keeper} has not looked at it yet", None
    if said.status == "True":
        return Level.OK, "", None
    if said.status == "Unknown":
        return Level.UNKNOWN, f"{keeper} does not know: {shorten(said.message)}", UnknownKind.NO_DATA
    if isinstance(obj, AnyIssuer):
        return Level.WARN, not_ready(obj), None
    return Level.WARN, f"is not written everywhere: {shorten(said.message or said.reason)}", None


def _issued(case: Case[Any]) -> int:
    obj = case.obj
    return len(case.some(ISSUED_BY, (type(obj).KIND, Key(obj.namespace, obj.name))))


def _used_by(case: Case[Any]) -> str:
    many = _issued(case)
    return f"{counted(many, 'Certificate')} cannot be renewed by it" if many else "no Certificate names it"


def _well(case: Case[Any]) -> str:
    obj = case.obj
    if isinstance(obj, Bundle):
        return f"trust anchors of {counted(len(obj.sources), 'source')}, written everywhere"
    many = _issued(case)
    return (
        f"issues {counted(many, 'Certificate')} {_BY.get(obj.by, f'by {obj.by}' if obj.by else '')}".strip()
    )


RULE = Rule(ID, (Issuer, ClusterIssuer, Bundle), _judge, uses=(Certificate,))
