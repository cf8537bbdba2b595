"""[demo] sets the clock: only the simulator's own configuration may, for it would open the calendar and stamp the audit log."""

from __future__ import annotations

import argparse
import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tfdash.cli import config as config_command
from tfdash.cli.compose import clock_of, clusters_of
from tfdash.clock import ScaledClock, SystemClock
from tfdash.config.problems import ConfigError
from tfdash.config.quick import load_quick
from tfdash.demo import tls
from tfdash.sources.kubernetes.kubeconfig import KubeconfigError

LOOPBACK = "https://127.0.0.1:4711"


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tls.make(tmp_path_factory.mktemp("run")).authority.read_text()


def authority(*names: str, ca: bool = True) -> str:
    """Another one: of a real cluster, a proxy, or one that calls itself ours among others."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in names])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


def kubeconfig(folder: Path, server: str, ca: str, **more: Any) -> Path:
    (folder / "ca.crt").write_text(ca)
    cluster = {"server": server, **({"certificate-authority": "ca.crt"} if ca else {}), **more}
    document = {
        "clusters": [{"name": "c", "cluster": cluster}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "current-context": "c",
    }
    path = folder / "kubeconfig"
    path.write_text(json.dumps(document))
    return path


def config(folder: Path, server: str, ca: str, demo: str = "enabled = true\nspeed = 9.0", **more: Any) -> str:
    named = kubeconfig(folder, server, ca, **more)
    path = folder / "config.toml"
    path.write_text(f'[environments.production]\nkubeconfig = "{named}"\n[demo]\n{demo}\n')
    return str(path)


def test_the_simulators_own_configuration_sets_the_clock(tmp_path: Path, simulated: str) -> None:
    quick = load_quick(config(tmp_path, LOOPBACK, simulated))
    assert isinstance(clock_of(quick), ScaledClock)


def test_a_real_one_has_the_machines_clock(tmp_path: Path) -> None:
    quick = load_quick(config(tmp_path, "https://k8s.corp:6443", "", demo="enabled = false"))
    assert isinstance(clock_of(quick), SystemClock)


def test_any_other_that_says_so_is_refused_with_file_and_key(tmp_path: Path, simulated: str) -> None:
    """Also on loopback, where tunnels, proxies and clusters in containers are; and where nothing or more is trusted."""
    kind, ours = authority("kubernetes"), "trusts another authority than the simulated platform's"
    for server, ca, more, why in (
        ("https://k8s.corp:6443", kind, {}, ours),
        (LOOPBACK, kind, {}, ours),
        (LOOPBACK, "", {}, ours),
        (LOOPBACK, "no certificate", {}, ours),
        (LOOPBACK, simulated + kind, {}, ours),
        (LOOPBACK, simulated + authority("kubernetes", ca=False), {}, ours),  # a server's own
        (LOOPBACK, authority("tfdash demo", "of ours"), {}, ours),
        (LOOPBACK, "", {"insecure-skip-tls-verify": True}, "nothing proves which server answers"),
        ("http://127.0.0.1:8001", simulated, {}, "nothing proves which server answers"),
    ):
        path = config(tmp_path, server, ca, **more)
        with pytest.raises(ConfigError, match=rf"config.toml:4: demo.enabled: .*{why}.*; leave \[demo\] out"):
            clock_of(load_quick(path))


def test_a_kubeconfig_that_changes_to_a_real_server_is_not_taken(tmp_path: Path, simulated: str) -> None:
    quick = load_quick(config(tmp_path, LOOPBACK, simulated))
    clock = clock_of(quick)
    access = clusters_of(quick.environment, quick, clock)[0].access
    kubeconfig(tmp_path, "https://127.0.0.1:4712", simulated)  # begun anew at another port
    assert access.again is not None
    moved = access.again()
    assert moved.server == "https://127.0.0.1:4712"
    kubeconfig(tmp_path, LOOPBACK, authority("kubernetes"))
    assert moved.again is not None
    with pytest.raises(KubeconfigError, match="no simulated platform's any more"):
        moved.again()


def test_without_any_environment_it_is_refused_too(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[demo]\nenabled = true\n")
    with pytest.raises(ConfigError, match=r"demo.enabled"):
        clock_of(load_quick(str(path)))
    with pytest.raises(ConfigError, match=r"demo.enabled"):
        config_command.command(argparse.Namespace(what="check", config=str(path)))


@pytest.mark.parametrize("option", ["kubeconfig", "context"])
def test_what_the_command_line_names_instead_is_told_by_its_name_and_the_remedy_helps(
    tmp_path: Path, simulated: str, option: str
) -> None:
    (tmp_path / "real").mkdir()
    real = kubeconfig(tmp_path / "real", "https://k8s.corp:6443", "")
    given = {"kubeconfig": str(real), "context": "nope"}[option]
    path = config(tmp_path, LOOPBACK, simulated)
    with pytest.raises(ConfigError, match=f"as --{option} {given} would; leave that out; -e chooses among"):
        clock_of(load_quick(path, **{option: given}))
    assert isinstance(clock_of(load_quick(path, "production")), ScaledClock)
    other = config(tmp_path, "https://k8s.corp:6443", "")  # there it is the file that is wrong
    with pytest.raises(ConfigError, match=r"demo.enabled: .*leave \[demo\] out"):
        clock_of(load_quick(other, **{option: given}))
