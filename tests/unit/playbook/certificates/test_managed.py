"""Whether a certificate is renewed in time: the levels at each edge, and the words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.playbook.certificates.kept import DAY, MISSING, READY, certificate, issuer, issuing, request
from tests.unit.playbook.certificates.looked_at import facts
from tests.unit.playbook.making import NOW, REF, condition, picture
from tfdash.judging.judge import judge_all
from tfdash.model.cert_manager import Bundle, BundleSource, Certificate, ClusterIssuer, IssuerRef
from tfdash.model.kube import Object, Owner
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level, UnknownKind, Verdict
from tfdash.playbook.certificates import issuer as issuers
from tfdash.playbook.certificates.managed import ID
from tfdash.playbook.certificates.policy import default_certificates_policy
from tfdash.playbook.certificates.section import SECTION
from tfdash.playbook.policies import Policies

POLICY = default_certificates_policy()
EXPIRED = condition("Ready", "False", "Expired", "Certificate expired on Mon")
NOT = condition("Ready", "False", "IncorrectIssuer", "Issuing certificate as Secret was previously issued")
FAILED = condition(
    "Issuing",
    "False",
    "Failed",
    "The certificate request has failed to complete and will be retried: CA said no",
)


def told(one: Certificate, *others: Object, now: float = NOW, **policy: Any) -> Verdict:
    policies = Policies(certificates=replace(POLICY, **policy))
    verdicts = judge_all(picture(one, *others), now, policies=policies).verdicts
    [found] = [v for v in verdicts[Subject(REF, "Certificate", one.namespace, one.name)] if v.rule == ID]
    return found


SAID: list[tuple[dict[str, Any], Level, str]] = [
    (
        {},
        Level.OK,
        "leaf by Issuer le, ends 1970-03-13 08:46 EST, is renewed from 1970-02-11 08:46 EST",
    ),
    (
        {"rotation": "Never"},
        Level.OK,
        "leaf by Issuer le, ends 1970-03-13 08:46 EST, is renewed from 1970-02-11 08:46 EST, with the same key",
    ),
    (
        {"renews": False, "renewal": None},
        Level.OK,
        "leaf by Issuer le, ends 1970-03-13 08:46 EST, nothing renews it",
    ),
    ({"renewal": NOW}, Level.MOVING, "is due for renewal now"),
    ({"renewal": NOW - 299}, Level.MOVING, "is due for renewal now"),
    (
        {"renewal": NOW - 300},
        Level.WARN,
        "was to be renewed from 1970-01-12 08:41 EST and is not: cert-manager does not begin",
    ),
    ({"renewal": NOW - 300, "conditions": (READY, issuing())}, Level.MOVING, "is being renewed"),
    (
        {"not_after": NOW, "renewal": NOW - 9 * DAY, "conditions": (EXPIRED,)},
        Level.BREACH,
        "expired 1970-01-12 08:46 EST; was to be renewed from 1970-01-03 08:46 EST and is not: cert-manager does not begin",
    ),
    ({"not_after": NOW - 1, "renewal": None, "renews": False}, Level.BREACH, "expired 1970-01-12 08:46 EST"),
    (
        {"conditions": (NOT,)},
        Level.WARN,
        "is not ready: Issuing certificate as Secret was previously issued",
    ),
    (
        {"conditions": (READY, FAILED), "failed": 1, "last_failure": NOW - 3599},
        Level.WARN,
        "renewal failed once and is tried again from 1970-01-12 08:46 EST: CA said no",
    ),
    (
        {"conditions": (READY, FAILED), "failed": 3, "last_failure": NOW - 4 * 3600},
        Level.WARN,
        "renewal failed 3 times and was to be tried again from 1970-01-12 08:46 EST: CA said no",
    ),
    (
        {"conditions": (READY, issuing()), "failed": 2, "last_failure": NOW - 9000},
        Level.WARN,
        "renewal failed 2 times and is tried again now: Renewing certificate",
    ),
    (
        {"conditions": (MISSING, FAILED), "failed": 1, "last_failure": NOW, "revision": None},
        Level.WARN,
        "issuance failed once and is tried again from 1970-01-12 09:46 EST: CA said no",
    ),
    (
        {"conditions": (READY, issuing(NOW - 899))},
        Level.MOVING,
        "is being renewed",
    ),
    (
        {"conditions": (READY, issuing(NOW - 900))},
        Level.WARN,
        "is being renewed since 1970-01-12 08:31 EST: Renewing certificate",
    ),
    ({"deleting": NOW, "not_after": NOW - DAY}, Level.IDLE, "is being deleted"),
    (
        {"conditions": (condition("Ready", "Unknown"),)},
        Level.UNKNOWN,
        "cert-manager does not say whether it is ready",
    ),
    ({"not_after": None, "renewal": None}, Level.UNKNOWN, "it is not said when it ends"),
    (
        {"conditions": (), "not_after": None, "created": NOW - 60},
        Level.UNKNOWN,
        "no cert-manager has looked at it",
    ),
    (
        {"conditions": (), "not_after": None, "created": NOW - 59},
        Level.MOVING,
        "cert-manager has not looked at it yet",
    ),
]


@pytest.mark.parametrize(("over", "level", "words"), SAID)
def test_a_certificate(over: dict[str, Any], level: Level, words: str) -> None:
    found = told(certificate(**over), issuer())
    assert (found.level, found.sentence) == (level, f"shop: {words}")
    assert found.unknown == (UnknownKind.NO_DATA if level is Level.UNKNOWN else None)


LIFETIMES = st.sampled_from((3600.0, DAY, 45 * DAY, 90 * DAY, 398 * DAY, 3650 * DAY))


@given(LIFETIMES, st.floats(0.001, 0.999), st.integers(-10, 10), st.booleans())
def test_late_is_past_its_renewal_and_not_issuing_however_long_it_lives(
    lifetime: float, at: float, beside: int, goes: bool
) -> None:
    renewal = NOW - POLICY.renewal_grace - beside
    begin = renewal - at * lifetime
    one = certificate(
        not_before=begin,
        not_after=begin + lifetime,
        renewal=renewal,
        conditions=(READY, issuing()) if goes else (READY,),
    )
    found = told(one, issuer())
    if begin + lifetime <= NOW:
        assert found.level is Level.BREACH
    else:
        assert found.level is (Level.WARN if beside >= 0 and not goes else Level.MOVING)


@given(LIFETIMES, st.floats(0.0, 1.2))
def test_what_nothing_renews_is_told_by_its_share_alone(lifetime: float, lived: float) -> None:
    begin = NOW - lived * lifetime
    one = certificate(not_before=begin, not_after=begin + lifetime, renewal=None, renews=False)
    found = told(one, issuer())
    ends = begin + lifetime
    told_from = ends - lifetime * POLICY.least_share / 100
    assert found.level is (Level.BREACH if ends <= NOW else Level.WARN if told_from <= NOW else Level.OK)


@pytest.mark.parametrize("renewal", [0.0, 1.0, 1e9])
def test_a_renewal_at_its_end_or_behind_it_renews_nothing(renewal: float) -> None:
    ends = NOW + DAY
    late = certificate(not_before=NOW - 99 * DAY, not_after=ends, renewal=ends + renewal)
    assert told(late, issuer()).level is Level.WARN
    assert "nothing renews it" in told(late, issuer()).sentence


def test_of_one_whose_end_nobody_says_nothing_is_well() -> None:
    found = told(certificate(not_after=None, renewal=NOW + DAY), issuer())
    assert (found.level, found.unknown) == (Level.UNKNOWN, UnknownKind.NO_DATA)


def test_one_that_is_to_be_renewed_before_it_was_issued_is_renewed_without_end() -> None:
    """Let's Encrypt dates back by an hour: with a renewBefore of 89d 23h 30m each is due as soon as it is there."""
    begin = NOW - 3600
    one = certificate(not_before=begin, not_after=begin + 90 * DAY, renewal=NOW - 1800, revision=57)
    issued = facts(not_before=begin, not_after=begin + 90 * DAY)
    ready = condition("Ready", "True", "Issued", "", NOW - 5)
    kept = request(ready, revision=57, issued=issued)
    for conditions in ((READY,), (READY, issuing(NOW - 2))):
        found = told(msgspec.structs.replace(one, conditions=conditions), issuer(), kept)
        assert found.level is Level.WARN
        assert "shop: is renewed again and again: it was issued 1970-01-12 08:46 EST" in found.sentence
    for other in (
        request(ready, revision=56, issued=issued),  # of the one before
        request(ready, revision=57, issued=facts()),  # the status is not yet that of what was issued
        request(ready, revision=57),
        request(condition("Ready", "False", "Pending", ""), revision=57, issued=issued),
        request(condition("Ready", "True", "Issued", "", NOW - 1801), revision=57, issued=issued),
    ):
        assert "again and again" not in told(one, issuer(), other).sentence


