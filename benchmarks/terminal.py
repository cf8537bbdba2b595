"""``python -m benchmarks.terminal``: see README.md in this folder."""

from __future__ import annotations

import argparse
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import venv
from pathlib import Path
from typing import Any

from benchmarks.tmux import Tmux
from tests.platform import world
from tests.platform.harness.cluster import Cluster

ROOT = Path(__file__).resolve().parent.parent
FILTER = "svc-042-"


def settle(cluster: Cluster, calm: float = 20.0, timeout: float = 240.0) -> None:
    """Wait until the platform takes less than ``calm`` percent of a core over ten seconds, twice in a row."""
    deadline, quiet = time.monotonic() + timeout, 0
    while quiet < 2:
        before, at = cluster.cpu_seconds(), time.monotonic()
        time.sleep(10.0)
        share = 100 * (cluster.cpu_seconds() - before) / (time.monotonic() - at)
        quiet = quiet + 1 if share < calm else 0
        if time.monotonic() > deadline:
            say(
                f"the platform did not come to rest ({share:.0f} % of a core): its work is measured with ours"
            )
            return


def floor(rounds: int = 20) -> float:
    """Median seconds from a key to its echo by ``cat``: what the harness itself costs."""
    tmux = Tmux("cat")
    tmux.until(r"^\s*$")
    times = []
    for i in range(rounds):
        mark = f"k{i}k"
        at = tmux.keys(mark, literal=True)
        times.append(tmux.until(mark) - at)
    tmux.close()
    return statistics.median(times)


def yardstick(python: Path, rounds: int = 7) -> float:
    """Median seconds that importing Textual takes on this machine: what makes figures of two days comparable."""
    times = []
    for _ in range(rounds):
        began = time.monotonic()
        subprocess.run([str(python), "-c", "import textual.app"], check=True, cwd=tempfile.gettempdir())
        times.append(time.monotonic() - began)
    return statistics.median(times)


