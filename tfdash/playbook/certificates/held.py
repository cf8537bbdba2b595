"""The rule of certificates that lie somewhere: what is trusted by a webhook's caller, what is shown to a server, in a Secret or kubeconfig."""

from __future__ import annotations

from collections.abc import Iterator

from tfdash.figures import percent
from tfdash.model import dated_rules
from tfdash.model.cert_manager import Certificate
from tfdash.model.certificates import CertificateFacts, HeldCertificate, Role
from tfdash.model.subject import Key
from tfdash.model.verdict import Level, UnknownKind, Verdict
from tfdash.nouns import counted
from tfdash.playbook.certificates.causes import at
from tfdash.playbook.certificates.links import KEPT_IN
from tfdash.playbook.rule import Case, Rule, RuleResult

ID = dated_rules.HELD


def _judge(case: Case[HeldCertificate]) -> RuleResult:
    held = case.obj
    found = sorted(_found(case), key=lambda f: -f[0])
    level = found[0][0]
    told = [words for worse, words in found if worse is level or worse >= Level.UNKNOWN]
    first = held.decisive
    return RuleResult(
        (
            Verdict(
                level=level,
                rule=ID,
                subject=case.subject,
                sentence=f"{held.where}: {'; '.join(told)}",
                measured=None if first is None else 100 * first.left(case.now),
                band=(case.policies.certificates.least_share, None),
                unit="%",
                unknown=UnknownKind.QUERY_ERROR if level is Level.UNKNOWN else None,
            ),
        )
    )


def _found(case: Case[HeldCertificate]) -> Iterator[tuple[Level, str]]:
    held, first = case.obj, case.obj.decisive
    if held.odd:
        more = f", and {len(held.odd) - 1} more" if len(held.odd) > 1 else ""
        yield Level.UNKNOWN, f"{held.odd[0]}{more}"
    if first is None:
        return
    yield _of_ends(case, first)
    if held.role is Role.ANCHORS and not any(case.reached(c.not_before) for c in held.bundle):
        yield (
            Level.BREACH,
            f"nothing that it trusts is valid before {at(case, min(c.not_before for c in held.bundle))}",
        )


def _of_ends(case: Case[HeldCertificate], first: CertificateFacts) -> tuple[Level, str]:
    held, least = case.obj, case.policies.certificates.least_share
    trusts = held.role is Role.ANCHORS
    one = first.rank if first.is_ca else "authority"
    what = (
        f"the last of {counted(len(held.bundle), 'authority')} that it trusts"
        if len(held.bundle) > 1
        else f"the {one} that it trusts"
    )
    shown = (
        f"the {first.rank} that it shows as {first.called}"
        if first.is_ca
        else f"what it shows as {first.called}"
    )
    subject = what if trusts else shown
    if case.reached(first.not_after):
        return Level.BREACH, f"{subject} expired {at(case, first.not_after)}"
    if case.reached(first.not_after - first.lifetime * least / 100) and not _renewed_by_itself(case):
        share = percent(100 * first.left(case.now), least)
        return Level.WARN, f"of {subject} {share} % of its life is left, it ends {at(case, first.not_after)}"
    return Level.OK, f"{subject} ends {at(case, first.not_after)}"


def _renewed_by_itself(case: Case[HeldCertificate]) -> bool:
    """Whether a Certificate keeps the Secret in which it lies: its own rule says whether that is late."""
    held = case.obj
    return held.of == "Secret" and any(
        c.renewed_by_itself for c in case.some(KEPT_IN, Key(held.namespace, held.called))
    )


RULE = Rule(ID, (HeldCertificate,), _judge, uses=(Certificate,))
