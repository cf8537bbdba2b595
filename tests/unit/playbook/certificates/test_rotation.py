"""How far a rotation is: each step at its edges, what opens it, and that nothing opens while something before it is not proven."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.playbook.certificates.kept import DAY, certificate, request
from tests.unit.playbook.certificates.looked_at import facts, served
from tests.unit.playbook.certificates.rotated import (
    BEGAN,
    NEW,
    OLD,
    ROOT,
    leaf,
    of_picture,
    root,
    root_facts,
    seen,
    signer,
    told,
    trusts,
)
from tests.unit.playbook.making import NOW, REF, condition
from tfdash.judging.judge import judge_all
from tfdash.model.cert_manager import Bundle, BundleSource, CertificateRequest, ClusterIssuer, IssuerRef
from tfdash.model.certificates import CertificateFacts, Contact, HeldCertificate, Role, ServedCertificate
from tfdash.model.kube import ContainerStatus, Owner, Pod
from tfdash.model.observation import Problem, ProblemKind
from tfdash.model.rotation import Rotation, RotationStepState, Stage
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level, Verdict
from tfdash.playbook.certificates.by_hand import by_hand
from tfdash.playbook.certificates.rotating import ID
from tfdash.playbook.certificates.rotation import obstacles

D, A, N, W, U = (
    RotationStepState.DONE,
    RotationStepState.ALREADY,
    RotationStepState.NOW,
    RotationStepState.WAITS,
    RotationStepState.UNKNOWN,
)
BOTH = (OLD, NEW)


def turns(rotation: Rotation) -> list[RotationStepState]:
    return [s.state for s in rotation.steps]


def step(rotation: Rotation, stage: Stage) -> str:
    return next(s.told for s in rotation.steps if s.stage is stage)


COURSE: list[tuple[str, list[Any], list[RotationStepState]]] = [
    ("made, in no bundle", [leaf("web", "OLD"), trusts("a", OLD), trusts("b", OLD)], [D, N, A, W, W, W]),
    ("in one of two", [leaf("web", "OLD"), trusts("a", *BOTH), trusts("b", OLD)], [D, N, A, W, W, W]),
    ("in all", [leaf("web", "OLD"), trusts("a", *BOTH), trusts("b", *BOTH)], [D, D, D, N, W, W]),
    ("one of two leaves", [leaf("web", "OLD"), leaf("api"), trusts("a", *BOTH)], [D, D, D, N, W, W]),
    ("all leaves", [leaf("web"), leaf("api"), trusts("a", *BOTH)], [D, D, D, D, D, N]),
    ("removed", [leaf("web"), leaf("api"), trusts("a", NEW)], [D, D, D, D, D, D]),
]


@pytest.mark.parametrize(("what", "objects", "wanted"), COURSE, ids=[c[0] for c in COURSE])
def test_a_rotation_in_its_order(what: str, objects: list[Any], wanted: list[RotationStepState]) -> None:
    rotation = told(root(), signer(), *objects)
    assert turns(rotation) == wanted
    assert rotation.under_way is (what != "removed")
    assert (rotation.early, rotation.gone) == ((), ())


def test_the_arithmetic_names_what_is_left() -> None:
    rotation = told(root(), signer(), leaf("web", "OLD"), leaf("api"), trusts("a", *BOTH), trusts("b", OLD))
    assert step(rotation, Stage.ANCHORED) == (
        "every bundle trusts the new one: 1 of 2 bundles, left: ConfigMap mesh/b/ca.pem"
    )
    assert (
        step(rotation, Stage.REISSUED) == "all leaves are signed by the new one: 1 of 2 leaves, left: a/web"
    )
    assert rotation.not_yet(Stage.REISSUED) == f"not before {step(rotation, Stage.ANCHORED)}"
    assert rotation.not_yet(Stage.ANCHORED) == ""


def test_a_new_one_beside_the_old_is_signed_with_after_it_is_trusted() -> None:
    beside = [*root("root", OLD), *root("root-2", NEW)]
    staged = told(beside, signer(), leaf("web", "OLD"), trusts("a", OLD), of="root")
    assert staged.newest.name == "root-2" and staged.under_way
    assert turns(staged) == [D, N, W, W, W, W]
    ready = told(beside, signer(), leaf("web", "OLD"), trusts("a", *BOTH))
    assert turns(ready) == [D, D, N, W, W, W]
    assert step(ready, Stage.SIGNS).endswith("0 of 1 issuer, left: Issuer ca")
    switched = told(beside, signer(secret="root-2"), leaf("web", "OLD"), trusts("a", *BOTH), of="root-2")
    assert turns(switched) == [D, D, D, N, W, W]


def test_what_no_object_shows_is_said_where_it_counts() -> None:
    """Proxies of a mesh read anchors when they start, and have certificates that no Certificate keeps."""
    cases: list[tuple[list[Any], Stage, str]] = [
        ([leaf("web", "OLD"), trusts("a", OLD)], Stage.ANCHORED, ""),
        (
            [leaf("web", "OLD"), trusts("a", *BOTH)],
            Stage.REISSUED,
            "restart whoever reads anchors when it starts",
        ),
        (
            [leaf("web"), trusts("a", *BOTH)],
            Stage.REMOVED,
            "what a mesh issues to its pods by itself is not seen here",
        ),
    ]
    for objects, stage, words in cases:
        rotation = told(root(), signer(), *objects)
        assert [s.stage for s in rotation.steps if s.state is N] == [stage]
        sentences = list(by_hand(stage, rotation))
        assert any(words in sentence for sentence in sentences)
        assert bool(words) or not any("not seen here" in sentence for sentence in sentences)
    beside = told(
        [*root("root", OLD), *root("root-2", NEW)], signer(), leaf("web", "OLD"), trusts("a", *BOTH)
    )
    assert "restart whoever reads anchors" in next(iter(by_hand(Stage.SIGNS, beside)))


UNREAD: list[tuple[str, list[Any], dict[str, Any], Stage, str]] = [
    ("no bundle is seen", [], {}, Stage.ANCHORED, "no bundle that is looked at holds it"),
    (
        "one bundle cannot be read",
        [trusts("a", *BOTH), trusts("b", odd=("it cannot be read: 403",))],
        {},
        Stage.ANCHORED,
        "ConfigMap mesh/b/ca.pem: it cannot be read: 403",
    ),
    (
        "no holder was read",
        [],
        {"unread": ("HeldCertificate",)},
        Stage.ANCHORED,
        "what webhooks and ConfigMaps trust is not known: not asked for",
    ),
    (
        "issuers were not read",
        [trusts("a", *BOTH)],
        {"unread": ("Issuer",)},
        Stage.SIGNS,
        "Issuers are not known",
    ),
]


@pytest.mark.parametrize(("what", "more", "how", "stage", "words"), UNREAD, ids=[u[0] for u in UNREAD])
def test_what_cannot_be_read_is_not_proven(
    what: str, more: list[Any], how: dict[str, Any], stage: Stage, words: str
) -> None:
    rotation = told(root(), signer(), leaf("web", "OLD"), *more, **how)
    first = rotation.first
    assert first is not None and first.stage is stage and first.state is U
    assert words in first.told
    assert rotation.not_yet(Stage.REMOVED)


def test_what_of_the_bundles_may_not_be_listed_is_not_proven_by_those_that_may() -> None:
    found = seen([*root(), signer(), *leaf("web", "OLD"), trusts("a", *BOTH)])
    [(ref, cluster)] = found.clusters.items()
    held = cluster.kinds["HeldCertificate"]
    problem = Problem(kind=ProblemKind.FORBIDDEN, cause="no right to list APIServices")
    kinds = {**cluster.kinds, "HeldCertificate": msgspec.structs.replace(held, problem=problem, unreadable=1)}
    blind = msgspec.structs.replace(found, clusters={ref: msgspec.structs.replace(cluster, kinds=kinds)})
    rotation = of_picture(blind)
    assert turns(rotation) == [D, U, A, W, W, W]
    assert "no right to list APIServices" in step(rotation, Stage.ANCHORED)
    said = judge_all(blind, NOW).rotations[Subject(REF, "Certificate", "a", "root")]
    assert said.steps == rotation.steps


def test_whether_pods_and_addresses_serve_the_old_one_is_not_known_where_they_were_not_read() -> None:
    rotation = told(root(), signer(), leaf("web"), trusts("a", *BOTH), unread=("Pod", "ServedCertificate"))
    assert turns(rotation) == [D, D, D, D, U, W]


def test_a_leaf_of_which_nothing_says_who_signed_it_is_not_taken_for_new() -> None:
    later = told(root(), signer(), leaf("web", "?"), trusts("a", *BOTH))
    assert turns(later) == [D, D, D, U, A, W]
    assert "by which a/web is signed" in step(later, Stage.REISSUED)
    before = told(root(), signer(), leaf("web", "?", began=BEGAN - DAY), trusts("a", *BOTH))
    assert before.signed.old and turns(before)[3] is N


def test_of_an_authority_that_nothing_shows_nothing_is_proven() -> None:
    rotation = told(root(found=None), signer(), leaf("web", "OLD"), trusts("a", *BOTH))
    assert turns(rotation)[0] is U and rotation.under_way
    assert rotation.not_yet(Stage.ANCHORED).startswith("not before new authority is made")


def test_an_authority_with_the_key_of_the_one_before_leaves_nothing_to_do() -> None:
    again = root_facts("NEW", NOW - 300 * DAY, fingerprint="earlier")
    rotation = told(root(rotation="Never"), signer(), leaf("web"), trusts("a", again))
    assert not rotation.under_way and turns(rotation) == [D] * 6


def test_another_authority_of_the_same_subject_is_not_one_before_it() -> None:
    other = root("other", root_facts("OTHER", NOW - 5 * DAY), namespace="b", names=("root", "other"))
    rotation = told(root(), signer(), other, leaf("web"), trusts("a", NEW, root_facts("OTHER")))
    assert not rotation.under_way


def test_what_an_address_or_a_pod_serves_of_the_old_one_keeps_the_old_one_trusted() -> None:
    old = facts(issuer=ROOT, authority_key="OLD")
    address = served(old, name="shop:443")
    rotation = told(root(), signer(), leaf("web"), trusts("a", *BOTH), address)
    assert turns(rotation) == [D, D, D, D, N, W]
    assert step(rotation, Stage.SERVED).endswith("left: address shop:443")
    running = ContainerStatus("main", "i", state="running", since=BEGAN - DAY)
    pod = Pod(namespace="a", name="web-1", secrets=("web-tls",), statuses=(running,))
    mounted = told(root(), signer(), leaf("web"), trusts("a", *BOTH), pod)
    assert step(mounted, Stage.SERVED).endswith("left: Pod a/web-1")
    assert turns(mounted)[4:] == [N, W]


def _pod(since: float) -> Pod:
    running = ContainerStatus("main", "i", state="running", since=since)
    return Pod(namespace="a", name="web-1", secrets=("web-tls",), statuses=(running,))


def _address(answer: Contact) -> ServedCertificate:
    """One of a leaf's name that was never seen to serve."""
    there = served(name="web:443", asked="Web.example.com", answer=answer)
    return msgspec.structs.replace(there, chain=(), seen_at=0.0)


