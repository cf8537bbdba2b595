"""200 services of 10 pods on a real Prometheus, fetched and judged every 15 s: CPU share and time of a round.

    .venv/bin/python -m benchmarks.judging [--services 200] [--pods 10] [--rounds 8] [--interval 15] [--history 35] [--hold 50]

Prometheus scrapes a target of its own process and holds ``--history`` minutes of back-filled samples from the start.
Every service has a release in flight, 5 pods of each version, two request counters and a histogram of 12 buckets a pod.
Everything of ours (client, decoding, samples, rules) runs in this process: its CPU time is what is told. Releases are
judged as the board has them judged: piece by piece, ``--hold`` milliseconds at a time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import resource
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

from tests.platform.harness.processes import free_ports
from tests.platform.harness.prometheus import Prometheus, back_fill

BOUNDS = ("0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "+Inf")
SHARES = (0.05, 0.1, 0.2, 0.4, 0.7, 0.85, 0.93, 0.97, 0.99, 0.995, 0.999, 1.0)
HASHES = ("7c9f6d5b8", "5d4f8c7b9")


def pods_of(service: int, pods: int) -> list[tuple[str, str]]:
    """(hash, pod name); the first half is the stable version's."""
    return [
        (HASHES[i * 2 // pods], f"svc-{service:03d}-{HASHES[i * 2 // pods]}-{i:02d}abc") for i in range(pods)
    ]


def exposition(services: int, pods: int, begin: float, at: float, stamp: str = "") -> Iterator[str]:
    """What all pods expose ``at``; counters began at ``begin``. ``stamp`` ends each line (OpenMetrics' time)."""
    age = at - begin
    for service in range(services):
        labels = [f'namespace="team-{service % 8}",pod="{name}"' for _, name in pods_of(service, pods)]
        for i, label in enumerate(labels):
            rate = 1.0 + (service * 7 + i) % 9
            total, bad = math.floor(rate * age), math.floor(rate * age * 0.01)
            yield f'http_requests_total{{{label},code="200"}} {total - bad}{stamp}'
            yield f'http_requests_total{{{label},code="500"}} {bad}{stamp}'


def histograms(services: int, pods: int, begin: float, at: float, stamp: str = "") -> Iterator[str]:
    age = at - begin
    for service in range(services):
        for i, (_, name) in enumerate(pods_of(service, pods)):
            label = f'namespace="team-{service % 8}",pod="{name}"'
            total = math.floor((1.0 + (service * 7 + i) % 9) * age)
            for bound, share in zip(BOUNDS, SHARES, strict=True):
                yield f'http_request_duration_seconds_bucket{{{label},le="{bound}"}} {math.floor(total * share)}{stamp}'
            yield f"http_request_duration_seconds_count{{{label}}} {total}{stamp}"
            yield f"http_request_duration_seconds_sum{{{label}}} {total * 0.08:.3f}{stamp}"


def serve(port: int, services: int, pods: int, begin: float) -> None:
    """The scrape target; runs until it is ended."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            at = time.time()
            lines = ["# TYPE http_requests_total counter", *exposition(services, pods, begin, at)]
            lines += [
                "# TYPE http_request_duration_seconds histogram",
                *histograms(services, pods, begin, at),
                "",
            ]
            body = "\n".join(lines).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    HTTPServer(("127.0.0.1", port), Handler).serve_forever()


def past(services: int, pods: int, begin: float, since: float, until: float, step: float, labels: str) -> str:
    """OpenMetrics of the past, as the scrape would have brought it."""
    times = [since + step * i for i in range(int((until - since) / step))]
    lines = ["# TYPE http_requests counter"]
    for at in times:
        lines += exposition(services, pods, begin, at, f" {at:.3f}")
    lines.append("# TYPE http_request_duration_seconds histogram")
    for at in times:
        lines += histograms(services, pods, begin, at, f" {at:.3f}")
    return "\n".join(
        [*(line.replace("{", "{" + labels, 1) if line[0] != "#" else line for line in lines), "# EOF", ""]
    )


async def measure(server: Prometheus, args: argparse.Namespace) -> dict[str, object]:
    from tests.configured import metrics_source
    from tfdash.clock import SystemClock
    from tfdash.judging.canaries import CanaryRunner
    from tfdash.model.assessment import EMPTY_ASSESSMENT
    from tfdash.model.kube import Pod
    from tfdash.model.observation import Observation
    from tfdash.model.picture import Change, ClusterPicture, Picture
    from tfdash.model.release import Carrier, Phase, ReleaseState, Side
    from tfdash.model.subject import ClusterRef, Key, Subject
    from tfdash.model.traffic import NO_SIGNALS, Published, Signals, with_signals
    from tfdash.playbook.policies import Policies

    ref, clock = ClusterRef("bench", "one"), SystemClock()
    began = clock.now() - args.history * 60
    releases: dict[Subject, ReleaseState] = {}
    pods: dict[Key, Pod] = {}
    for service in range(args.services):
        subject = Subject(ref, "Deployment", f"team-{service % 8}", f"svc-{service:03d}")
        names = pods_of(service, args.pods)
        pods |= {
            Key(subject.namespace, n): Pod(namespace=subject.namespace, name=n, started=began)
            for _, n in names
        }
        stable, canary = (
            Side(
                hash=wanted,
                pods=tuple(n for h, n in names if h == wanted),
                ready=args.pods // 2,
                oldest_start=began,
            )
            for wanted in HASHES
        )
        releases[subject] = ReleaseState(
            subject=subject,
            carrier=Carrier.DEPLOYMENT,
            phase=Phase.PROGRESSING,
            message="",
            workload=subject,
            canary=canary,
            stable=stable,
            started=began,
        )

    class Board:
        picture = Picture(at=began, number=0, clusters={})
        assessment = EMPTY_ASSESSMENT
        signals: Signals = NO_SIGNALS

        def put_signals(self, published: Published) -> None:
            self.signals, _ = with_signals(self.signals, published)

        def unsettled(self) -> tuple[tuple[ClusterRef, str], ...]:
            return ()

        def put_status(self, source: str, status: object) -> None:
            pass

        def put_store_state(self, facts: object) -> None:
            """None are wanted."""

    import msgspec

    board = Board()
    board.assessment = msgspec.structs.replace(EMPTY_ASSESSMENT, releases=releases)
    source = metrics_source(
        ref, {"metrics": {"interval": f"{args.interval}s"}}, {"url": server.url}, None, clock
    )
    assert source is not None
    judge = CanaryRunner(Policies(), hold=args.hold / 1000)
    judge.states = releases
    cluster = ClusterPicture(
        ref=ref, info=Observation(), kinds={"Pod": Observation(value=pods, complete=True)}
    )
    nothing = Change(keys={}, freshness=frozenset())
    signals = msgspec.structs.replace(nothing, signals=None)
    rows, holds = [], []

    async def judge_all() -> None:
        """As ``tfdash.board.board`` does."""
        picture = Picture(at=clock.now(), number=1, clusters={ref: cluster}, signals=board.signals)
        begin = time.perf_counter()
        judge.assess(picture, signals, set(), clock.now())
        holds.append(time.perf_counter() - begin)
        while judge.waiting:
            await asyncio.sleep(0.005)
            begin = time.perf_counter()
            judge.go_on(picture, clock.now())
            holds.append(time.perf_counter() - begin)
        judge.assess(picture, nothing, set(), clock.now())

    wall0 = time.monotonic()
    fill = time.process_time()
    await source.round(board)
    while source.behind:
        await source.round(board)
    filled, fill_cpu = time.monotonic() - wall0, time.process_time() - fill
    print(f"filled in {filled:.1f} s, CPU {fill_cpu:.1f} s", file=sys.stderr)
    first_cpu, first = time.process_time(), time.monotonic()
    await judge_all()
    print(
        f"first judged in {time.monotonic() - first:.1f} s, CPU {time.process_time() - first_cpu:.1f} s, "
        f"longest hold {max(holds) * 1000:.0f} ms",
        file=sys.stderr,
    )
    holds.clear()
    await asyncio.sleep(args.interval)
    for number in range(args.rounds):
        cpu, wall = time.process_time(), time.monotonic()
        await source.round(board)
        fetched, cpu_fetched = time.monotonic() - wall, time.process_time() - cpu
        await judge_all()
        outcomes = dict(Counter(str(told.outcome) for told in judge.judgements.values()))
        spent, took = time.process_time() - cpu, time.monotonic() - wall
        rows.append((fetched, took, cpu_fetched, spent))
        problem = board.signals.prometheus[ref].problem
        print(
            f"round {number}: fetched in {fetched:.2f} s, judged after {took:.2f} s, CPU {cpu_fetched:.2f} + "
            f"{spent - cpu_fetched:.2f} s, {outcomes} {problem or ''}",
            file=sys.stderr,
        )
        await asyncio.sleep(max(0.0, args.interval - took))
    kept = rows
    series = [t.value for t in board.signals.traffic.values() if t.value is not None]
    wall = time.monotonic() - wall0
    return {
        "services": args.services,
        "pods": args.services * args.pods,
        "samples_held": sum(len(c.points) for t in series for c in t.requests)
        + sum(len(h.points) * len(h.points[0].bounds) for t in series for h in t.latency if h.points),
        "first_fill_s": round(filled, 1),
        "first_fill_cpu_s": round(fill_cpu, 1),
        "round_s": {
            "median": round(statistics.median(r[1] for r in kept), 2),
            "worst": round(max(r[1] for r in kept), 2),
        },
        "cpu_share_percent": round(100 * sum(r[3] for r in kept) / (args.interval * len(kept)), 2),
        "of_it_fetching_percent": round(100 * sum(r[2] for r in kept) / (args.interval * len(kept)), 2),
        "of_it_judging_percent": round(100 * sum(r[3] - r[2] for r in kept) / (args.interval * len(kept)), 2),
        "hold_ms": {"median": round(statistics.median(holds) * 1000), "longest": round(max(holds) * 1000)},
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "wall_s": round(wall),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (
        ("services", 200),
        ("pods", 10),
        ("rounds", 8),
        ("interval", 15),
        ("history", 35),
        ("hold", 50),
    ):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--serve", nargs=2, metavar=("PORT", "BEGIN"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        serve(int(args.serve[0]), args.services, args.pods, float(args.serve[1]))
    port = free_ports(1)[0]
    begin = time.time() - args.history * 60 - 3600
    size = [f"--services={args.services}", f"--pods={args.pods}"]
    target = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.judging", "--serve", str(port), str(begin), *size]
    )
    config = (
        f"global: {{scrape_interval: {args.interval}s, scrape_timeout: {min(args.interval, 10)}s}}\n"
        f"scrape_configs:\n- job_name: pods\n  honor_labels: true\n  static_configs:\n  - targets: ['127.0.0.1:{port}']\n"
    )
    server = Prometheus(config)
    try:
        filler = os.fork()  # promtool's input of half a gigabyte is made where its memory goes away again
        if filler == 0:
            now = time.time()
            labels = f'job="pods",instance="127.0.0.1:{port}",'
            back_fill(
                past(args.services, args.pods, begin, now - args.history * 60, now, args.interval, labels),
                server.folder / "data",
            )
            os._exit(0)
        if os.waitpid(filler, 0)[1] != 0:
            raise RuntimeError("the samples of the past could not be written")
        server.start()
        time.sleep(args.interval + 5)  # the first scrape
        print(json.dumps(asyncio.run(measure(server, args)), indent=2))
    finally:
        target.kill()
        server.stop()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
