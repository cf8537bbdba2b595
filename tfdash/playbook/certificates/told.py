"""The rule of certificates that nobody here has seen and of which exporters tell: what a better source shows is not said again, unless the two
disagree for longer than either is old.

What was told last stays said once nobody tells of it any more: a certificate that had ended has ended still, and the rest is not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tfdash.model import dated_rules
from tfdash.model.cert_manager import Certificate
from tfdash.model.certificates import (
    Contact,
    HeldCertificate,
    Role,
    ServedCertificate,
    ToldCertificate,
    ToldOne,
)
from tfdash.model.subject import Key
from tfdash.model.verdict import Level, UnknownKind, Verdict
from tfdash.playbook.certificates.causes import at
from tfdash.playbook.certificates.links import KEPT_IN
from tfdash.playbook.rule import Case, Rule, RuleResult
from tfdash.playbook.seen import Relation

ID = dated_rules.TOLD
_SETTLED = (
    2 * 3600.0
)  # seconds after which two sources know of a renewal: one is read each hour, and authorities date back by one
HELD_AS = Relation(HeldCertificate, lambda held: ((held.of, held.called),))
SERVED_AT = Relation(
    ServedCertificate, lambda served: {served.name, f"{served.asked}:{served.name.rpartition(':')[2]}"}
)


def _by_end(told: ToldCertificate) -> tuple[tuple[str, str, int], ...]:
    first = told.decisive
    return () if first is None else ((told.by, told.namespace, int(first.not_after)),)


ENDS_AT = Relation(ToldCertificate, _by_end)
"""By who tells, the namespace, and the second in which it ends."""


class Better(NamedTuple):
    """Who shows the same, and what its dates are there (None: not said)."""

    who: str
    ends: float
    began: float | None


def _judge(case: Case[ToldCertificate]) -> RuleResult:
    told = case.obj
    better = [*_better(case)]
    if better:
        other = next((b for b in better if _differs(case, b)), None)
        return RuleResult(() if other is None else (_verdict(case, [_of_two(case, other)]),))
    return (
        RuleResult((_verdict(case, [*_found(case)]),))
        if told.bundle or told.why or told.ready
        else RuleResult()
    )


def _verdict(case: Case[ToldCertificate], found: list[tuple[Level, str]]) -> Verdict:
    told, first = case.obj, case.obj.decisive
    found.sort(key=lambda f: -f[0])
    level = found[0][0]
    words = [said for worse, said in found if worse is level or worse >= Level.UNKNOWN]
    share = None
    if first is not None and first.lifetime:
        share = 100 * min(1.0, max(0.0, (first.not_after - case.now) / first.lifetime))
    return Verdict(
        level=level,
        rule=ID,
        subject=case.subject,
        sentence=f"{told.where}: {'; '.join(words)}",
        measured=share,
        band=(case.policies.certificates.least_share, None),
        unit="%",
        unknown=UnknownKind.STALE if level is Level.UNKNOWN else None,
    )


# -- who else shows it ------------------------------------------------------------------------------------------------


def _better(case: Case[ToldCertificate]) -> Iterator[Better]:
    """Sources that have seen it themselves, and of a Secret the exporter that knows who renews it."""
    told = case.obj
    here = Key(told.namespace, told.called)
    if told.of in ("Secret", "ConfigMap"):
        for held in case.some(HELD_AS, (told.of, told.called)):
            inside = held.name.removeprefix(f"{told.of}/{held.called}").removeprefix("/")
            first = held.decisive if inside == told.inside else None
            # of many that are alike one is shown
            if first is not None and (
                held.namespace == told.namespace or (held.also and _same(told, first.not_after))
            ):
                yield Better(f"what lies in {held.where}", first.not_after, first.not_before)
    if told.of == "Secret" and not told.inside:
        for kept in case.some(KEPT_IN, here):
            yield from _of_manager(kept)
        for other in _of_the_same_end(case, "cert-manager"):
            if other.decisive is not None:
                yield Better(other.where, other.decisive.not_after, None)
    if told.of == "Certificate" and (own := case.maybe(Certificate, here)) is not None:
        yield from _of_manager(own)
    if told.of == "address":
        for served in case.some(SERVED_AT, told.called):
            if served.leaf is not None and served.answer is Contact.SERVED:
                # an exporter tells of a chain what ends first
                same = next((c for c in served.chain if _same(told, c.not_after)), served.leaf)
                yield Better("our own handshake", same.not_after, same.not_before)


def _of_the_same_end(case: Case[ToldCertificate], by: str) -> Iterator[ToldCertificate]:
    """By its second and those beside it: to compare with all of a namespace would cost the square of their number."""
    told, first = case.obj, case.obj.decisive
    ends = int(first.not_after) if first is not None else None
    for second in (ends - 1, ends, ends + 1) if ends is not None else ():
        for other in case.some(ENDS_AT, (by, told.namespace, second)):
            if other.decisive is not None and _same(told, other.decisive.not_after):
                yield other


def _of_manager(kept: Certificate) -> Iterator[Better]:
    if kept.not_after is not None:
        yield Better(
            f"the status of Certificate {kept.namespace}/{kept.name}", kept.not_after, kept.not_before
        )


def _same(told: ToldCertificate, ends: float) -> bool:
    first = told.decisive
    return first is not None and abs(first.not_after - ends) < 1


def _differs(case: Case[ToldCertificate], better: Better) -> bool:
    """Longer than a renewal takes to be known to both, by the later of the two."""
    told, first = case.obj, case.obj.decisive
    if first is None or abs(first.not_after - better.ends) < 1 or case.reached(told.current_until):
        return False
    mine = first.not_after > better.ends
    later = first.not_before if mine else better.began
    began = told.since if later is None else later
    return case.reached(began + case.policies.certificates.served_grace + _SETTLED)


def _of_two(case: Case[ToldCertificate], better: Better) -> tuple[Level, str]:
    told, first = case.obj, case.obj.decisive
    assert first is not None
    return (
        Level.WARN,
        f"{told.by} told at {at(case, told.at)} that it ends {at(case, first.not_after)}, by {better.who} it ends {at(case, better.ends)}: one of them "
        "looks at another",
    )


# -- what is told of it -----------------------------------------------------------------------------------------------


def _found(case: Case[ToldCertificate]) -> Iterator[tuple[Level, str]]:
    told, first = case.obj, case.obj.decisive
    if told.why:
        yield Level.UNKNOWN, f"what exporters tell of certificates is not known: {told.why}"
        return
    stale = case.reached(told.current_until)
    if stale:
        yield Level.UNKNOWN, f"{told.by} tells of it no more, last at {at(case, told.at)} or before"
    if first is None:
        yield Level.UNKNOWN, f"{told.by} does not say when it ends"
    else:
        yield from _dates(case, first)
    if stale:
        return
    if told.ready == "False":
        yield Level.WARN, f"{told.by} says that it is not ready"
    elif told.ready == "Unknown":
        yield Level.UNKNOWN, f"{told.by} does not know whether it is ready"
    if told.failed >= 1:
        yield Level.WARN, "its renewal failed in the last hour"


def _dates(case: Case[ToldCertificate], first: ToldOne) -> Iterator[tuple[Level, str]]:
    told, policy = case.obj, case.policies.certificates
    ends = first.not_after
    called = f" as {first.subject}" if first.subject else ""
    if case.reached(ends):
        yield Level.BREACH, f"expired {at(case, ends)}{called}"
        return
    if first.not_before is not None and not case.reached(first.not_before):
        yield Level.BREACH, f"is not valid before {at(case, first.not_before)}{called}"
    for above in told.bundle[1:] if told.role is Role.SHOWN else ():
        if above.self_signed:
            continue  # whoever trusts a root has it
        if case.reached(above.not_after):
            yield Level.BREACH, f"its issuer {above.subject} expired {at(case, above.not_after)}"
        elif above.not_after < ends:
            yield Level.WARN, f"its issuer {above.subject} ends {at(case, above.not_after)}, before it does"
    life = first.lifetime if first.lifetime is not None else case.policies.certificates.presumed_life
    if told.renews is not None:
        if case.reached(told.renews + policy.renewal_grace):
            yield (
                Level.WARN,
                f"was to be renewed from {at(case, told.renews)} and is not, it ends {at(case, ends)}",
            )
    elif case.reached(ends - life * policy.least_share / 100):
        of = (
            "its life is"
            if first.lifetime is not None
            else f"a life of {case.policies.certificates.presumed_life / 86_400:g} days would be"
        )
        yield Level.WARN, f"at most {policy.least_share:g} % of {of} left, it ends {at(case, ends)}"
    by = f" by {first.issuer}" if first.issuer else ""
    renewed = f", is renewed from {at(case, told.renews)}" if told.renews is not None else ""
    yield Level.OK, f"ends {at(case, ends)}{by}{renewed}, as {told.by} tells"


RULE = Rule(ID, (ToldCertificate,), _judge, uses=(Certificate, HeldCertificate, ServedCertificate))
