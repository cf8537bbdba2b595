"""What is read of a certificate, against what it was made with; and anything at all in its place gives one sentence."""

from __future__ import annotations

import base64
import hashlib
import random

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from tests.issuing import DAY, issue
from tfdash.sources.certificates import x509
from tfdash.sources.certificates.handshake import fits
from tfdash.text import safe

NOW = 1_790_000_000.0
ROOT = issue("a root", ca=True, now=NOW, begins=-100 * DAY, ends=900 * DAY)
MIDDLE = issue("an intermediate", ROOT, ca=True, now=NOW)
LEAF = issue(
    "shop.example.com",
    MIDDLE,
    names=("shop.example.com", "*.API.example.com", "192.0.2.7", "2001:db8::1", "spiffe://mesh/ns/shop"),
    now=NOW,
    serial=0xABC,
)


def test_a_leaf_says_what_it_was_made_with() -> None:
    told = x509.facts_of(LEAF.der)
    assert told.serial == "0ABC"
    assert told.subject == "CN=shop.example.com"
    assert told.issuer == "CN=an intermediate"
    assert told.names == ("shop.example.com", "*.api.example.com", "192.0.2.7", "2001:db8::1")
    assert told.others == ("spiffe://mesh/ns/shop",)
    assert (told.not_before, told.not_after) == (NOW - 10 * DAY, NOW + 80 * DAY)
    assert told.fingerprint == hashlib.sha256(LEAF.der).hexdigest().upper()
    spki = LEAF.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert told.key_id == hashlib.sha256(spki).hexdigest().upper()
    assert told.authority_key == x509.facts_of(MIDDLE.der).subject_key != ""
    assert not told.is_ca
    assert not told.self_signed
    assert told.called == "shop.example.com"


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::1"])
def test_a_dns_name_that_looks_like_an_address_speaks_for_none(address: str) -> None:
    """OpenSSL, Go and browsers refuse it for the address; it is a common slip in requests."""
    wrong = x509.facts_of(issue("a", MIDDLE, names=(f"DNS:{address}",), now=NOW).der)
    right = x509.facts_of(issue("a", MIDDLE, names=(address,), now=NOW).der)
    assert (fits(address, wrong.names), fits(address, right.names)) == (False, True)
    assert address in wrong.called != address


def test_root_intermediate_and_leaf_are_told_apart() -> None:
    told = [x509.facts_of(c.der) for c in (ROOT, MIDDLE, LEAF)]
    assert [(t.is_ca, t.self_signed) for t in told] == [(True, True), (True, False), (False, False)]


def test_a_name_alone_makes_nobody_self_signed() -> None:
    other = issue("a root", ca=True, now=NOW)
    told = x509.facts_of(issue("a root", other, now=NOW).der)
    assert told.subject == told.issuer
    assert not told.self_signed


def test_a_key_that_is_kept_is_known_again() -> None:
    again = issue("shop.example.com", MIDDLE, key=LEAF.key, now=NOW + 60 * DAY)
    assert x509.facts_of(again.der).key_id == x509.facts_of(LEAF.der).key_id
    assert x509.facts_of(again.der).fingerprint != x509.facts_of(LEAF.der).fingerprint


@pytest.mark.parametrize(("at", "left"), [(-11, 1.0), (-10, 1.0), (80, 0.0), (81, 0.0), (35, 0.5)])
def test_the_share_of_its_lifetime_that_is_left(at: int, left: float) -> None:
    assert x509.facts_of(LEAF.der).left(NOW + at * DAY) == pytest.approx(left)


def test_a_bundle_has_its_certificates_in_their_order_whatever_stands_between() -> None:
    text = b"# the root: \xc3\xa4\xff\n" + ROOT.own_pem + b"\r\n" + LEAF.key_pem + b"noise" + MIDDLE.own_pem
    told = x509.bundle_of(text)
    assert [c.subject for c in told.certificates] == ["CN=a root", "CN=an intermediate"]
    assert told.problems == ()


def test_one_odd_block_takes_no_other_with_it() -> None:
    odd = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    told = x509.bundle_of(ROOT.own_pem + odd + MIDDLE.own_pem)
    assert len(told.certificates) == 2
    assert len(told.problems) == 1
    assert told.problems[0].startswith("block 2: it cannot be read as a certificate (")


@pytest.mark.parametrize("text", [b"", b"nothing", b"-----BEGIN CERTIFICATE-----", LEAF.key_pem])
def test_a_text_without_one_says_so(text: bytes) -> None:
    assert x509.bundle_of(text) == x509.PemText((), ("it holds no certificate in PEM",))


def test_hostile_names_are_shown_and_never_obeyed() -> None:
    told = x509.facts_of(issue("evil\x1b[2J\u202egro", now=NOW, names=()).der)
    assert told.subject == "CN=evil␛[2J<U+202E>gro"


def test_a_name_of_any_length_is_cut() -> None:
    told = x509.facts_of(issue("x", now=NOW, names=("https://example.com/" + "a" * 5000,)).der)
    assert len(told.others[0]) == 300


@given(st.binary(max_size=400))
def test_any_bytes_give_one_sentence(data: bytes) -> None:
    with pytest.raises(x509.NoCertificate) as told:
        x509.facts_of(data)
    assert "\n" not in str(told.value)


RSA_LEAF = issue("rsa.example.com", key=rsa.generate_private_key(65537, 2048), names=("a.b",), now=NOW)


@given(st.sampled_from([ROOT.der, LEAF.der, RSA_LEAF.der]), st.randoms(use_true_random=False))
def test_a_certificate_with_some_bytes_turned_is_read_or_gives_one_sentence(
    der: bytes, dice: random.Random
) -> None:
    turned = bytearray(der)
    for _ in range(dice.randint(1, 6)):
        turned[dice.randrange(len(turned))] = dice.randrange(256)
    if dice.random() < 0.3:
        del turned[dice.randrange(len(turned)) :]
    try:
        told = x509.facts_of(bytes(turned))
    except x509.NoCertificate:
        return
    assert all(safe(name) == name for name in (told.subject, told.issuer, *told.names, *told.others))
    pem = (
        b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(bytes(turned)) + b"-----END CERTIFICATE-----\n"
    )
    assert x509.bundle_of(pem).certificates == (told,)


def test_what_is_too_large_is_not_decoded() -> None:
    with pytest.raises(x509.NoCertificate, match="no certificate is as large"):
        x509.facts_of(b"\x30" * (x509.LARGEST + 1))
    assert x509.bundle_of(b" " * (x509.LARGEST_BUNDLE + 1)).problems[0].endswith("no bundle is as large")


def test_a_bundle_of_a_thousand_and_more_says_what_was_not_read() -> None:
    told = x509.bundle_of(ROOT.own_pem * (x509.MOST + 1))
    assert len(told.certificates) == x509.MOST
    assert told.problems == (f"it has more than {x509.MOST} blocks, the rest was not read",)


@pytest.mark.parametrize("digest", [hashes.SHA384(), hashes.SHA512()])
def test_other_digests_are_signatures_too(digest: hashes.HashAlgorithm) -> None:
    assert x509.facts_of(issue("x", now=NOW, digest=digest).der).self_signed