def _asked(key: str, owner: Owner | None = None, ends: float = NOW + DAY) -> CertificateRequest:
    issued = facts(issuer=ROOT, authority_key=key, not_before=BEGAN - DAY, not_after=ends)
    return request(namespace="a", name="csi-1", uid="csi", owner=owner, revision=None, issued=issued)


LEFT: list[tuple[str, list[Any], RotationStepState, str]] = [
    ("a pod of before the renewal", [leaf("web"), _pod(BEGAN - DAY)], N, "left: Pod a/web-1"),
    # its Certificate was made anew over the Secret: it counts from one again
    ("and of before the first", [leaf("web", revision=1), _pod(BEGAN - DAY)], N, "left: Pod a/web-1"),
    ("a revision that nobody says", [leaf("web", revision=None), _pod(BEGAN - DAY)], N, "left: Pod a/web-1"),
    ("a pod of after it", [leaf("web", revision=1), _pod(NOW - DAY)], D, "none is seen"),
    ("what a driver has", [leaf("web"), _asked("OLD", Owner("Pod", "pay", "p"))], N, "a/csi-1 of Pod pay"),
    ("what a person has", [leaf("web"), _asked("OLD")], N, "left: CertificateRequest a/csi-1"),
    ("what it had that ended", [leaf("web"), _asked("OLD", ends=NOW)], D, "none is seen"),
    ("what a driver has by now", [leaf("web"), _asked("NEW", Owner("Pod", "pay", "p"))], D, "none is seen"),
    *(
        (
            f"an address: {answer}",
            [leaf("web"), _address(answer)],
            U,
            f"not known: what address web:443 serves: {answer}",
        )
        for answer in Contact
        if answer is not Contact.SERVED
    ),
]