@pytest.mark.parametrize(
    ("ahead", "level"),
    [(1.0, Level.MOVING), (300.0, Level.MOVING), (301.0, Level.BREACH), (DAY, Level.BREACH)],
)
def test_one_that_is_not_valid_yet_is_not_well(ahead: float, level: Level) -> None:
    begin = NOW + ahead
    found = told(
        certificate(not_before=begin, not_after=begin + 90 * DAY, renewal=begin + 60 * DAY), issuer()
    )
    assert found.level is level
    assert found.sentence.startswith("shop: is not valid before 1970-01-1")


def test_two_that_are_kept_in_one_secret_are_told_however_ready_they_say_they_are() -> None:
    """All of them say Ready as long as what they want is alike."""
    one, two = certificate(), certificate(name="other", uid="d")
    for mine, others in ((one, "other"), (two, "shop")):
        found = told(mine, issuer(), *({"shop": (one,), "other": (two,)}[others]))
        assert found.level is Level.WARN
        assert f": Certificate {others} is kept in the same Secret shop-tls: " in found.sentence
    failing = msgspec.structs.replace(one, conditions=(NOT,))  # it is its cause already
    assert told(failing, issuer(), two).sentence.count("same Secret") == 1
    for apart in ({"secret": "other-tls"}, {"namespace": "b"}, {"deleting": NOW}):
        assert told(one, issuer(), msgspec.structs.replace(two, **apart)).level is Level.OK


