"""kubeconfig as kubectl takes it, and equal to the official client where that one can."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tfdash.sources.kubernetes.kubeconfig import KubeconfigError, contexts, in_cluster, resolve


def write(
    path: Path,
    *,
    name: str = "c",
    server: str = "https://h:6443",
    user: dict[str, Any] | None = None,
    **extra: Any,
) -> Path:
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": extra.pop("current", name),
        "clusters": [{"name": name, "cluster": {"server": server, **extra}}],
        "users": [{"name": name, "user": user or {}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": f"ns-{name}"}}],
    }
    path.write_text(json.dumps(document))
    return path


def test_one_file(tmp_path: Path) -> None:
    access = resolve(str(write(tmp_path / "a", user={"token": "t"})), environ={})
    assert (access.server, access.context, access.namespace, access.token) == (
        "https://h:6443",
        "c",
        "ns-c",
        "t",
    )
    assert "'t'" not in repr(access)


def test_several_files_are_merged_the_first_wins(tmp_path: Path) -> None:
    a = write(tmp_path / "a", name="a", server="https://a")
    b = write(tmp_path / "b", name="b", server="https://b")
    again = write(tmp_path / "again", name="a", server="https://other")
    environ = {"KUBECONFIG": f"{a}:{b}:{again}:{tmp_path / 'absent'}"}
    assert resolve(environ=environ).server == "https://a"
    assert resolve(context="b", environ=environ).server == "https://b"
    assert contexts(environ=environ) == (["a", "b"], "a")


def test_relative_paths_belong_to_their_file(tmp_path: Path) -> None:
    folder = tmp_path / "sub"
    folder.mkdir()
    (folder / "ca.crt").write_text("CA")
    path = write(folder / "config", user={"tokenFile": "token"}, **{"certificate-authority": "ca.crt"})
    access = resolve(str(path), environ={})
    assert (access.ca, access.token_file) == (b"CA", str(folder / "token"))


def test_inline_data_comes_before_files(tmp_path: Path) -> None:
    extra = {
        "certificate-authority": "missing",
        "certificate-authority-data": base64.b64encode(b"X").decode(),
    }
    assert resolve(str(write(tmp_path / "a", **extra)), environ={}).ca == b"X"


def test_impersonation_becomes_headers(tmp_path: Path) -> None:
    user = {"as": "jane", "as-groups": ["g1", "g2"], "as-uid": "7", "as-user-extra": {"scope": ["a"]}}
    assert resolve(str(write(tmp_path / "a", user=user)), environ={}).impersonation() == [
        ("Impersonate-User", "jane"),
        ("Impersonate-Uid", "7"),
        ("Impersonate-Group", "g1"),
        ("Impersonate-Group", "g2"),
        ("Impersonate-Extra-scope", "a"),
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [", "not valid YAML"),
        ("[]", "not a kubeconfig"),
        ("clusters: 1", "clusters: must be a list"),
        ("clusters: [{}]", "an entry has no name"),
        ("contexts: []", "current-context: none is set; name one with --context"),
        ("current-context: x", 'contexts: there is no "x"'),
    ],
)
def test_what_cannot_be_used_is_one_sentence(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(KubeconfigError) as caught:
        resolve(str(path), environ={})
    assert told in str(caught.value)
    assert str(path) in str(caught.value)


def test_an_old_auth_provider_is_refused_with_the_way_out(tmp_path: Path) -> None:
    for name, why in (("gcp", "was removed from Kubernetes 1.26"), ("oidc", "is not read by tfdash")):
        path = write(tmp_path / name, user={"auth-provider": {"name": name}})
        with pytest.raises(KubeconfigError, match=f'"{name}" {why}; use an exec plug-in'):
            resolve(str(path), environ={})


def test_inline_data_may_be_broken_into_lines(tmp_path: Path) -> None:
    """kubectl reads it, as Go leaves line ends out of base64."""
    inline = base64.encodebytes(b"K" * 100).decode()
    path = write(tmp_path / "a", user={"client-key-data": inline.replace("\n", "\r\n")})
    assert resolve(str(path), environ={}).key == b"K" * 100


def test_inside_a_pod(tmp_path: Path) -> None:
    for name, text in (("token", "t"), ("ca.crt", "CA"), ("namespace", "here\n")):
        (tmp_path / name).write_text(text)
    access = in_cluster({"KUBERNETES_SERVICE_HOST": "::1", "KUBERNETES_SERVICE_PORT": "443"}, tmp_path)
    assert access is not None
    assert (access.server, access.namespace) == ("https://[::1]:443", "here")


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    host=st.sampled_from(["https://a:6443", "https://b", "http://127.0.0.1:8080"]),
    token=st.text("abc123", min_size=1, max_size=6),
    insecure=st.booleans(),
    ca=st.booleans(),
)
def test_equal_to_the_official_client(
    tmp_path: Path, host: str, token: str, insecure: bool, ca: bool
) -> None:
    from kubernetes import client, config

    extra: dict[str, Any] = {"insecure-skip-tls-verify": insecure}
    if ca:
        extra["certificate-authority-data"] = base64.b64encode(b"PEM").decode()
    path = write(tmp_path / "config", server=host, user={"token": token}, **extra)
    theirs = client.Configuration()
    config.load_kube_config(str(path), client_configuration=theirs)
    ours = resolve(str(path), environ={})
    assert theirs.host == ours.server
    assert f"Bearer {ours.token}" in theirs.api_key.values()
    assert theirs.verify_ssl is not ours.insecure
    if host.startswith("https"):  # over plain http a CA is of no use, and they drop it
        assert (Path(theirs.ssl_ca_cert).read_bytes() if theirs.ssl_ca_cert else None) == ours.ca