@pytest.mark.parametrize(("what", "objects", "state", "words"), LEFT, ids=[one[0] for one in LEFT])
def test_the_old_one_is_not_taken_out_while_somebody_may_have_it(
    what: str, objects: list[Any], state: RotationStepState, words: str
) -> None:
    rotation = told(root(), signer(), *objects, trusts("a", *BOTH))
    assert turns(rotation)[4:] == [state, N if state is D else W]
    assert words in step(rotation, Stage.SERVED)
    assert bool(rotation.not_yet(Stage.REMOVED)) is (state is not D)


def test_who_has_a_certificate_of_the_old_one_alone_is_not_forgotten() -> None:
    gone = told(root(), signer(), leaf("web"), _asked("OLD"), trusts("a", NEW))
    assert gone.under_way and turns(gone)[4] is N


def test_an_anchor_that_only_says_to_be_the_new_one_is_not_it() -> None:
    """Its subject and the identifier of its key are words of whoever made it."""
    real, other = root_facts(key_id="REAL"), root_facts(key_id="OTHER", fingerprint="another")
    for found, state in ((real, D), (other, N)):
        rotation = told(root(found=real), signer(), leaf("web", "OLD"), trusts("a", OLD, found))
        assert turns(rotation)[1] is state


def test_an_intermediate_is_trusted_by_the_root_above_it() -> None:
    under = {"issuer": ROOT, "authority_key": "NEW", "self_signed": False, "subject": "CN=sub"}
    sub = root("root", root_facts("SUB2", **under))
    web = leaf("web", "SUB1", began=BEGAN - DAY)
    web[1] = msgspec.structs.replace(
        web[1],
        issued=facts(
            issuer="CN=sub", authority_key="SUB1", not_before=BEGAN - DAY, not_after=BEGAN + 89 * DAY
        ),
    )
    rotation = told(sub, signer(), web, trusts("a", NEW))
    assert turns(rotation) == [D, D, D, N, W, A]
    assert rotation.gone == ()
    pinned = told(sub, signer(), web, trusts("a", root_facts("SUB1", **under)))
    assert turns(pinned)[1] is N