@given(st.integers(0, 5000))
def test_the_wait_doubles_up_to_its_longest(failed: int) -> None:
    one = certificate(conditions=(READY, FAILED), failed=failed, last_failure=NOW)
    wait = min(3600 * 2 ** (max(failed, 1) - 1), 32 * 3600)
    verdict = judge_all(picture(one, issuer()), NOW + wait - 1).verdicts
    [before] = [v for v in verdict[Subject(REF, "Certificate", "a", "shop")] if v.rule == ID]
    assert " is tried again from " in before.sentence
    assert " was to be tried again from " in told(one, issuer(), now=NOW + wait).sentence


# -- authorities ------------------------------------------------------------------------------------------------------


def authority(**over: Any) -> Certificate:
    """Renewed ten days ago, twenty before the one before it ended."""
    base: dict[str, Any] = {
        "name": "ca",
        "uid": "ca",
        "secret": "ca-key",
        "is_ca": True,
        "issuer": IssuerRef("self"),
        "not_before": NOW - 10 * DAY,
        "not_after": NOW + 80 * DAY,
        "renewal": NOW + 50 * DAY,
    }
    return certificate(**(base | over))


SELF_SIGNED, BY_CA = issuer(name="self", by="selfSigned"), issuer(name="internal", by="ca", secret="ca-key")


