"""What ``tfdash snapshot`` and ``tfdash gate`` take above the fetches, as whole processes against a real API server.

    .venv/bin/python -m benchmarks.headless [--pods 10000] [--kubeconfig FILE] [--rounds 5] [--json]

A plain reader (``plain_reader``) asks for the same lists, page by page and all kinds at once, and makes nothing of what it reads. It and the commands
take turns, so that neighbours on the machine trouble all of them alike. Told are the best and the median round: seconds on the wall and of CPU, what
of it is above the plain reader's, and how many lists the server counted for each, which must be as many.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from benchmarks.terminal import say, settle
from tests.platform import world
from tests.platform.harness.cluster import Cluster
from tfdash.model.kinds import JUDGED, KINDS
from tfdash.sources.kubernetes.kubeconfig import Access, resolve
from tfdash.sources.kubernetes.settings import KubernetesSettings

PLAIN = "plain reader"
COMMANDS = {
    "snapshot overview": ("snapshot", "--screen", "overview", "--format", "json"),
    "gate serving": ("gate", "serving", "--format", "json"),
    "gate all": ("gate", "all", "--format", "json"),
}
_ASKED_ONCE = ("/version", "/apis")  # beside the lists
_LISTS = re.compile(r'^apiserver_request_total\{.*verb="LIST".*\} (\S+)$', re.MULTILINE)


class Took(NamedTuple):
    """Seconds on the wall and of CPU (the process and its children), lists that the server counted, exit code, standard output."""

    wall: float
    cpu: float
    lists: float
    code: int
    said: str


class Server:
    """The API server as the kubeconfig has it."""

    def __init__(self, kubeconfig: str) -> None:
        self.access: Access = resolve(kubeconfig, "")
        self.address = urlsplit(self.access.server)
        self._pki = tempfile.TemporaryDirectory()
        self.ca = Path(self._pki.name) / "ca.crt"
        self.ca.write_bytes(self.access.ca or b"")
        self._context = ssl.create_default_context(cafile=str(self.ca))

    @property
    def authorization(self) -> str:
        return f"Bearer {self.access.token}"

    def get(self, path: str) -> bytes:
        request = urllib.request.Request(
            self.access.server + path, headers={"Authorization": self.authorization}
        )
        with urllib.request.urlopen(request, context=self._context) as answer:
            body: bytes = answer.read()
            return body

    def lists(self) -> float:
        """How many it answered so far."""
        return sum(map(float, _LISTS.findall(self.get("/metrics").decode())))

    def paths(self) -> list[str]:
        """What a headless run asks for: of the judged kinds those that are served, a page at a time."""
        groups = {group["name"] for group in json.loads(self.get("/apis"))["groups"]}
        limit = KubernetesSettings().page_size
        kinds = (KINDS[name] for name in JUDGED)
        return [f"{k.path(None)}?limit={limit}" for k in kinds if not k.optional or k.group in groups]


def run(argv: list[str], server: Server, given: str = "") -> Took:
    """As a process of its own."""
    before = server.lists()
    with tempfile.TemporaryFile() as out:
        began = time.monotonic()
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=out, stderr=subprocess.DEVNULL) as process:
            assert process.stdin is not None
            process.stdin.write(given.encode())
            process.stdin.close()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - began
        out.seek(0)
        said = out.read().decode()
    return Took(wall, usage.ru_utime + usage.ru_stime, server.lists() - before, process.returncode, said)


def rounds_of(server: Server, program: list[str], kubeconfig: str, rounds: int) -> dict[str, list[Took]]:
    asked = json.dumps(
        {
            "host": server.address.hostname,
            "port": server.address.port,
            "ca": str(server.ca),
            "authorization": server.authorization,
            "paths": [*server.paths(), *_ASKED_ONCE],
        }
    )
    took: dict[str, list[Took]] = {}
    for _ in range(rounds):
        plain = run([sys.executable, "-m", "benchmarks.plain_reader"], server, asked)
        took.setdefault(PLAIN, []).append(plain)
        for name, command in COMMANDS.items():
            took.setdefault(name, []).append(run([*program, *command, "--kubeconfig", kubeconfig], server))
    return took


def figures(took: dict[str, list[Took]]) -> dict[str, dict[str, float]]:
    """Milliseconds; ``above``: what is above the plain reader's."""
    found: dict[str, dict[str, float]] = {}
    for name, each in took.items():
        told: dict[str, float] = {"lists": each[-1].lists, "code": each[-1].code}
        for what in ("wall", "cpu"):
            for how, of in (("best", min), ("median", statistics.median)):
                plain = of([getattr(one, what) for one in took[PLAIN]])
                mine = of([getattr(one, what) for one in each])
                told[f"{what}_{how}"] = 1e3 * mine
                told[f"{what}_{how}_above"] = 1e3 * (mine - plain)
        found[name] = told
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pods", type=int, default=10_000)
    parser.add_argument("--namespaces", type=int, default=10)
    parser.add_argument(
        "--kubeconfig", default="", help="of a platform that is there; without it one is made"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tfdash", default=f"{sys.executable} -m tfdash", help="the program to measure")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with ExitStack() as stack:
        kubeconfig = args.kubeconfig
        if not kubeconfig:
            cluster = stack.enter_context(Cluster())
            say(f"creating {args.pods:,} pods in {args.namespaces} namespaces ...")
            world.add_nodes(cluster, max(5, args.pods // 400))
            world.many_pods(cluster, 100, args.pods // 100, args.namespaces)
            settle(cluster)
            kubeconfig = str(cluster.kubeconfig("admin"))
        took = rounds_of(Server(kubeconfig), args.tfdash.split(), kubeconfig, args.rounds)
    requests, refused, size = json.loads(took[PLAIN][-1].said)
    say(f"the plain reader: {requests} requests, {refused} of them refused, {size / 1e6:.1f} MB")
    found = figures(took)
    if args.json:
        print(json.dumps(found, indent=2))
        return 0
    for name, told in found.items():
        line = f"{name:20}lists {told['lists']:3.0f}  exit {told['code']:.0f}"
        for what in ("wall", "cpu"):
            for how in ("best", "median"):
                line += f"   {what} {how} {told[f'{what}_{how}']:5.0f} ({told[f'{what}_{how}_above']:+5.0f})"
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