def test_what_a_lower_authority_of_before_signed_is_left_too() -> None:
    chain = {"issuer": ROOT, "authority_key": "NEW", "self_signed": False, "subject": "CN=sub"}
    sub = root(
        "sub",
        root_facts("SUB", NOW - 5 * DAY, **chain),
        names=("sub",),
        issuer=certificate().issuer.__class__("ca"),
    )
    web = leaf("web", "OLD", by="sub-ca", began=NOW - 20 * DAY)
    rotation = told(root(), signer(), sub, signer("sub-ca", "sub"), web, trusts("a", *BOTH))
    assert "web" in [c.name for c in (*rotation.signed.old, *rotation.signed.unknown)]
    assert rotation.not_yet(Stage.REMOVED)


def sub_facts(key: str, began: float, by: str) -> CertificateFacts:
    chain = {"issuer": ROOT, "authority_key": by, "self_signed": False, "subject": "CN=sub"}
    return root_facts(key, began, **chain)


def below(began: float, key: str = "SUB", kept: bool = True) -> list[Any]:
    """A leaf that a lower authority signed with that key."""
    one, request = leaf("web", "?", by="sub-ca", began=began)
    found = facts(issuer="CN=sub", authority_key=key, not_before=began, not_after=began + 90 * DAY)
    return [one, msgspec.structs.replace(request, issued=found if kept else None)]