def leaf(name: str, **over: Any) -> Certificate:
    base: dict[str, Any] = {"name": name, "uid": name, "secret": name, "issuer": IssuerRef("internal")}
    return certificate(**(base | over))


def test_leaves_that_the_authority_before_signed_are_named() -> None:
    old = leaf("old", not_before=NOW - 10 * DAY - 1, renewal=NOW + 5 * DAY)
    new = leaf("new", not_before=NOW - 10 * DAY)
    found = told(authority(), SELF_SIGNED, BY_CA, old, new)
    assert found.level is Level.MOVING
    assert found.sentence == "ca: a/old is still signed by the one before it, until it is renewed"
    assert [s.name for s in found.evidence.objects] == ["old"]
    assert told(authority(), SELF_SIGNED, BY_CA, new).level is Level.OK


def test_a_leaf_that_would_outlive_the_authority_before_is_a_warning_where_that_ones_end_is_known() -> None:
    """By its request, which began 70 days ago: it ends 20 days from now."""
    kept = request(
        name="ca-2",
        uid="r2",
        revision=2,
        created=NOW - 70 * DAY,
        owner=Owner("Certificate", "ca", "ca"),
    )
    old = leaf("old", not_before=NOW - 11 * DAY, renewal=NOW + 20 * DAY)
    found = told(authority(), SELF_SIGNED, BY_CA, old, kept)
    assert found.level is Level.WARN
    assert "which ends about 1970-02-01 08:46 EST: a/old is not renewed by then" in found.sentence
    just = leaf("old", not_before=NOW - 11 * DAY, renewal=NOW + 20 * DAY - 1)
    assert told(authority(), SELF_SIGNED, BY_CA, just, kept).level is Level.MOVING
    early = msgspec.structs.replace(
        kept, created=NOW - 12 * DAY
    )  # it was renewed by hand, long before its end
    well = told(authority(), SELF_SIGNED, BY_CA, old, early)
    assert well.sentence == "ca: a/old is still signed by the one before it, until it is renewed"


def test_without_that_request_its_end_is_supposed_and_said_so() -> None:
    """As long after the renewal of this one as this one is to be renewed before its own end: 20 days from now."""
    old = leaf("old", not_before=NOW - 11 * DAY, renewal=NOW + 20 * DAY)
    found = told(authority(), SELF_SIGNED, BY_CA, old)
    assert found.level is Level.MOVING
    assert (
        "which ends about 1970-02-01 08:46 EST if it was renewed at its time: a/old is not renewed"
        in found.sentence
    )


def test_with_the_same_key_nothing_is_left_behind() -> None:
    old = leaf("old", not_before=NOW - 11 * DAY, renewal=NOW + 40 * DAY)
    found = told(authority(rotation="Never"), SELF_SIGNED, BY_CA, old)
    assert found.level is Level.OK and "signed with the key that it keeps" in found.sentence


def test_a_cluster_issuer_signs_with_what_is_in_its_operators_namespace() -> None:
    wide = ClusterIssuer(namespace="", name="internal", by="ca", secret="ca-key", conditions=(READY,))
    old = leaf("old", not_before=NOW - 11 * DAY, issuer=IssuerRef("internal", "ClusterIssuer"))
    there = authority(namespace="cert-manager", issuer=IssuerRef("self", "ClusterIssuer"))
    self_signed = ClusterIssuer(namespace="", name="self", by="selfSigned", conditions=(READY,))
    assert "a/old" in told(there, wide, old, self_signed).sentence
    assert "a/old" not in told(authority(), SELF_SIGNED, wide, old).sentence
    elsewhere = told(there, wide, old, self_signed, cluster_secrets_in="pki")
    assert elsewhere.level is Level.OK


