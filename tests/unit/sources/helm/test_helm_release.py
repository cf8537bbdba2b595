"""What is taken of a stored release, and that nothing else ever is, however odd it is."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.sources.helm.storing import PLANTED, manifest_of, packed, stored, zipped
from tfdash.model.helm import StoredKind
from tfdash.sources.kubernetes import helm_release
from tfdash.sources.kubernetes.helm_release import ReleaseContents, contents

TWO = manifest_of(("policy/v1beta1", "PodDisruptionBudget", "web"), ("apps/v1", "Deployment", "web"))
KINDS = (
    StoredKind("apps/v1", "Deployment", "web"),
    StoredKind("policy/v1beta1", "PodDisruptionBudget", "web"),
)


def of(manifest: str) -> ReleaseContents:
    return contents(json.dumps(stored(data=packed(manifest))).encode(), secret=True)


@pytest.mark.parametrize("secret", [True, False])
@pytest.mark.parametrize("gzipped", [True, False])
def test_a_release_is_read_out_of_either_object_packed_or_not(secret: bool, gzipped: bool) -> None:
    body = json.dumps(stored(data=packed(TWO, secret=secret, gzipped=gzipped))).encode()
    assert contents(body, secret=secret) == ReleaseContents(KINDS), "its hooks are no part of its manifest"
    assert contents(body, secret=not secret).odd


@pytest.mark.parametrize(
    ("manifest", "kinds", "odd"),
    [
        ("", (), ""),
        ("---\n# nothing\n---\n \n--- \n", (), ""),
        ("apiVersion: v1\nkind: X\nmetadata: {name: x, namespace: shop}\n", [("v1", "X", "shop/x", 1)], ""),
        ("kind: X\nmetadata: {name: x}\napiVersion: v1\n", [("v1", "X", "x", 1)], ""),
        ('{"apiVersion": \'v1\', "kind": X}\n', [("v1", "X", "", 1)], ""),
        ("a: |\n  ---\n  apiVersion: v2\napiVersion: v1\nkind: X\n", [("v1", "X", "", 1)], ""),
        ("spec: {kind: Y, apiVersion: v2}\napiVersion: v1\nkind: X\n", [("v1", "X", "", 1)], ""),
        (
            "? [kind, kind]\n: Y\n? {kind: Y}\n: {kind: Z}\nkind: X\napiVersion: v1\n",
            [("v1", "X", "", 1)],
            "",
        ),
        ("apiVersion: v1\nkind: X\n--- # next\napiVersion: v1\nkind: X\n", [("v1", "X", "", 2)], ""),
        (
            "apiVersion: v1\nkind: List\nmetadata: {name: l}\nitems:\n- {apiVersion: v1, kind: X, metadata: {name: a}}\n- kind: Y\n",
            [("v1", "X", "a", 1)],
            "1 of 2 objects cannot be read",
        ),
        ("apiVersion: v1\nkind: XList\nitems: []\n", [("v1", "XList", "", 1)], ""),
        ("kind: X\n", (), "1 of 1 object cannot be read"),
        ("- apiVersion: v1\n  kind: X\n", (), "1 of 1 object cannot be read"),
        ("a: [\n---\napiVersion: v1\nkind: X\n", [("v1", "X", "", 1)], "1 of 2 objects cannot be read"),
        ("apiVersion: 'v 1'\nkind: X\n", (), "1 of 1 object cannot be read"),
        ('apiVersion: v1\nkind: X\nmetadata: {name: "a\\u001b[31m"}\n', [("v1", "X", "", 1)], ""),
        ("apiVersion: &a v1\nkind: *a\n", (), "1 of 1 object cannot be read"),
        ("a: " + "[" * 200_000, (), "it has more than 100 levels of YAML"),
        ("x: 1\n" * 250_000, (), "it has more than 400,000 pieces of YAML"),
        ("#" * ((8 << 20) + 1), (), "it has more than 8 million characters of manifest"),
    ],
)
def test_of_a_manifest_each_object_says_what_it_is(
    manifest: str, kinds: list[tuple[str, str, str, int]], odd: str
) -> None:
    assert of(manifest) == ReleaseContents(tuple(StoredKind(*one) for one in kinds), odd)


def test_what_was_read_before_there_was_too_much_stands() -> None:
    many = manifest_of(*((f"v{n}", "X", "x") for n in range(301)))
    found = of(many)
    assert len(found.kinds) == 300 and found.odd == "it has more than 300 kinds of objects"


def _body(data: bytes) -> bytes:
    return json.dumps({"data": {"release": base64.b64encode(base64.b64encode(data)).decode()}}).encode()


@pytest.mark.parametrize(
    ("body", "odd"),
    [
        (_body(zipped(b'{"manifest": "' + b" " * (200 << 20))), "it has more than 32 MiB unpacked"),
        (_body(zipped(PLANTED.encode())[:-9]), "(ValueError)"),
        (_body(zipped(b'{"manifest": "%s"' % PLANTED.encode())), "(DecodeError)"),
        (_body(zipped(b'{"manifest": ["%s"]}' % PLANTED.encode())), "(ValidationError)"),
        (_body(b'{"x": ' + b"[" * 200_000), "(RecursionError)"),
        (b'{"data": {"release": "%s!"}}' % PLANTED.encode(), "(Error)"),
        (b'{"data": null}', "(DecodeError)"),
        (b"{}", "(DecodeError)"),
        (b"", "(DecodeError)"),
    ],
)
def test_what_is_no_release_is_said_to_be_none_in_words_of_our_own(body: bytes, odd: str) -> None:
    found = contents(body, secret=True)
    assert not found.kinds and odd in found.odd and PLANTED not in found.odd


def test_the_yaml_is_not_unfolded() -> None:
    """Aliases of aliases would be more than any memory."""
    levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    assert of(f"apiVersion: v1\nkind: X\na0: &a0 x\n{levels}") == ReleaseContents((StoredKind("v1", "X"),))


@given(st.text(max_size=300), st.sampled_from(["", "apiVersion: v1\nkind: X\n", "- "]))
def test_no_text_is_a_fault_and_none_of_it_is_told(text: str, before: str) -> None:
    found = of(f"{before}a: {PLANTED}{text}\n---\n{text}")
    assert PLANTED not in repr(found)


def test_of_all_that_stands_in_it_nothing_else_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    found = of(TWO)
    assert PLANTED not in repr(found) and base64.b64encode(PLANTED.encode()).decode() not in repr(found)
    monkeypatch.setattr(helm_release, "LARGEST", 100)
    assert PLANTED not in repr(of(TWO))