LATELY, BEFORE = NOW - 5 * DAY, NOW - 40 * DAY
BELOW: list[tuple[str, tuple[str, float], list[Any], str]] = [
    ("by the one that is", ("NEW", LATELY), [below(LATELY + DAY)], "new"),
    ("by the one that is, which the old root signed", ("OLD", BEFORE), [below(BEFORE + DAY)], "old"),
    ("before that one", ("OLD", BEFORE), [below(BEFORE - DAY, "SUB0")], "old"),
    (
        "by an earlier one of the old root",
        ("NEW", LATELY),
        [below(LATELY - DAY, "SUB0"), trusts("c", sub_facts("SUB0", BEFORE, "OLD"))],
        "old",
    ),
    (
        "by an earlier one of the new root",
        ("NEW", LATELY),
        [below(LATELY - DAY, "SUB0"), trusts("c", sub_facts("SUB0", LATELY - 2 * DAY, "NEW"))],
        "new",
    ),
    (
        "by an earlier one of which a later issue is seen alone",
        ("NEW", LATELY),
        [below(LATELY - 2 * DAY, "SUB0"), trusts("c", sub_facts("SUB0", LATELY - DAY, "NEW"))],
        "unknown",
    ),
    ("by one that is seen nowhere", ("NEW", LATELY), [below(LATELY - DAY, "SUB0")], "unknown"),
    ("by nobody knows whom", ("NEW", LATELY), [below(LATELY - DAY, kept=False)], "unknown"),
]


@pytest.mark.parametrize(("what", "sub", "objects", "sort"), BELOW, ids=[b[0] for b in BELOW])
def test_by_which_root_a_leaf_stands_that_a_lower_authority_signed(
    what: str, sub: tuple[str, float], objects: list[Any], sort: str
) -> None:
    key, began = sub
    lower = root("sub", sub_facts("SUB", began, key), names=("sub",), issuer=IssuerRef("ca"))
    found = told(root(), signer(), lower, signer("sub-ca", "sub"), *objects, trusts("a", *BOTH)).signed
    assert {n for n in ("new", "old", "unknown") for c in getattr(found, n) if c.name == "web"} == {sort}
    assert found.below == {"a/web"}


def bundle(*sources: BundleSource, synced: str = "True", **over: Any) -> Bundle:
    return Bundle(
        namespace="",
        name="roots",
        sources=sources,
        config_map_key="ca.pem",
        conditions=(condition("Synced", synced),),
        **over,
    )


def inline(*written: Any) -> BundleSource:
    return BundleSource(of="inline", written=written)


BUNDLES: list[tuple[str, list[Any], RotationStepState, str]] = [
    ("inline, both", [bundle(inline(*BOTH))], D, "1 of 1 bundle"),
    ("inline, old", [bundle(inline(OLD))], N, "left: Bundle roots"),
    (
        "not written",
        [bundle(inline(*BOTH), synced="False")],
        U,
        "trust-manager has not written it everywhere",
    ),
    (
        "a source not read",
        [bundle(BundleSource(of="ConfigMap", name="roots", key="ca.pem"))],
        U,
        "is not read",
    ),
    ("several objects", [bundle(BundleSource())], U, "names several objects"),
    ("public ones alone", [bundle(BundleSource(of="defaults")), trusts("a", *BOTH)], D, "1 of 1 bundle"),
    (
        "a source that is read",
        [
            bundle(BundleSource(of="ConfigMap", name="src", key="ca.pem")),
            trusts("src", *BOTH, namespace="cert-manager"),
        ],
        D,
        "2 of 2 bundles",
    ),
    (
        "a copy of it says what it holds",
        [bundle(BundleSource(of="ConfigMap", name="src", key="ca.pem")), trusts("roots", OLD)],
        N,
        "0 of 1 bundle, left: Bundle roots",
    ),
]


@pytest.mark.parametrize(("what", "objects", "state", "words"), BUNDLES, ids=[b[0] for b in BUNDLES])
def test_a_bundle_of_trust_manager(
    what: str, objects: list[Any], state: RotationStepState, words: str
) -> None:
    rotation = told(root(), signer(), leaf("web", "OLD"), *objects)
    assert turns(rotation)[1] is state
    assert words in step(rotation, Stage.ANCHORED)


