"""What is said of an address: the level of each state, of each edge, and what was renewed but is not served."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.playbook.certificates.kept import DAY, certificate, request
from tests.unit.playbook.certificates.looked_at import facts, served
from tests.unit.playbook.making import NOW, REF, condition, picture, pod, replica_set, running
from tfdash.judging.judge import judge_all
from tfdash.model.certificates import Contact, HeldCertificate, Role, ServedCertificate, Trust
from tfdash.model.kube import Object, Owner, Pod
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level, UnknownKind, Verdict
from tfdash.playbook.certificates import mounted
from tfdash.playbook.certificates import served as rule
from tfdash.playbook.certificates.policy import default_certificates_policy
from tfdash.playbook.certificates.section import SECTION
from tfdash.playbook.policies import Policies

POLICY = default_certificates_policy()


def words(*objects: Object, now: float = NOW, **policy: Any) -> list[Verdict]:
    policies = Policies(certificates=replace(POLICY, **policy))
    verdicts = judge_all(picture(*objects), now, policies=policies).verdicts
    return [v for several in verdicts.values() for v in several if v.rule in (rule.ID, mounted.ID)]


def told(one: ServedCertificate, *others: Object, now: float = NOW, **policy: Any) -> Verdict:
    [found] = [v for v in words(one, *others, now=now, **policy) if v.rule == rule.ID]
    assert found.subject == Subject(REF, "ServedCertificate", "", one.name)
    return found


ABOVE = facts(subject="CN=R10", issuer="CN=X1", names=(), is_ca=True, not_after=NOW + 900 * DAY)
CROSS = facts(subject="CN=X1", issuer="CN=X0", names=(), is_ca=True, not_after=NOW, fingerprint="CC")
STATES: list[tuple[ServedCertificate, Level, str]] = [
    (served(), Level.OK, "serves shop.example.com, serial 0ABC, ends 1970-03-13 08:46 EST, TLSv1.3"),
    (
        served(facts(), ABOVE),
        Level.OK,
        "serves shop.example.com, serial 0ABC, ends 1970-03-13 08:46 EST, TLSv1.3",
    ),
    (served(facts(not_after=NOW)), Level.BREACH, "expired 1970-01-12 08:46 EST, serial 0ABC"),
    (
        served(facts(not_before=NOW + 1)),
        Level.BREACH,
        "is not valid before 1970-01-12 08:46 EST, serial 0ABC",
    ),
    (
        served(facts(), facts(subject="CN=R10", not_after=NOW - 1, is_ca=True)),
        Level.BREACH,
        "its issuer CN=R10 expired 1970-01-12 08:46 EST",
    ),
    (
        served(facts(), facts(subject="CN=R10", not_after=NOW + DAY, is_ca=True)),
        Level.WARN,
        "its issuer CN=R10 ends 1970-01-13 08:46 EST, before it does",
    ),
    (
        served(facts(), facts(subject="CN=X", not_after=NOW - 1, is_ca=True, self_signed=True)),
        Level.OK,
        "serves shop.example.com, serial 0ABC, ends 1970-03-13 08:46 EST, TLSv1.3",
    ),
    (  # signed crosswise by a root that nobody needs any more
        served(facts(), ABOVE, CROSS, beside=("CC",)),
        Level.WARN,
        "sends CN=X1 of CN=X0 along, which expired 1970-01-12 08:46 EST and is not needed: old clients refuse it",
    ),
    (
        served(facts(), ABOVE, msgspec.structs.replace(CROSS, not_after=NOW + DAY), beside=("CC",)),
        Level.OK,
        "serves shop.example.com, serial 0ABC, ends 1970-03-13 08:46 EST, TLSv1.3",
    ),
    (served(facts(), ABOVE, CROSS), Level.BREACH, "its issuer CN=X1 expired 1970-01-12 08:46 EST"),
    (
        served(fits=False, asked="api.example.com"),
        Level.WARN,
        "is not for api.example.com, only for shop.example.com",
    ),
    (
        served(facts(names=(), subject=""), fits=False),
        Level.WARN,
        "is not for shop.example.com, only for nobody",
    ),
    (
        served(trust=Trust.INCOMPLETE, code=20),
        Level.WARN,
        "the issuer CN=R10 of CN=shop.example.com is neither sent with it nor trusted here",
    ),
    (
        served(trust=Trust.SELF_SIGNED, code=18),
        Level.WARN,
        "it is signed by its own key, which nobody vouches for (OpenSSL's code 18)",
    ),
    (served(trust=Trust.OTHER, code=47), Level.WARN, "its chain does not hold (OpenSSL's code 47)"),
    (served(protocol="TLSv1"), Level.WARN, "answers only TLS 1.0, TLS 1.2 is the least"),
    (served(protocol="TLSv1.1"), Level.WARN, "answers only TLS 1.1, TLS 1.2 is the least"),
    (served(lowered=True), Level.WARN, "answers only clients that take weak keys, digests or ciphers"),
]


@pytest.mark.parametrize(("one", "level", "sentence"), STATES)
def test_what_is_said_of_what_is_served(one: ServedCertificate, level: Level, sentence: str) -> None:
    found = told(one)
    assert (found.level, found.sentence) == (level, f"{one.name}: {sentence}")


@pytest.mark.parametrize("contact", [c for c in Contact if c is not Contact.SERVED])
def test_who_does_not_answer_is_named_and_never_green(contact: Contact) -> None:
    found = told(
        ServedCertificate(namespace="", name="x:443", asked="x", answer=contact, said="why", looked_at=NOW)
    )
    plain = contact is Contact.NOT_TLS
    assert found.level is (Level.WARN if plain else Level.UNKNOWN)
    assert found.unknown is (None if plain else UnknownKind.NO_DATA)
    assert found.sentence == f"x:443: {contact.value} (why), and its certificate was never seen"


def test_what_was_red_stays_red_when_nobody_answers() -> None:
    found = told(served(facts(not_after=NOW - DAY), answer=Contact.REFUSED, seen_at=NOW - 2 * DAY))
    assert found.level is Level.BREACH
    assert found.sentence == (
        "shop.example.com:443: expired 1970-01-11 08:46 EST, serial 0ABC; connection refused; "
        "at 1970-01-10 08:46 EST it served serial 0ABC"
    )


def test_a_long_serial_is_told_by_its_end() -> None:
    assert "serial …00000000ABCD," in told(served(facts(serial="7F" * 6 + "00000000ABCD"))).sentence


@given(
    life=st.sampled_from([DAY, 45 * DAY, 90 * DAY, 398 * DAY, 3650 * DAY]),
    share=st.integers(0, 50),
    off=st.sampled_from([-1.0, 0.0, 1.0]),
)
def test_all_lives_are_judged_alike_by_the_share_that_is_left(life: float, share: int, off: float) -> None:
    ends = NOW + life * share / 100 - off
    one = served(facts(not_before=ends - life, not_after=ends))
    expected = Level.BREACH if ends <= NOW else Level.WARN if off >= 0 else Level.OK
    assert told(one, least_share=float(share)).level is expected


# -- kept by cert-manager ----------------------------------------------------------------------------------------------

ENDING = facts(not_before=NOW - 85 * DAY, not_after=NOW + 5 * DAY)


def test_one_that_is_renewed_by_and_by_is_not_told_by_its_share() -> None:
    mine = certificate(not_before=ENDING.not_before, not_after=ENDING.not_after, renewal=NOW + DAY)
    assert told(served(ENDING), mine).level is Level.OK
    assert told(served(ENDING)).level is Level.WARN
    assert (
        told(served(ENDING), certificate(**{**dates(ENDING), "renews": False, "renewal": None})).level
        is Level.WARN
    )


def dates(leaf: Any) -> dict[str, Any]:
    return {"not_before": leaf.not_before, "not_after": leaf.not_after}


OLD = facts(serial="01", not_before=NOW - 61 * DAY, not_after=NOW + 29 * DAY)
RENEWED = NOW - 3600
NEW: dict[str, Any] = {"not_before": RENEWED, "not_after": RENEWED + 90 * DAY, "renewal": RENEWED + 60 * DAY}


def holding(name: str = "checkout-1-x", since: float = RENEWED - DAY, **fields: Any) -> Pod:
    return pod(name, replace_since(since), **({"secrets": ("shop-tls",)} | fields))


def replace_since(since: float) -> Any:
    import msgspec

    return msgspec.structs.replace(running(), since=since)


def test_renewed_but_still_served_old_names_exactly_who_is_to_be_restarted() -> None:
    found = told(
        served(OLD),
        certificate(**NEW),
        replica_set(),
        holding("checkout-1-x"),
        holding("checkout-1-y", since=RENEWED + 60),
        holding("other-1", owner=Owner("StatefulSet", "other", "o"), secrets=("another",)),
        holding("gone", owner=Owner("DaemonSet", "gone", "g"), deleting=NOW),
    )
    assert found.level is Level.WARN
    assert found.sentence == (
        "shop.example.com:443: serves serial 01 still, of whose life 32 % is left (ends 1970-02-10 08:46 EST), though Certificate "
        "a/shop was renewed 1970-01-12 07:46 EST: restart Deployment a/checkout, which mounts its Secret and runs since before"
    )
    assert found.since == RENEWED
    assert [str(o) for o in found.evidence.objects] == ["Certificate a/shop", "Deployment a/checkout"]


def test_several_who_mount_it_and_one_alone() -> None:
    found = told(
        served(OLD),
        certificate(**NEW),
        holding("x", owner=Owner("StatefulSet", "db", "o")),
        holding("alone", owner=None),
    )
    assert (
        "restart Pod a/alone, StatefulSet a/db, which mount its Secret and run since before" in found.sentence
    )


def test_where_nobody_mounts_it_that_is_said() -> None:
    assert told(served(OLD), certificate(**NEW)).sentence.endswith(
        ": no pod that runs since before mounts its Secret: whoever has a copy of it must read it again"
    )


@pytest.mark.parametrize(("left", "level"), [(9.01, Level.WARN), (9.0, Level.BREACH), (1.0, Level.BREACH)])
def test_it_is_a_breach_when_less_than_a_tenth_of_the_old_one_is_left(left: float, level: Level) -> None:
    old = facts(serial="01", not_before=NOW - (90 - left) * DAY, not_after=NOW + left * DAY)
    assert told(served(old), certificate(**NEW)).level is level


@pytest.mark.parametrize(
    ("over", "ago", "level"),
    [
        ({}, 599.0, Level.MOVING),
        ({}, 600.0, Level.WARN),
        ({"seen_at": NOW - 3601}, 3600.0, Level.MOVING),
        ({"seen_at": NOW - 3600}, 3600.0, Level.WARN),
    ],
)
def test_it_has_some_minutes_and_is_looked_at_first(over: dict[str, Any], ago: float, level: Level) -> None:
    began = {"not_before": NOW - ago, "not_after": NOW - ago + 90 * DAY}
    assert told(served(OLD, **over), certificate(**began)).level is level


def test_when_it_was_renewed_is_its_requests_word_where_the_issuer_dates_back() -> None:
    issued = request(condition("Ready", "True", "Issued", since=NOW - 60), revision=3)
    assert told(served(OLD), certificate(**NEW), issued).level is Level.MOVING


@pytest.mark.parametrize(
    "names", [("shop.example.com", "new.example.com"), ("shop.example.com",), ("SHOP.example.com",)]
)
def test_an_earlier_issue_may_have_had_fewer_names(names: tuple[str, ...]) -> None:
    assert told(served(OLD), certificate(names=names, **NEW)).level is Level.WARN


@pytest.mark.parametrize("names", [("other.example.com",), ("a.example.com", "b.example.com")])
def test_what_is_of_other_names_is_another(names: tuple[str, ...]) -> None:
    assert told(served(OLD), certificate(names=names, **NEW)).level is Level.OK


def test_of_several_that_are_kept_for_a_name_one_is_enough() -> None:
    assert told(served(OLD), certificate(**NEW), certificate(name="b", **dates(OLD))).level is Level.OK


# -- renewed, and nobody saw it served ---------------------------------------------------------------------------------


def unseen(*objects: Object, now: float = NOW, **policy: Any) -> list[Verdict]:
    return [v for v in words(*objects, now=now, **policy) if v.rule == mounted.ID]


def test_pods_that_mount_what_was_renewed_and_run_since_before_are_told() -> None:
    [found] = unseen(certificate(**NEW), replica_set(), holding())
    assert found.level is Level.WARN
    assert found.sentence == (
        "shop: was renewed 1970-01-12 07:46 EST, and nobody saw it served; restart Deployment a/checkout or name an address that serves "
        "it: of the one before about 33 % is left, it ends about 1970-02-11 07:46 EST"
    )
    assert [str(o) for o in found.evidence.objects] == ["Deployment a/checkout", "Pod a/checkout-1-x"]


@pytest.mark.parametrize(("days", "level"), [(20.9, Level.WARN), (21.0, Level.BREACH), (40.0, Level.BREACH)])
def test_it_is_a_breach_as_the_one_before_ends(days: float, level: Level) -> None:
    [found] = unseen(certificate(**NEW), holding(), now=RENEWED + days * DAY)
    assert found.level is level


@pytest.mark.parametrize(
    "others",
    [
        [],
        [holding(since=RENEWED)],
        [holding(secrets=())],
        [holding(namespace="b")],
        [holding(), served(facts(**{"not_before": RENEWED, "not_after": RENEWED + 90 * DAY}))],
        [holding(), served(OLD)],
    ],
)
def test_nothing_is_said_where_nobody_mounts_it_or_an_address_tells(others: list[Object]) -> None:
    assert not unseen(certificate(**NEW), *others)


def test_a_look_from_before_the_renewal_tells_nothing() -> None:
    assert unseen(certificate(**NEW), holding(), served(OLD, seen_at=RENEWED - 1))


@pytest.mark.parametrize(("pattern", "said"), [("a/check*", 0), ("a/other", 1), ("b/*", 1), ("*", 0)])
def test_who_reads_it_again_by_itself_may_be_named(pattern: str, said: int) -> None:
    assert len(unseen(certificate(**NEW), replica_set(), holding(), reloads=(pattern,))) == said


def test_the_first_issue_is_no_renewal() -> None:
    assert not unseen(certificate(**NEW, **{"revision": 1}), holding())


def test_the_section_tells_of_addresses_too() -> None:
    seen = judge_all(picture(served(protocol="TLSv1")), NOW).sections
    [told] = [s for s in seen if s.id == SECTION.id]
    assert told.level is Level.WARN
    assert told.detail == "shop.example.com:443: answers only TLS 1.0, TLS 1.2 is the least"


# -- an authority that was renewed -------------------------------------------------------------------------------------


def authority(key: str, began: float, ends: float) -> Any:
    return facts(
        subject="CN=ca",
        issuer="CN=ca",
        names=(),
        is_ca=True,
        self_signed=True,
        subject_key=key,
        not_before=began,
        not_after=ends,
    )


def lies(*bundle: Any, name: str = "anchors") -> HeldCertificate:
    given: dict[str, Any] = {"of": "ConfigMap", "called": name, "role": Role.ANCHORS, "bundle": bundle}
    return HeldCertificate(namespace="a", name=f"ConfigMap/{name}/root.pem", **given)


SIGNED = facts(issuer="CN=ca", authority_key="01")
OLD_CA, NEW_CA = authority("01", NOW - 300 * DAY, NOW + 65 * DAY), authority("02", NOW - DAY, NOW + 364 * DAY)


@pytest.mark.parametrize(
    ("holders", "level", "said"),
    [
        ((), Level.OK, ""),
        ((lies(OLD_CA),), Level.OK, ""),
        ((lies(OLD_CA, authority("01", NOW - DAY, NOW + 364 * DAY)),), Level.OK, ""),
        (
            (lies(OLD_CA, NEW_CA),),
            Level.MOVING,
            "shop.example.com is signed by the authority before the CN=ca in ConfigMap a/anchors/root.pem, which ends 1970-03-18 08:46 EST",
        ),
        (
            (lies(OLD_CA), lies(NEW_CA, name="new")),
            Level.MOVING,
            "shop.example.com is signed by the authority before the CN=ca in ConfigMap a/new/root.pem, which ends 1970-03-18 08:46 EST",
        ),
        (
            (lies(authority("01", NOW - 300 * DAY, NOW + 59 * DAY), NEW_CA),),
            Level.WARN,
            "shop.example.com is signed by the authority before the CN=ca in ConfigMap a/anchors/root.pem, which ends 1970-03-12 08:46 EST, "
            "before it does",
        ),
        (
            (lies(NEW_CA),),
            Level.WARN,
            "shop.example.com is signed by the authority before the CN=ca in ConfigMap a/anchors/root.pem, which lies nowhere that is "
            "looked at",
        ),
        ((lies(authority("02", NOW - 40 * DAY, NOW + 300 * DAY)),), Level.OK, ""),
    ],
)
def test_a_leaf_that_is_signed_by_the_authority_before(
    holders: tuple[HeldCertificate, ...], level: Level, said: str
) -> None:
    found = told(served(SIGNED), *holders)
    assert found.level is level
    assert said in found.sentence


def test_a_key_that_was_kept_is_told() -> None:
    assert told(served(same_key=True)).sentence.endswith(", TLSv1.3, with the key of the one before")


# -- in a Secret that nothing keeps ------------------------------------------------------------------------------------


def in_secret(leaf: Any, name: str = "shop-tls") -> HeldCertificate:
    given: dict[str, Any] = {"of": "Secret", "called": name, "role": Role.SHOWN, "bundle": (leaf,)}
    return HeldCertificate(namespace="a", name=f"Secret/{name}", **given)


NEWER = facts(serial="02", fingerprint="F2", not_before=RENEWED, not_after=RENEWED + 90 * DAY)


def test_what_a_secret_has_by_now_and_is_served_old() -> None:
    found = told(served(OLD), in_secret(NEWER), replica_set(), holding())
    assert found.level is Level.WARN
    assert found.sentence == (
        "shop.example.com:443: serves serial 01 still, of whose life 32 % is left (ends 1970-02-10 08:46 EST), though Secret a/shop-tls has "
        "one since 1970-01-12 07:46 EST: restart Deployment a/checkout, which mounts its Secret and runs since before"
    )


@pytest.mark.parametrize(
    "others",
    [
        [in_secret(NEWER), in_secret(OLD, "copy")],  # it is what another Secret has
        [in_secret(NEWER), certificate(**dates(OLD))],  # its Certificate tells
        [in_secret(facts(fingerprint="F3", not_before=NOW - 70 * DAY))],
        [in_secret(facts(fingerprint="F3", not_before=RENEWED, names=("other.example.com",)))],
    ],
)
def test_a_secret_of_the_same_or_of_other_names_tells_nothing(others: list[Object]) -> None:
    assert told(served(OLD), *others).level is Level.OK