@pytest.mark.parametrize(
    ("one", "role"),
    [
        (authority(), "root"),
        (authority(issuer=IssuerRef("internal")), "intermediate"),
        (authority(issuer=IssuerRef("gone")), "authority"),
        (leaf("x"), "leaf"),
        (leaf("x", issuer=IssuerRef("self")), "self-signed leaf"),
    ],
)
def test_root_intermediate_and_leaf_are_told_apart(one: Certificate, role: str) -> None:
    assert told(one, SELF_SIGNED, BY_CA).sentence.startswith(f"{one.name}: {role} by ")


# -- issuers and bundles ----------------------------------------------------------------------------------------------


def of_issuer(one: Any, *others: Object) -> Verdict:
    verdicts = judge_all(picture(one, *others), NOW).verdicts
    [found] = verdicts[Subject(REF, type(one).KIND, one.namespace, one.name)]
    assert found.rule == issuers.ID
    return found


BROKEN = condition("Ready", "False", "ErrRegisterACMEAccount", "403 urn:ietf:params:acme:error:unauthorized")


@pytest.mark.parametrize(
    ("over", "level", "words"),
    [
        ({}, Level.OK, "issues 1 Certificate by ACME"),
        ({"by": "vault"}, Level.OK, "issues 1 Certificate by vault"),
        ({"by": ""}, Level.OK, "issues 1 Certificate"),
        (
            {"conditions": (BROKEN,)},
            Level.WARN,
            "is not ready: 403 urn:ietf:params:acme:error:unauthorized; 1 Certificate cannot be renewed by it",
        ),
        (
            {"conditions": (condition("Ready", "Unknown", "x", "m"),)},
            Level.UNKNOWN,
            "cert-manager does not know: m",
        ),
        ({"conditions": (), "created": NOW - 60}, Level.UNKNOWN, "no cert-manager has looked at it"),
        ({"conditions": (), "created": NOW - 59}, Level.MOVING, "cert-manager has not looked at it yet"),
        ({"deleting": NOW}, Level.IDLE, "is being deleted"),
    ],
)
def test_an_issuer_says_it_in_the_servers_words(over: dict[str, Any], level: Level, words: str) -> None:
    found = of_issuer(issuer(**over), certificate())
    assert (found.level, found.sentence) == (level, f"le: {words}")


def test_a_bundle_is_well_where_it_is_written() -> None:
    bundle = Bundle(
        namespace="",
        name="roots",
        sources=(BundleSource(of="defaults"),) * 2,
        conditions=(condition("Synced", "True"),),
    )
    assert of_issuer(bundle).sentence == "roots: trust anchors of 2 sources, written everywhere"
    lost = Bundle(
        namespace="",
        name="roots",
        conditions=(condition("Synced", "False", "SourceNotFound", "no such secret"),),
    )
    found = of_issuer(lost)
    assert (found.level, found.sentence) == (Level.WARN, "roots: is not written everywhere: no such secret")


# -- the section ------------------------------------------------------------------------------------------------------


def section(*objects: Object) -> Any:
    [found] = [s for s in judge_all(picture(*objects), NOW).sections if s.id == SECTION.id]
    return found


def test_the_section_counts_each_certificate_once_and_issuers_for_themselves() -> None:
    ill = issuer(conditions=(condition("Ready", "False", "ErrInitIssuer", "no account"),))
    assert section(ill).sentence == "0 of 1 issuers and bundles in order"
    told = section(certificate(), certificate(name="other", secret="other-tls"), ill).sentence
    assert told == "2 of 2 certificates in order, 1 of 1 issuers and bundles is not"


def test_the_section_says_the_worst_and_how_many_are_in_order() -> None:
    assert (section().level, section().sentence) == (Level.IDLE, "none are kept here")
    well = section(certificate(), issuer())
    assert (well.level, well.sentence, well.detail) == (
        Level.OK,
        "1 of 1 certificate in order",
        "all are renewed in time",
    )
    bad = section(certificate(not_after=NOW - 1), issuer(), request(), leaf("x"))
    assert (bad.level, bad.count) == (Level.BREACH, 1) and bad.subject.name == "shop"