def test_a_bundle_that_takes_the_secret_of_the_authority_itself_stands_against_a_new_one() -> None:
    takes = BundleSource(of="Secret", name="root", key="tls.crt")
    here = [
        *(msgspec.structs.replace(o, namespace="cert-manager") for o in root(found=OLD)),
        ClusterIssuer(namespace="", name="ca", by="ca", secret="root"),
        *leaf("web", "OLD", issuer=certificate().issuer.__class__("ca", "ClusterIssuer")),
    ]
    rotation = told(here, bundle(takes))
    assert not rotation.under_way
    [sentence] = obstacles(rotation)
    assert sentence.startswith("Bundle roots takes its anchors from that very Secret")
    assert obstacles(told(here, bundle(inline(OLD)))) == ()


def test_what_follows_a_certificate_by_itself_holds_nothing_up() -> None:
    hook = HeldCertificate(
        namespace="",
        name="Hook/shop",
        of="Hook",
        called="shop",
        role=Role.ANCHORS,
        bundle=(OLD,),
        follows="a/web",
    )
    rotation = told(root(), signer(), leaf("web", "OLD"), trusts("a", *BOTH), hook)
    assert turns(rotation)[1] is D and rotation.follow == ("Hook shop",)
    # nobody writes it anew: what it calls has the new one, and it trusts the old one alone
    late = told(root(), signer(), leaf("web"), trusts("a", NEW), hook)
    assert late.under_way and step(late, Stage.REMOVED).endswith("1 of 2 bundles, left: Hook shop")
    assert late.early == ("Hook shop",)
    written = msgspec.structs.replace(hook, bundle=(NEW,))
    assert not told(root(), signer(), leaf("web"), trusts("a", NEW), written).under_way


def verdict(*objects: Any) -> Verdict | None:
    flat = [o for one in objects for o in (one if isinstance(one, list) else [one])]
    found = judge_all(seen(flat), NOW).verdicts.get(Subject(REF, "Certificate", "a", "root"), ())
    return next((v for v in found if v.rule == ID), None)


VERDICTS: list[tuple[list[Any], Level | None, str]] = [
    ([leaf("web"), trusts("a", NEW)], None, ""),
    (
        [leaf("web", "OLD"), trusts("a", OLD)],
        Level.MOVING,
        "step 2 of 6: every bundle trusts the new one: 0 of 1",
    ),
    ([leaf("web", "OLD"), trusts("a", *BOTH)], Level.MOVING, "step 4 of 6"),
    ([leaf("web"), trusts("a", *BOTH)], Level.MOVING, "step 6 of 6"),
    ([leaf("web", "OLD")], Level.UNKNOWN, "no bundle that is looked at"),
    (
        [leaf("web", "OLD"), leaf("api"), trusts("a", OLD)],
        Level.WARN,
        "1 leaf is signed by the new one, which ConfigMap mesh/a/ca.pem does not trust: an outage in waiting",
    ),
    (
        [leaf("web", "OLD"), trusts("a", NEW)],
        Level.BREACH,
        "the old one is gone from ConfigMap mesh/a/ca.pem while 1 leaf of it is left",
    ),
]


@pytest.mark.parametrize(("objects", "level", "words"), VERDICTS)
def test_the_rule(objects: list[Any], level: Level | None, words: str) -> None:
    found = verdict(root(), signer(), *objects)
    assert (found.level if found is not None else None) is level
    assert found is None or words in found.sentence


def test_what_is_served_of_an_old_one_that_is_not_trusted_any_more_is_a_breach() -> None:
    address = served(facts(issuer=ROOT, authority_key="OLD"), name="shop:443")
    found = verdict(root(), signer(), leaf("web"), trusts("a", *BOTH), trusts("b", NEW), address)
    assert found is not None and found.level is Level.BREACH and "what it signed is served" in found.sentence


