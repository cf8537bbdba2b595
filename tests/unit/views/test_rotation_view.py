"""What the page says of an authority of which no rotation is under way, or of which nobody can tell."""

from __future__ import annotations

from tests.unit.playbook.certificates.rotated import NEW, OLD, leaf, root, seen, signer, told, trusts
from tests.unit.playbook.making import NOW, REF
from tests.unit.views.making import HOSTILE, VISIBLE
from tfdash.judging.judge import judge_all
from tfdash.model.rotation import Rotation
from tfdash.model.subject import Subject
from tfdash.views.rotation import AuthorityRotation, about, of_one, rotations

AT = Subject(REF, "Certificate", "a", "root")


def shown(rotation: Rotation) -> list[str]:
    return of_one(AuthorityRotation(AT, rotation))


def test_one_that_is_not_rotated_says_so_only_where_all_of_it_is_known() -> None:
    head, *rest = shown(told(root(), signer(), leaf("web"), trusts("a", NEW)))
    assert head.startswith("eu-1 a/root: no rotation is under way; the one that signs began ")
    assert rest == ["    1 leaf of it; its trust: 1 of 1 bundle"]
    head, *rest = shown(told(root(found=None), signer(), leaf("web"), trusts("a", NEW)))
    assert head == "? eu-1 a/root: whether a rotation is under way is not known"
    assert any("no CertificateRequest of revision 2 is left that has a/root" in line for line in rest)
    head, *rest = shown(told(root(), signer(), leaf("web", "?"), trusts("a", NEW)))
    assert head.startswith("? ") and "    ? by which a/web is signed" in rest


def test_of_a_family_the_newest_stands_once_and_a_leaf_leads_to_it() -> None:
    picture = seen(
        [*root("root", OLD), *root("root-2", NEW), signer(), *leaf("web", "OLD"), trusts("a", OLD)]
    )
    found = rotations(judge_all(picture, NOW))
    assert [one.subject.name for one in found] == ["root-2"]
    for name in ("web", "root", "root-2"):
        assert about(found, AT._replace(name=name)) == found
    assert about(found, AT._replace(name="other")) == () == rotations(judge_all(picture, NOW), ("b",))


def test_text_from_outside_is_shown_and_does_nothing() -> None:
    rotation = told(root(), signer(), leaf(HOSTILE, "OLD"), trusts(HOSTILE, OLD))
    text = "\n".join(shown(rotation))
    assert HOSTILE not in text and VISIBLE in text