def keys_down(tmux: Tmux, cursor: str, count: int = 100) -> list[float]:
    """Seconds from each of ``count`` presses of Down and Up until the cursor stands a line further."""

    def line() -> int:
        return next((i for i, text in enumerate(tmux.screen().split("\n")) if text.startswith(cursor)), -1)

    tmux.keys("Home")
    time.sleep(0.5)
    first, times = line(), []
    for i in range(count):
        down = (i // 20) % 2 == 0
        at = tmux.keys("Down" if down else "Up")
        wanted = first + (i % 20 + 1 if down else 19 - i % 20)
        while line() != wanted:
            if time.monotonic() - at > 10.0:
                raise TimeoutError(
                    f"the cursor never came to line {wanted}; the screen says:\n{tmux.screen()}"
                )
        times.append(time.monotonic() - at)
        time.sleep(0.03)
    return times


def _python_of(program: str) -> Path:
    beside = Path(program).with_name("python")
    return beside if beside.exists() else Path(sys.executable)


def measure(
    command: str,
    listed: str,
    clear: str,
    filtered: str,
    quit_keys: list[str],
    rounds: int,
    cluster: Cluster,
    pods: int,
    cursor: str = "",
) -> dict[str, Any]:
    """All figures of one program. ``listed`` and ``filtered`` are patterns on the screen,
    ``cursor`` is what the line under the cursor begins with."""
    first, full = [], []
    for _ in range(rounds):
        tmux = Tmux(command)
        first.append(tmux.until(r"\S") - tmux.started)
        full.append(tmux.until(listed) - tmux.started)
        tmux.close()
    tmux = Tmux(command)
    tmux.until(listed)
    time.sleep(8)  # everything behind the list is there
    apply_, clear_ = [], []
    for _ in range(rounds * 2):
        tmux.keys("/")
        time.sleep(0.3)
        at = tmux.keys(FILTER, literal=True)
        apply_.append(tmux.until(filtered) - at)
        tmux.keys("Enter")
        time.sleep(0.3)
        at = tmux.keys("Escape")
        clear_.append(tmux.until(clear) - at)
        time.sleep(0.2)
    result: dict[str, Any] = {
        "first_frame_s": statistics.median(first),
        "listed_s": statistics.median(full),
        "listed_worst_s": max(full),
        "filter_apply_ms": _ms(apply_),
        "filter_clear_ms": _ms(clear_),
        "rss_mib": tmux.rss(),
        "cpu_rest_percent": _share(tmux, 10.0),
    }
    stop = threading.Event()
    changer = threading.Thread(target=restart_counts, args=(cluster, 50, stop), daemon=True)
    changer.start()
    time.sleep(3)
    result["cpu_busy_percent"] = _share(tmux, 10.0)
    if cursor:
        result["key_busy_ms"] = _ms(keys_down(tmux, cursor))
    stop.set()
    changer.join()
    result["rss_after_mib"] = tmux.rss()
    result["quit_ms"] = left(tmux, quit_keys) * 1000
    return result


def left(tmux: Tmux, quit_keys: list[str]) -> float:
    """Seconds from the quit keys until the process is gone."""
    tmux.remember_pid()
    at = time.monotonic()
    for key in quit_keys:
        tmux.keys(key)
    while tmux.alive() and time.monotonic() - at < 20:
        time.sleep(0.002)
    took = time.monotonic() - at
    tmux.close()
    return took


def quit_while_hanging(program: str, folder: Path, rounds: int) -> float:
    """Median seconds to quit while the API server takes every connection and answers none."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        kubeconfig = folder / "hanging"
        named: dict[str, Any] = {
            "clusters": [{"name": "h", "cluster": {"server": address}}],
            "users": [{"name": "h", "user": {"token": "t"}}],
            "contexts": [{"name": "h", "context": {"cluster": "h", "user": "h"}}],
        }
        kubeconfig.write_text(
            json.dumps({"apiVersion": "v1", "kind": "Config", "current-context": "h", **named})
        )
        times = []
        for _ in range(rounds):
            tmux = Tmux(f"{program} --kubeconfig {kubeconfig} --screen pods -A")
            tmux.until("Pods")
            time.sleep(2)  # every kind has its connection
            times.append(left(tmux, ["C-c"]))
        return statistics.median(times)


def _ms(times: list[float]) -> dict[str, float]:
    ordered = sorted(t * 1000 for t in times)
    return {
        "median": statistics.median(ordered),
        "p95": ordered[round(0.95 * (len(ordered) - 1))],
        "p99": ordered[round(0.99 * (len(ordered) - 1))],
        "worst": ordered[-1],
    }


def _share(tmux: Tmux, seconds: float) -> float:
    """Percent of one core over so many seconds."""
    before, at = tmux.cpu_seconds(), time.monotonic()
    time.sleep(seconds)
    return 100 * (tmux.cpu_seconds() - before) / (time.monotonic() - at)


def restart_counts(cluster: Cluster, per_second: float, stop: threading.Event) -> None:
    """Change the restart count of one pod after the other: a change that every list shows."""
    import http.client
    import ssl

    items = cluster.request("GET", "/api/v1/pods?labelSelector=app&limit=200")["items"]
    context = ssl.create_default_context(cafile=str(cluster.pki / "ca.crt"))
    connection = http.client.HTTPSConnection("127.0.0.1", cluster.ports["api"], context=context)
    headers = {"Authorization": "Bearer admin-token", "Content-Type": "application/json-patch+json"}
    started, done = time.monotonic(), 0
    while not stop.is_set():
        item = items[done % len(items)]
        patch = [{"op": "replace", "path": "/status/containerStatuses/0/restartCount", "value": done}]
        path = f"/api/v1/namespaces/{item['metadata']['namespace']}/pods/{item['metadata']['name']}/status"
        connection.request("PATCH", path, json.dumps(patch), headers)
        connection.getresponse().read()
        done += 1
        wait = started + done / per_second - time.monotonic()
        if wait > 0:
            time.sleep(wait)


def installed_wheel(folder: Path) -> Path:
    """tfdash as users have it: the newest wheel of ``dist`` in an environment that shares our packages."""
    wheels = sorted((ROOT / "dist").glob("tfdash-*.whl"), key=lambda p: p.stat().st_mtime)
    if not wheels:
        raise SystemExit("no wheel in dist/: run make wheel first")
    venv.create(folder, with_pip=True)
    lock = str(ROOT / "requirements.lock")
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", lock], check=True)
    subprocess.run([*pip, "--no-deps", str(wheels[-1])], check=True)
    subprocess.run(
        [str(folder / "bin" / "python"), "-m", "compileall", "-q", str(folder / "lib")], check=False
    )
    return folder / "bin" / "tfdash"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pods", type=int, default=2000)
    parser.add_argument("--namespaces", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--tfdash", default="", help="the program to measure; default: the wheel of dist/, installed"
    )
    parser.add_argument("--peer", default="", help="command of a peer; {kubeconfig} is filled in")
    parser.add_argument(
        "--peer-listed", default="", help="pattern on the peer's screen when all pods are listed"
    )
    parser.add_argument("--peer-filtered", default="", help="pattern when the filter holds")
    parser.add_argument("--peer-quit", default="C-c", help="its quit keys, separated by blanks")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tfdash-bench-") as folder, Cluster() as cluster:
        program = args.tfdash or str(installed_wheel(Path(folder) / "venv"))
        say(f"creating {args.pods:,} pods in {args.namespaces} namespace(s) ...")
        world.add_nodes(cluster, max(5, args.pods // 400))
        world.many_pods(cluster, 100, args.pods // 100, args.namespaces)
        settle(cluster)  # the controllers would be measured too
        kubeconfig = cluster.kubeconfig("admin")
        where = "-A" if args.namespaces > 1 else "-n bench-00"
        figures: dict[str, Any] = {
            "pods": args.pods,
            "namespaces": args.namespaces,
            "floor_ms": floor() * 1000,
            "import_textual_ms": yardstick(_python_of(program)) * 1000,
        }
        command = f"{program} --kubeconfig {kubeconfig} --screen pods {where}"
        total, some = f"{args.pods:,}", f"{args.pods // 100:,}"
        figures["tfdash"] = measure(
            command,
            rf"\b{total} pods",
            rf"(?m)\b{total} pods",
            rf"\b{some} of {total}",
            ["C-c"],
            args.rounds,
            cluster,
            args.pods,
            "▌",
        )
        figures["tfdash"]["quit_hanging_ms"] = quit_while_hanging(program, Path(folder), args.rounds) * 1000
        if args.peer:
            figures["peer"] = measure(
                args.peer.format(kubeconfig=kubeconfig),
                args.peer_listed,
                args.peer_listed,
                args.peer_filtered,
                args.peer_quit.split(),
                args.rounds,
                cluster,
                args.pods,
            )
    print(json.dumps(figures, indent=2) if args.json else table(figures))
    return 0


def table(figures: dict[str, Any]) -> str:
    lines = [
        f"{figures['pods']:,} pods in {figures['namespaces']} namespace(s), harness floor {figures['floor_ms']:.1f} ms, "
        f"importing Textual takes {figures['import_textual_ms']:.0f} ms here"
    ]
    for name in ("tfdash", "peer"):
        for key, value in figures.get(name, {}).items():
            shown = (
                "  ".join(f"{k} {v:.1f}" for k, v in value.items())
                if isinstance(value, dict)
                else f"{value:.2f}"
            )
            lines.append(f"{name:8}{key:20}{shown}")
    return "\n".join(lines)


def say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