KEYS = st.sampled_from(["OLD", "NEW", "?"])
PLACES = st.lists(st.sampled_from(["old", "new", "both", "odd", "none"]), max_size=3)
BLIND = st.lists(
    st.sampled_from(["Pod", "ServedCertificate", "HeldCertificate", "Issuer", "CertificateRequest"]),
    max_size=2,
)
HOLDS = {"old": (OLD,), "new": (NEW,), "both": BOTH, "odd": (), "none": ()}


@given(st.lists(KEYS, max_size=3), PLACES, st.booleans(), st.booleans(), st.booleans(), BLIND)
def test_no_observation_opens_a_step_while_one_before_it_is_not_proven(
    leaves: list[str], places: list[str], shown: bool, staged: bool, serves_old: bool, blind: list[str]
) -> None:
    made: list[Any] = [
        *(root("root", OLD) if staged else []),
        *root("root-2" if staged else "root", NEW if shown else None),
    ]
    made += [signer(), *(o for n, key in enumerate(leaves) for o in leaf(f"l{n}", key))]
    for n, place in enumerate(places):
        odd = ("it cannot be read: 500",) if place == "odd" else ()
        made.append(trusts(f"p{n}", *HOLDS[place], odd=odd))
    if serves_old:
        made.append(served(facts(issuer=ROOT, authority_key="OLD"), name="shop:443"))
    rotation = of_picture(seen(made, blind))
    proven = True
    for one in rotation.steps:
        assert (rotation.not_yet(one.stage) == "") is proven
        assert one.state is not D or proven
        assert one.proof.proven or (one.proof.left or one.proof.unread)
        proven = proven and one.proof.proven
    known = {s.stage: s.proof.proven for s in rotation.steps}
    if "odd" in places or "HeldCertificate" in blind or not shown:
        assert not known[Stage.ANCHORED] and not known[Stage.REMOVED]
    if rotation.under_way and "?" in leaves and "Issuer" not in blind:
        assert not known[Stage.REISSUED]
    if rotation.not_yet(Stage.REMOVED) == "" and rotation.under_way:
        assert all(key == "NEW" for key in leaves) and "old" not in places and not serves_old
    stale = rotation._replace(stale="not proven current since 08:46 EST")
    assert all(stale.not_yet(s) for s in Stage)


BESIDE = [*root("root", OLD), *root("root-2", NEW)]
BY_HAND: list[tuple[Stage, Rotation, list[str]]] = [
    (
        Stage.ANCHORED,
        told(root(), signer(), leaf("web", "OLD"), trusts("a", OLD), bundle(inline(OLD))),
        [
            "the new one: kubectl get secret root -n a -o jsonpath='{.data.tls\\.crt}' | base64 -d",
            "Bundle roots: kubectl edit bundle roots (spec.sources), or what it takes its anchors from",
            "ConfigMap mesh/a/ca.pem: kubectl edit configmap a -n mesh (key ca.pem)",
            "add it beside the old one and take nothing away; done when each is read to hold both",
        ],
    ),
    (
        Stage.SIGNS,
        told(BESIDE, signer(), leaf("web", "OLD"), trusts("a", *BOTH)),
        [
            'kubectl patch issuer ca -n a --type=merge -p \'{"spec":{"ca":{"secretName":"root-2"}}}\'',
            "done when the issuer names that Secret and is Ready",
        ],
    ),
    (
        Stage.REISSUED,
        told(root(), signer(), leaf("web", "OLD"), trusts("a", *BOTH)),
        ["certificate: renew all of this authority, on a/root; each is done when its next revision is Ready"],
    ),
    (
        Stage.REMOVED,
        told(root(), signer(), leaf("web"), trusts("a", *BOTH)),
        [
            "ConfigMap mesh/a/ca.pem: kubectl edit configmap a -n mesh (key ca.pem)",
            "take the old one out and leave the new one; done when each is read without it",
        ],
    ),
    (Stage.REMOVED, told(root(), signer(), leaf("web"), trusts("a", NEW)), []),
]


@pytest.mark.parametrize(("stage", "rotation", "words"), BY_HAND)
def test_what_a_person_does_for_a_step(stage: Stage, rotation: Rotation, words: list[str]) -> None:
    """In this order; warnings may stand between them."""
    said = list(by_hand(stage, rotation))
    assert [one for one in said if one in words] == words and bool(said) is bool(words)
