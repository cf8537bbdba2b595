"""The rule of what an address serves: whether clients take it, for how long, and whether it is what was renewed.

What was last seen stays said while the address does not answer: a certificate that had ended has ended still.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tfdash.figures import percent
from tfdash.model import dated_rules
from tfdash.model.cert_manager import Certificate, CertificateRequest
from tfdash.model.certificates import CertificateFacts, Contact, HeldCertificate, ServedCertificate, Trust
from tfdash.model.kube import Pod, ReplicaSet
from tfdash.model.subject import Subject
from tfdash.model.verdict import Evidence, Level, UnknownKind, Verdict
from tfdash.playbook.certificates.causes import at
from tfdash.playbook.certificates.policy import PROTOCOLS
from tfdash.playbook.certificates.renewed import (
    Before,
    Renewal,
    by_one_before,
    holders,
    kept_for,
    renewal_after,
    same,
)
from tfdash.playbook.rule import Case, Rule, RuleResult
from tfdash.playbook.serving.causes.finding import shorten

ID = dated_rules.SERVED
_NAMED = 3  # names of a certificate that one sentence tells


class _Told(NamedTuple):
    level: Level
    sentence: str
    since: float | None = None
    objects: tuple[Subject, ...] = ()


def _judge(case: Case[ServedCertificate]) -> RuleResult:
    served = case.obj
    found = sorted(_found(case), key=lambda f: -f.level)
    worst = found[0]
    told = [f for f in found if f.level is worst.level or f.level >= Level.UNKNOWN]
    leaf = served.leaf
    return RuleResult(
        (
            Verdict(
                level=worst.level,
                rule=ID,
                subject=case.subject,
                sentence=f"{served.name}: {'; '.join(f.sentence for f in told)}",
                measured=None if leaf is None else 100 * leaf.left(case.now),
                band=(case.policies.certificates.least_share, None),
                unit="%",
                evidence=Evidence(objects=tuple(dict.fromkeys(o for f in told for o in f.objects))),
                unknown=UnknownKind.NO_DATA if worst.level is Level.UNKNOWN else None,
                since=worst.since or None,
            ),
        )
    )


def _found(case: Case[ServedCertificate]) -> Iterator[_Told]:
    served, leaf = case.obj, case.obj.leaf
    if served.answer is not Contact.SERVED:
        yield _not_now(case, served)
    if leaf is None:
        return
    yield from _dates(case, leaf)
    if not served.fits:
        yield _Told(Level.WARN, f"is not for {served.asked}, only for {_names(leaf)}")
    if served.trust is not Trust.SURE:
        yield _Told(Level.WARN, _distrust(served, leaf))
    yield from _protocol(case)
    yield from _kept(case, leaf)
    if (before := by_one_before(case, served.chain)) is not None:
        yield _of_authority(case, before)
    kept = ", with the key of the one before" if served.same_key else ""
    text = f"serves {_names(leaf)}, serial {_serial(leaf)}, ends {at(case, leaf.not_after)}, {served.protocol}{kept}"
    yield _Told(Level.OK, text)


def _not_now(case: Case[ServedCertificate], served: ServedCertificate) -> _Told:
    said = f" ({shorten(served.said)})" if served.said else ""
    leaf = served.leaf
    last = (
        f"; at {at(case, served.seen_at)} it served serial {_serial(leaf)}"
        if leaf is not None
        else ", and its certificate was never seen"
    )
    level = Level.WARN if served.answer is Contact.NOT_TLS else Level.UNKNOWN
    return _Told(level, f"{served.answer.value}{said}{last}")


def _dates(case: Case[ServedCertificate], leaf: CertificateFacts) -> Iterator[_Told]:
    if case.reached(leaf.not_after):
        yield _Told(
            Level.BREACH, f"expired {at(case, leaf.not_after)}, serial {_serial(leaf)}", leaf.not_after
        )
    elif not case.reached(leaf.not_before):
        yield _Told(Level.BREACH, f"is not valid before {at(case, leaf.not_before)}, serial {_serial(leaf)}")
    for above in case.obj.chain[1:]:
        if above.self_signed:
            continue  # whoever trusts a root has it, and does not look at the one that is sent
        if above.fingerprint in case.obj.beside:
            if case.reached(above.not_after):
                text = f"sends {above.subject} of {above.issuer} along, which expired {at(case, above.not_after)} and is not needed: old clients refuse it"
                yield _Told(Level.WARN, text, above.not_after)
            continue
        if case.reached(above.not_after):
            yield _Told(
                Level.BREACH,
                f"its issuer {above.subject} expired {at(case, above.not_after)}",
                above.not_after,
            )
        elif above.not_after < leaf.not_after:
            yield _Told(
                Level.WARN, f"its issuer {above.subject} ends {at(case, above.not_after)}, before it does"
            )


def _distrust(served: ServedCertificate, leaf: CertificateFacts) -> str:
    if served.trust is Trust.INCOMPLETE:
        last = served.chain[-1]
        return f"the issuer {last.issuer} of {last.subject or _names(leaf)} is neither sent with it nor trusted here"
    return f"{served.trust.value} (OpenSSL's code {served.code})"


def _protocol(case: Case[ServedCertificate]) -> Iterator[_Told]:
    served, least = case.obj, case.policies.certificates.least_protocol
    if served.protocol in PROTOCOLS and PROTOCOLS.index(served.protocol) < PROTOCOLS.index(least):
        yield _Told(Level.WARN, f"answers only {_spoken(served.protocol)}, {_spoken(least)} is the least")
    elif served.lowered:
        yield _Told(Level.WARN, "answers only clients that take weak keys, digests or ciphers")


def _spoken(protocol: str) -> str:
    """``TLS 1.0`` of ``TLSv1``."""
    version = protocol.removeprefix("TLSv")
    return f"TLS {version if '.' in version else f'{version}.0'}"


def _kept(case: Case[ServedCertificate], leaf: CertificateFacts) -> Iterator[_Told]:
    """What is kept for these names: whether it is what is served, and whether something renews it."""
    kept = kept_for(case, leaf)
    renewal = renewal_after(case, leaf, kept)
    if renewal is not None:
        yield _behind(case, leaf, renewal)
    elif not any(same(c, leaf) and c.renewed_by_itself for c in kept):
        least = case.policies.certificates.least_share
        if case.reached(leaf.not_after - leaf.lifetime * least / 100) and leaf.not_after > case.now:
            share = percent(100 * leaf.left(case.now), least)
            text = f"{share} % of its life is left, it ends {at(case, leaf.not_after)}, and nothing seen renews it"
            yield _Told(Level.WARN, text)


def _behind(case: Case[ServedCertificate], leaf: CertificateFacts, renewal: Renewal) -> _Told:
    """It serves an earlier one than is kept by now."""
    served, policy = case.obj, case.policies.certificates
    moment = renewal.at
    if served.seen_at < moment:
        told = f"{renewal.words} {at(case, moment)}; it was not looked at since"
        return _Told(Level.MOVING, told, moment, (renewal.of,))
    old = holders(case, renewal.secret, moment, policy.reloads)
    if not case.reached(moment + policy.served_grace):  # who does not want to wait for it restarts them
        told = f"{renewal.words} {at(case, moment)}; it serves the one before still"
        return _Told(Level.MOVING, told, moment, (renewal.of, *old.workloads))
    mounts = "mounts its Secret and runs" if len(old.workloads) == 1 else "mount its Secret and run"
    what = (
        f"restart {old.named}, which {mounts} since before"
        if old.workloads
        else "no pod that runs since before mounts its Secret: whoever has a copy of it must read it again"
    )
    least = policy.least_share
    late = case.reached(leaf.not_after - leaf.lifetime * least / 100)
    share = percent(100 * leaf.left(case.now), least)
    return _Told(
        Level.BREACH if late else Level.WARN,
        f"serves serial {_serial(leaf)} still, of whose life {share} % is left (ends {at(case, leaf.not_after)}), though {renewal.words} "
        f"{at(case, moment)}: {what}",
        moment,
        (renewal.of, *old.workloads),
    )


def _of_authority(case: Case[ServedCertificate], before: Before) -> _Told:
    """Renewing an authority does not re-issue what it signed. While the one before lasts that is a transition."""
    signed, old = before.signed, before.old
    what = f"{signed.called} is signed by the authority before the {signed.issuer} in {before.where}"
    if old is None:
        return _Told(Level.WARN, f"{what}, which lies nowhere that is looked at")
    if old.not_after < signed.not_after:
        return _Told(Level.WARN, f"{what}, which ends {at(case, old.not_after)}, before it does")
    return _Told(Level.MOVING, f"{what}, which ends {at(case, old.not_after)}")


def _names(leaf: CertificateFacts) -> str:
    names = leaf.names or leaf.others or (leaf.subject or "nobody",)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"


def _serial(leaf: CertificateFacts) -> str:
    """Its end, by which two are told apart, of one that is long."""
    return leaf.serial if len(leaf.serial) <= 16 else f"…{leaf.serial[-12:]}"


RULE = Rule(
    ID, (ServedCertificate,), _judge, uses=(Certificate, CertificateRequest, Pod, ReplicaSet, HeldCertificate)
)
