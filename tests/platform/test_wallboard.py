"""The view-only login of ``examples/wallboard`` on a real API server: it reads, may not write, and the wall says so of one that may."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

import pytest

from tests.platform.harness.cluster import Cluster
from tests.waiting import soon
from tfdash.cli import wallboard
from tfdash.cli.wall_login import ClusterLogin, LoginLook
from tfdash.clock import FixedClock, SystemClock
from tfdash.config.load import load
from tfdash.config.quick import load_quick
from tfdash.model.kinds import JUDGED, KINDS
from tfdash.model.subject import ClusterRef
from tfdash.sources.kubernetes.kubeconfig import resolve
from tfdash.sources.kubernetes.source import KubernetesSource
from tfdash.views.wall.content import WallEnvironment, not_readable, old_data

pytestmark = pytest.mark.platform
RBAC = Path(__file__).parents[2] / "examples/wallboard/rbac.yaml"
REF = ClusterRef("production", "eu-1")


def wall_kubeconfig(cluster: Cluster, folder: Path, duration: str) -> Path:
    """As the README of the example says it: a token file, and a kubeconfig that names it."""
    cluster.kubectl("apply", "-f", "-", stdin=RBAC.read_text())
    token = folder / "wall.token"
    token.write_text(cluster.kubectl("create", "token", "wall", "-n", "tfdash", "--duration", duration))
    access = resolve(str(cluster.kubeconfig("admin")))
    ca = folder / "ca.crt"
    ca.write_bytes(access.ca or b"")
    path = folder / "kubeconfig"
    path.write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: wall\n"
        f'clusters: [{{name: eu-1, cluster: {{server: "{access.server}", certificate-authority: {ca}}}}}]\n'
        f"users: [{{name: wall, user: {{tokenFile: {token}}}}}]\n"
        "contexts: [{name: wall, context: {cluster: eu-1, user: wall}}]\n"
    )
    return path


def look(kubeconfig: Path, ahead: float = 0.0) -> tuple[tuple[str, ...], KubernetesSource]:
    clock = FixedClock(SystemClock().now() + ahead)
    source = KubernetesSource(REF, resolve(str(kubeconfig)), clock)
    found = LoginLook("PRODUCTION", [source], clock)
    assert asyncio.run(found.look())
    return tuple(told.text for told in found.told), source


def test_the_login_of_the_example_reads_what_is_judged_and_may_not_write(
    cluster: Cluster, tmp_path: Path
) -> None:
    kubeconfig = wall_kubeconfig(cluster, tmp_path, "2160h")
    told, source = look(kubeconfig)
    assert told == ()
    allowed = {p.resource: p.allowed for p in asyncio.run(source.singly.privileges())}
    judged = {
        spec.resource for kind in JUDGED if (spec := KINDS[kind]).group in ("", "apps", "batch", "policy")
    }
    refused = {
        resource
        for resource in judged
        for name, ok in allowed.items()
        if ok is False and name.partition(".")[0] == resource
    }
    assert refused == set()


def test_the_login_of_the_example_lacks_no_right_that_the_wall_asks_for(
    cluster: Cluster, tmp_path: Path
) -> None:
    """A wall that says on each page that something may not be read says so for ever, and nobody looks at it any more."""
    config = tmp_path / "wall.toml"
    config.write_text(
        f'[environments.production]\nkubeconfig = "{wall_kubeconfig(cluster, tmp_path, "1h")}"\nname = "eu-1"\n'
        f'[store]\npath = "{tmp_path / "store"}"\n'
    )
    quick = load_quick(str(config))
    args = argparse.Namespace(namespace="", all_namespaces=False)
    watched = wallboard._watched(args, quick, load(quick.path), SystemClock(), [])
    board = watched.board
    board.want("wall", dict.fromkeys(JUDGED, watched.scope))
    board.start()
    try:
        cluster.wait(
            lambda: not board.unsettled() and board.assessment.number >= board.picture.number, "all is read"
        )
        one = WallEnvironment(watched.word, watched.colour, board.picture, board.assessment)
        assert not_readable(one, SystemClock().now()) is None
        assert old_data(one, SystemClock().now()) is None
    finally:
        board.stop()


def test_a_login_that_may_write_is_told_and_one_that_ends_soon(cluster: Cluster, tmp_path: Path) -> None:
    told, _ = look(cluster.kubeconfig("admin"))
    assert told[0].startswith("PRODUCTION eu-1: login can write (do anything")
    kubeconfig = wall_kubeconfig(cluster, tmp_path, "2160h")
    told, _ = look(kubeconfig, ahead=2160 * 3600 - 86_400.0)
    assert len(told) == 1
    assert told[0].startswith("PRODUCTION eu-1: login ends in ")
    assert "wall.token" in told[0] and "nothing here renews it" in told[0]


@pytest.mark.parametrize(
    ("namespace", "rule", "said"),
    [
        ("tf-one", '{apiGroups: [""], resources: [configmaps], verbs: [get, patch]}', "patch configmaps in tf-one"),
        ("tf-one", '{apiGroups: [""], resources: [pods/exec], verbs: [create]}', "create pods/exec in tf-one"),
        ("tf-one", '{apiGroups: [""], resources: [pods/exec], verbs: [get]}', "get pods/exec in tf-one"),
        (
            "tf-one",
            '{apiGroups: [odd.example.com], resources: [things], resourceNames: [one], verbs: [twist]}',
            "twist things.odd.example.com (one) in tf-one",
        ),
        ("", '{apiGroups: [""], resources: [users], verbs: [impersonate]}', "impersonate users"),
        ("", '{apiGroups: [""], resources: [nodes/proxy], verbs: [get]}', "get nodes/proxy"),
        ("", '{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}', "do anything"),
        ("", '{nonResourceURLs: ["/odd"], verbs: [post]}', "post /odd"),
        ("", '{apiGroups: [""], resources: [secrets], verbs: [get, list, watch]}', ""),
    ],
)  # fmt: skip
def test_whatever_else_a_login_may_do_is_told_by_its_name_and_place(
    cluster: Cluster, tmp_path: Path, namespace: str, rule: str, said: str
) -> None:
    """The rights of a login are those that the server lists, none of a list of ours."""
    kubeconfig = wall_kubeconfig(cluster, tmp_path, "1h")
    kind, within = ("Role", f", namespace: {namespace}") if namespace else ("ClusterRole", "")
    odd = (
        f"apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata: {{name: odd{within}}}\nrules: [{rule}]\n---\n"
        f"apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}Binding\nmetadata: {{name: odd{within}}}\n"
        f"roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: {kind}, name: odd}}\n"
        "subjects: [{kind: ServiceAccount, name: wall, namespace: tfdash}]\n"
    )
    cluster.apply(odd)
    try:
        clock = SystemClock()
        source = KubernetesSource(REF, resolve(str(kubeconfig)), clock)
        login = ClusterLogin("PRODUCTION", source, clock)

        expected = [f"PRODUCTION eu-1: login can write ({said})"] if said else []

        async def seen() -> bool:  # the authorizer learns of a binding by a watch
            login._since = float("-inf")
            await login.look(["tf-one"])
            return [one.text for one in login.told if "write" in one.short] == expected

        asyncio.run(soon(seen, lambda: login.told))
    finally:
        cluster.kubectl("delete", "-f", "-", stdin=odd)
