"""One running control plane on loopback: etcd, API server, controller manager, scheduler, KWOK, metrics-server."""

from __future__ import annotations

import json
import os
import shutil
import signal
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.platform.harness.build import build
from tests.platform.harness.processes import Kept, end, end_of, free_ports, spawn
from tests.platform.harness.stages import kwok_config

TOKENS = {
    "admin": ("admin-token", "admin@corp", ["system:masters"]),
    "viewer": ("viewer-token", "viewer@corp", ["viewers"]),
    "onens": ("onens-token", "onens@corp", ["onens"]),
}
_RBAC = """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: viewers}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: viewers}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: node-reader}
rules: [{apiGroups: [""], resources: [nodes], verbs: [get, list, watch]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: viewers-nodes}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: node-reader}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: viewers}]
---
apiVersion: v1
kind: Namespace
metadata: {name: tf-one}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: onens, namespace: tf-one}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: onens}]
"""
_METRICS = """
apiVersion: v1
kind: Service
metadata: {name: metrics-server, namespace: kube-system}
spec: {type: ExternalName, externalName: localhost, ports: [{port: %(port)d}]}
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1beta1.metrics.k8s.io}
spec:
  group: metrics.k8s.io
  version: v1beta1
  groupPriorityMinimum: 100
  versionPriority: 100
  insecureSkipTLSVerify: true
  service: {name: metrics-server, namespace: kube-system, port: %(port)d}
"""
_AUDIT = (
    "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata}]\n"
)


