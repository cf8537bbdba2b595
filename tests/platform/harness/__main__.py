"""``python -m tests.platform.harness build|up|down|status|drop-cache``: the test platform for people."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.platform.harness.argo import build_argo, flagger_definitions
from tests.platform.harness.build import BuildFailed, build, build_prometheus, cache_root, drop_cache, say
from tests.platform.harness.cluster import TOKENS, Cluster


def state_file() -> Path:
    return cache_root() / "running.json"


def running() -> dict[str, object] | None:
    try:
        state: dict[str, object] = json.loads(state_file().read_text())
        os.kill(int(str(state["pid"])), 0)
    except (OSError, ValueError, KeyError):
        return None
    return state


def serve() -> None:
    """The keeper: starts the cluster, says where it is, and stops it when it is ended."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with Cluster() as cluster:
        state = {"pid": os.getpid(), "folder": str(cluster.folder), "url": cluster.url}
        state_file().write_text(json.dumps(state))
        try:
            while True:
                signal.pause()
        finally:
            state_file().unlink(missing_ok=True)


def up() -> int:
    build()
    if running() is None:
        with (cache_root() / "keeper.log").open("wb") as log:
            keeper = subprocess.Popen(
                [sys.executable, "-m", "tests.platform.harness", "serve"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        for _ in range(600):
            if running() is not None:
                break
            if keeper.poll() is not None:
                say(f"platform: the cluster did not start; see {cache_root() / 'keeper.log'}")
                return 3
            time.sleep(0.1)
    return status()


def status() -> int:
    state = running()
    if state is None:
        say("platform: no cluster is running; start one with: make cluster")
        return 1
    for identity in (*TOKENS, "cert-admin"):
        print(f"{identity:11} {state['folder']}/{identity}.kubeconfig")
    print(f"\nexport KUBECONFIG={state['folder']}/admin.kubeconfig")
    return 0


def down() -> int:
    state = running()
    if state is not None:
        os.kill(int(str(state["pid"])), signal.SIGTERM)
        while running() is not None:
            time.sleep(0.1)
    say("platform: stopped")
    return 0


def main() -> int:
    command = sys.argv[1] if len(sys.argv) == 2 else ""
    try:
        match command:
            case "build":
                for part in (build, build_prometheus, build_argo, flagger_definitions):
                    say(f"platform: {part()}")
                return 0
            case "serve":
                serve()
                return 0
            case "up":
                return up()
            case "down":
                return down()
            case "status":
                return status()
            case "drop-cache":
                drop_cache()
                return 0
    except BuildFailed as failed:
        say(f"platform: {failed}")
        return 3
    say(__doc__ or "")
    return 64


if __name__ == "__main__":
    sys.exit(main())
