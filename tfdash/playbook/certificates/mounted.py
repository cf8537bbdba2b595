"""The rule of a Certificate that was renewed and that nobody saw served: pods that mount its Secret may serve the one before."""

from __future__ import annotations

from tfdash.figures import percent
from tfdash.model import dated_rules
from tfdash.model.cert_manager import Certificate, CertificateRequest
from tfdash.model.certificates import ServedCertificate
from tfdash.model.kube import Pod, ReplicaSet
from tfdash.model.subject import Key
from tfdash.model.verdict import Evidence, Level, Verdict
from tfdash.playbook.certificates.causes import at
from tfdash.playbook.certificates.renewed import holders, renewed_at, seen_since
from tfdash.playbook.rule import Case, Rule, RuleResult

ID = dated_rules.MOUNTED


def _judge(case: Case[Certificate]) -> RuleResult | None:
    certificate, policy = case.obj, case.policies.certificates
    moment = renewed_at(case, certificate)
    if moment is None or (certificate.revision or 0) < 2 or not certificate.secret:
        return None
    if not case.reached(moment + policy.served_grace):
        return None
    old = holders(case, Key(certificate.namespace, certificate.secret), moment, policy.reloads)
    if not old.workloads or seen_since(case, certificate, moment):
        return None
    left = _left(certificate, moment, case.now)
    told = f"{certificate.name}: was renewed {at(case, moment)}, and nobody saw it served; restart {old.named} or name an address that serves it"
    level = Level.WARN
    if left is not None:
        ends, share = left
        told += f": of the one before about {percent(share, policy.least_share)} % is left, it ends about {at(case, ends)}"
        if case.reached(ends - (certificate.lifetime or 0.0) * policy.least_share / 100):
            level = Level.BREACH
    return RuleResult(
        (
            Verdict(
                level=level,
                rule=ID,
                subject=case.subject,
                sentence=told,
                measured=None if left is None else left[1],
                band=(policy.least_share, None),
                unit="%",
                evidence=Evidence(objects=(*old.workloads, *old.pods)),
                since=moment,
            ),
        )
    )


def _left(certificate: Certificate, moment: float, now: float) -> tuple[float, float] | None:
    """When the one before ends and the share of its life that is left in percent, if it was like this one and renewed at its time; one
    that was renewed by hand lasts longer."""
    if certificate.renewal is None or certificate.not_after is None or certificate.lifetime is None:
        return None
    ends = moment + certificate.not_after - certificate.renewal
    return ends, max(0.0, 100 * (ends - now) / certificate.lifetime)


RULE = Rule(ID, (Certificate,), _judge, uses=(CertificateRequest, Pod, ReplicaSet, ServedCertificate))