class Cluster:
    """See the module. ``start`` leaves a serving cluster or raises with the failing part's log; ``stop`` leaves nothing."""

    def __init__(self, folder: Path | None = None, *, survive_parent: bool = False) -> None:
        self.binaries = build()
        self.folder = folder or Path(tempfile.mkdtemp(prefix="tfdash-platform-"))
        self.folder.mkdir(parents=True, exist_ok=True)
        self._survive = survive_parent
        self._processes: dict[str, subprocess.Popen[bytes] | Kept] = {}
        names = ("etcd", "peer", "api", "scheduler", "kwok", "metrics")
        self.ports = dict(zip(names, free_ports(len(names)), strict=True))
        self.url = f"https://127.0.0.1:{self.ports['api']}"
        self.pki = self.folder / "pki"
        self.audit_log = self.folder / "audit.log"

    # -- life ---------------------------------------------------------------------------------------------------

    def start(self) -> Cluster:
        try:
            self._prepare()
            self._start_etcd()
            self.start_apiserver()
            self._start_rest()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        for name in reversed(list(self._processes)):
            self._end(name)
        if not self._survive:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Cluster:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def _spawn(self, name: str, *argv: str) -> None:
        log = self.folder / f"{name}.log"
        self._processes[name] = (
            spawn(list(argv), self.folder, log, survive_parent=True)
            if self._survive
            else Kept(list(argv), self.folder, log)
        )

    def _end(self, name: str, sig: int = signal.SIGTERM) -> None:
        process = self._processes.pop(name, None)
        if isinstance(process, Kept):
            process.end(sig, 5)
        else:
            end(process, sig, 5)

    def _plane(self, name: str, *argv: str) -> None:
        self._spawn(name, str(self.binaries / "controlplane"), *argv)

    def _prepare(self) -> None:
        subprocess.run([str(self.binaries / "controlplane"), "pki", str(self.pki)], check=True)
        lines = [f'{token},{user},{user},"{",".join(groups)}"\n' for token, user, groups in TOKENS.values()]
        (self.folder / "tokens.csv").write_text("".join(lines))
        (self.folder / "audit.yaml").write_text(_AUDIT)
        (self.folder / "kwok.yaml").write_text(kwok_config(self.binaries / "stages", self.ports["api"]))
        for identity, (token, _, _) in TOKENS.items():
            self._write_kubeconfig(identity, {"token": token})
        certificate = {
            "client-certificate": str(self.pki / "cert-admin.crt"),
            "client-key": str(self.pki / "cert-admin.key"),
        }
        self._write_kubeconfig("cert-admin", certificate)

    def _write_kubeconfig(self, identity: str, user: dict[str, str]) -> None:
        namespace = "tf-one" if identity == "onens" else "default"
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": identity,
            "clusters": [
                {
                    "name": "test",
                    "cluster": {"server": self.url, "certificate-authority": str(self.pki / "ca.crt")},
                }
            ],
            "users": [{"name": identity, "user": user}],
            "contexts": [
                {"name": identity, "context": {"cluster": "test", "user": identity, "namespace": namespace}}
            ],
        }
        path = self.kubeconfig(identity)
        path.write_text(json.dumps(document, indent=1))  # JSON is YAML
        path.chmod(0o600)

    def _start_etcd(self) -> None:
        client, peer = (f"http://127.0.0.1:{self.ports[n]}" for n in ("etcd", "peer"))
        self._plane(
            "etcd",
            "etcd",
            "--data-dir",
            str(self.folder / "etcd"),
            "--listen-client-urls",
            client,
            "--advertise-client-urls",
            client,
            "--listen-peer-urls",
            peer,
            "--initial-advertise-peer-urls",
            peer,
            "--initial-cluster",
            f"default={peer}",
            "--unsafe-no-fsync",
        )

    def start_apiserver(self) -> None:
        """Start the API server (again, after ``kill_apiserver``) on its port and wait until it is ready."""
        pki = self.pki
        self._plane(
            "apiserver",
            "apiserver",
            f"--etcd-servers=http://127.0.0.1:{self.ports['etcd']}",
            f"--secure-port={self.ports['api']}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            "--endpoint-reconciler-type=none",
            f"--tls-cert-file={pki}/apiserver.crt",
            f"--tls-private-key-file={pki}/apiserver.key",
            f"--client-ca-file={pki}/ca.crt",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={pki}/sa.pub",
            f"--service-account-signing-key-file={pki}/sa.key",
            f"--token-auth-file={self.folder}/tokens.csv",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.0.0.0/24",
            "--allow-privileged",
            f"--requestheader-client-ca-file={pki}/fp-ca.crt",
            f"--proxy-client-cert-file={pki}/fp.crt",
            f"--proxy-client-key-file={pki}/fp.key",
            "--requestheader-username-headers=X-Remote-User",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            f"--audit-policy-file={self.folder}/audit.yaml",
            f"--audit-log-path={self.audit_log}",
        )
        self.wait(lambda: self.get("/readyz") == b"ok", "the API server to be ready")

    def kill_apiserver(self) -> None:
        """End the API server at once, as a crash would."""
        self._end("apiserver", signal.SIGKILL)

    def lose(self) -> None:
        """End all of it at once, as a region that is lost. Its folder stays until ``stop``: who knew it has its addresses still."""
        for name in list(self._processes):
            self._end(name, signal.SIGKILL)

    def come_back(self) -> None:
        """Start all of it again after ``lose``, at its addresses and with what it had."""
        self._start_etcd()
        self.start_apiserver()
        self._start_rest()

    @contextmanager
    def without_controller_manager(self) -> Iterator[None]:
        """It is ended at once: what is asked for meanwhile, nobody observes. Then it is started again: the cluster is everybody's."""
        self._end("controller-manager", signal.SIGKILL)
        try:
            yield
        finally:
            self._start_controller_manager()

    @contextmanager
    def without_metrics_server(self) -> Iterator[None]:
        """It is ended, and what it served is no longer available. Then it is started again: the cluster is everybody's."""
        self._end("metrics-server", signal.SIGKILL)
        try:
            yield
        finally:
            self._start_metrics_server()

    def _start_controller_manager(self) -> None:
        self._plane(
            "controller-manager",
            "controller-manager",
            "--kubeconfig",
            str(self.kubeconfig("admin")),
            "--service-account-private-key-file",
            str(self.pki / "sa.key"),
            "--leader-elect=false",
            "--secure-port=0",  # a port may be another's by the time it is started again
            "--kube-api-qps",
            "500",
            "--kube-api-burst",
            "1000",
            "--horizontal-pod-autoscaler-sync-period=5s",
            "--node-monitor-grace-period=50s",
        )

    def _start_rest(self) -> None:
        admin = str(self.kubeconfig("admin"))
        self._start_controller_manager()
        self._plane(
            "scheduler",
            "scheduler",
            "--kubeconfig",
            admin,
            "--leader-elect=false",
            "--secure-port",
            str(self.ports["scheduler"]),
            "--bind-address=127.0.0.1",
            "--cert-dir",
            str(self.folder / "scheduler"),
            "--kube-api-qps",
            "500",
            "--kube-api-burst",
            "1000",
        )
        kwok = str(self.ports["kwok"])
        self._spawn(
            "kwok",
            str(self.binaries / "kwok"),
            f"--kubeconfig={admin}",
            f"--config={self.folder}/kwok.yaml",
            "--manage-all-nodes=false",
            "--manage-nodes-with-label-selector=type=kwok",
            "--cidr=10.244.0.0/16",
            "--node-ip=127.0.0.1",
            f"--node-port={kwok}",
            "--node-lease-duration-seconds=40",
            f"--server-address=127.0.0.1:{kwok}",
            f"--tls-cert-file={self.pki}/kwok.crt",
            f"--tls-private-key-file={self.pki}/kwok.key",
        )
        self._start_metrics_server()
        self.apply(_RBAC)
        self.apply(_METRICS % {"port": self.ports["metrics"]})
        account = "/api/v1/namespaces/default/serviceaccounts/default"
        self.wait(lambda: b"creationTimestamp" in self.get(account), "the default service account")

    def _start_metrics_server(self) -> None:
        admin = str(self.kubeconfig("admin"))
        self._spawn(
            "metrics-server",
            str(self.binaries / "metrics-server"),
            "--kubeconfig",
            admin,
            "--authentication-kubeconfig",
            admin,
            "--authorization-kubeconfig",
            admin,
            "--kubelet-insecure-tls",
            "--kubelet-preferred-address-types=InternalIP",
            "--kubelet-use-node-status-port",
            f"--secure-port={self.ports['metrics']}",
            "--metric-resolution=15s",
            "--cert-dir",
            str(self.folder / "metrics"),
        )

    # -- use ----------------------------------------------------------------------------------------------------

    def cpu_seconds(self) -> float:
        """What its processes have taken so far."""
        total = 0
        for process in self._processes.values():
            fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / os.sysconf("SC_CLK_TCK")

    def kubeconfig(self, identity: str = "admin") -> Path:
        return self.folder / f"{identity}.kubeconfig"

    def kubectl(
        self, *argv: str, identity: str = "admin", stdin: str | None = None, check: bool = True
    ) -> str:
        """Run our own kubectl of the platform's version; returns stdout, raises with stderr."""
        done = subprocess.run(
            [
                str(self.binaries / "controlplane"),
                "kubectl",
                f"--kubeconfig={self.kubeconfig(identity)}",
                *argv,
            ],
            input=stdin,
            capture_output=True,
            text=True,
        )
        if check and done.returncode != 0:
            raise RuntimeError(
                f"kubectl {' '.join(argv)} ended with {done.returncode}: {done.stderr.strip()}"
            )
        return done.stdout if done.returncode == 0 else done.stdout + done.stderr

    def apply(self, manifest: str) -> str:
        return self.kubectl("apply", "-f", "-", stdin=manifest)

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        content_type: str = "application/json",
        token: str = "admin-token",
    ) -> Any:
        """One call by the standard library alone, so that checks do not rest on the client under test."""
        data = None if body is None else json.dumps(body).encode()
        call = urllib.request.Request(self.url + path, data=data, method=method)
        call.add_header("Authorization", f"Bearer {token}")
        if data is not None:
            call.add_header("Content-Type", content_type)
        context = ssl.create_default_context(cafile=str(self.pki / "ca.crt"))
        with urllib.request.urlopen(call, timeout=20, context=context) as answer:
            return json.loads(answer.read())

    def get(self, path: str) -> bytes:
        call = urllib.request.Request(self.url + path, headers={"Authorization": "Bearer admin-token"})
        context = ssl.create_default_context(cafile=str(self.pki / "ca.crt"))
        try:
            with urllib.request.urlopen(call, timeout=5, context=context) as answer:
                return bytes(answer.read())
        except (urllib.error.URLError, OSError):
            return b""

    def wait(self, true: Callable[[], bool], what: str, timeout: float = 60.0) -> None:
        """Poll until ``true()``; a part that died meanwhile is named with the end of its log."""
        deadline = time.monotonic() + timeout
        while not true():
            for name, process in self._processes.items():
                if process.poll() is not None:
                    tail = end_of(self.folder / f"{name}.log")
                    raise RuntimeError(f"{name} ended with {process.returncode}:\n  {tail}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {timeout:.0f} s for {what}; logs are in {self.folder}")
            time.sleep(0.1)
