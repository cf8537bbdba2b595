"""Certificates and keys as people have them: none is asked for on the terminal, each that cannot be used is a sentence."""

from __future__ import annotations

import os
import pty
import shutil
import ssl
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tfdash.model.observation import ProblemKind
from tfdash.sources.kubernetes.credentials import Credentials
from tfdash.sources.kubernetes.kubeconfig import Access
from tfdash.sources.kubernetes.tls import Unusable
from tfdash.sources.kubernetes.transport import problem_of

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
ACCESS = Access(server="https://h")


def openssl(*argv: str) -> None:
    subprocess.run(["openssl", *argv], check=True, capture_output=True, stdin=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """cert.pem with key.pem, the same key locked in locked.pem, and another.pem."""
    folder = tmp_path_factory.mktemp("tls")
    for name in ("key", "another"):
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(folder / f"{name}.pem"))
    openssl(
        "req", "-x509", "-key", str(folder / "key.pem"), "-subj", "/CN=ann", "-out", str(folder / "cert.pem")
    )
    locked = ("-aes256", "-passout", "pass:planted-phrase", "-out", str(folder / "locked.pem"))
    openssl("pkcs8", "-topk8", "-v2", "aes256", "-in", str(folder / "key.pem"), *locked[1:])
    return folder


def shown(files: Path, key: str, certificate: str = "cert.pem") -> ssl.SSLContext:
    access = replace(ACCESS, certificate=(files / certificate).read_bytes(), key=(files / key).read_bytes())
    return Credentials(access).ssl_context()


def test_a_key_behind_a_passphrase_is_named_and_nobody_is_asked(files: Path) -> None:
    """On a real terminal, where OpenSSL would ask: its question takes the keys from whoever types."""
    script = (
        "from pathlib import Path; from tests.unit.sources.test_tls import shown, Unusable\n"
        f"try: shown(Path({str(files)!r}), 'locked.pem')\n"
        "except Unusable as e: print('TOLD', e)"
    )
    master, slave = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-c", script],
        stdin=slave,
        stdout=subprocess.PIPE,
        stderr=slave,
        start_new_session=True,
        timeout=120,
        check=True,
    )
    os.close(slave)
    os.close(master)
    assert b"TOLD client-key is locked by a passphrase" in done.stdout


def test_the_remedy_for_a_locked_key_works(files: Path, tmp_path: Path) -> None:
    with pytest.raises(Unusable) as told:
        shown(files, "locked.pem")
    problem = problem_of(told.value, 0.0)
    assert problem.kind is ProblemKind.CONFIG and "openssl pkey -in KEY -out NEW" in problem.remedy
    new = files / "unlocked.pem"
    openssl("pkey", "-in", str(files / "locked.pem"), "-out", str(new), "-passin", "pass:planted-phrase")
    assert shown(files, "unlocked.pem")


@pytest.mark.parametrize(
    ("certificate", "key", "said"),
    [
        ("cert.pem", "another.pem", "do not belong together"),
        ("cert.pem", "cert.pem", "cannot be read as PEM"),
        ("key.pem", "key.pem", "cannot be read as PEM"),
    ],
)
def test_what_cannot_be_used_is_a_sentence(files: Path, certificate: str, key: str, said: str) -> None:
    with pytest.raises(Unusable, match=said) as told:
        shown(files, key, certificate)
    assert "[SSL" not in str(told.value) and "_ssl.c" not in str(told.value)


@pytest.mark.parametrize("comment", ["# Müller GmbH – Wurzel\n", "subject=CN\x00odd\n", ""])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "latin-1"])
def test_a_ca_file_with_names_between_its_certificates(files: Path, comment: str, encoding: str) -> None:
    pem = (files / "cert.pem").read_bytes()
    ca = comment.encode(encoding, "replace") + pem + comment.encode(encoding, "replace") + pem
    assert len(Credentials(replace(ACCESS, ca=ca)).ssl_context().get_ca_certs()) == 1


@pytest.mark.parametrize(
    "ca",
    [b"", b"nonsense", b"\xff\xfe", b"-----BEGIN CERTIFICATE-----\nx\xc3\xa4\n-----END CERTIFICATE-----"],
)
def test_a_ca_that_holds_none_is_a_sentence(ca: bytes) -> None:
    with pytest.raises(Unusable, match="holds no certificate that can be read") as told:
        Credentials(replace(ACCESS, ca=ca)).ssl_context()
    assert problem_of(told.value, 0.0).kind is ProblemKind.CONFIG
