"""Bundles that cannot be read: which of them holds a rotation up, and how one is excepted."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.playbook.certificates.rotated import NEW, OLD, POLICY, leaf, root, signer, told, trusts
from tests.unit.playbook.making import NOW, condition
from tfdash.model.cert_manager import Bundle, BundleSource
from tfdash.model.rotation import Stage
from tfdash.playbook.certificates.by_hand import by_hand

BOTH = (OLD, NEW)


def test_a_bundle_that_is_no_pem_is_named_and_may_be_said_to_trust_none_of_ours() -> None:
    """Until it is mended or said to be apart it holds all up; one that can be read is judged whatever the settings say."""
    odd = trusts("policy", odd=("it is no PEM",))
    there = [*root(), signer(), *leaf("web", "OLD"), trusts("a", *BOTH), trusts("b", OLD), odd]
    held = told(there)
    assert (held.odd, held.apart) == (("ConfigMap mesh/policy/ca.pem",), ())
    unread = next(s for s in held.steps if s.stage is Stage.REMOVED).proof.unread
    assert unread == ("ConfigMap mesh/policy/ca.pem: it is no PEM",)
    for pattern, apart in (
        ("ConfigMap mesh/*", True),
        ("ConfigMap mesh/policy/ca.pem", True),
        ("ConfigMap b/*", False),
    ):
        found = told(there, policy=replace(POLICY, trusts_none=(pattern,)))
        assert bool(found.apart) is apart and bool(found.odd) is not apart
        anchored = found.steps[1]
        assert anchored.stage is Stage.ANCHORED and anchored.proof.left == ("ConfigMap mesh/b/ca.pem",)


def test_what_is_to_be_written_for_such_a_bundle_is_said() -> None:
    odd = trusts("policy", odd=("it is no PEM",))
    found = told(root(), signer(), leaf("web", "OLD"), trusts("a", *BOTH), odd)
    assert 'trusts_none = ["ConfigMap mesh/policy/ca.pem"]' in " ".join(by_hand(Stage.ANCHORED, found))


def test_bundles_take_from_the_namespace_that_the_settings_name() -> None:
    bundle = Bundle(
        namespace="",
        name="roots",
        uid="b",
        created=NOW,
        sources=(BundleSource(of="ConfigMap", name="a", key="ca.pem"),),
        conditions=(condition("Synced", "True", "Synced"),),
    )
    there = [*root(), signer(), *leaf("web"), trusts("a", NEW), bundle]
    assert told(there).odd == ("Bundle roots",)
    assert told(there, policy=replace(POLICY, bundle_sources_in="mesh")).odd == ()


def test_two_authorities_that_are_alike_are_two_where_the_settings_say_so() -> None:
    """Else the newer one is taken for the successor of the other, and that rotation would never end."""
    alike = [*root("root", OLD), *root("root-2", NEW), signer("ca"), signer("ca-2", secret="root-2")]
    leaves = [*leaf("web", "OLD", by="ca"), *leaf("api", "NEW", by="ca-2")]
    there = [*alike, *leaves, trusts("a", *BOTH)]
    one = told(there, of="root-2")
    assert one.under_way and one.newest.name == "root-2"
    said = " ".join(by_hand(Stage.SIGNS, one))
    assert 'if a/root is another authority, and not the one before it: separate = ["a/root"]' in said
    policy = replace(POLICY, separate=("a/root",))
    for of, new in (("root", "web"), ("root-2", "api")):
        two = told(there, of=of, policy=policy)
        assert (two.under_way, two.newest.name, two.before) == (False, of, ())
        assert [c.name for c in two.signed.new] == [new] and not two.signed.old
