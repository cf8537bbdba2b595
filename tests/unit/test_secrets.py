"""No secret in anything that the program writes or prints, proved by a search for planted ones.

A whole terminal acts on the simulated platform, fails, and crashes; then every command that prints is run. All of it is
searched, byte by byte: the store, the log, the crash report, what stood on the screens, stdout and stderr.
"""

from __future__ import annotations

import base64
import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from tfdash.demo.options import DemoOptions
from tfdash.demo.process import DemoProcess, start_process
from tfdash.sources.kubernetes.kubeconfig import resolve

ROOT = Path(__file__).parents[2]
NS = "tf-production"
PLANTED = {
    name: f"planted-{name}-{'x7Qz' * 3}"
    for name in (
        "prom-password",
        "prom-bearer",
        "store",
        "store-key",
        "env-value",
        "env-plain",
        "secret-data",
        "pipeline",
        "pipeline-address",
        "journey",
        "pipeline-body",
        "journey-body",
    )
}
# A value of env whose name says nothing of a secret is shown on a screen, as kubectl shows it; reports have none.
LOOKED_AT = ("shots",)
CHILD = r"""
import asyncio, sys
from pathlib import Path
from screens.app import TfdashApp
from tests.tui.running import Run
from tests.unit.actions.acting import confirmed
from tfdash.cli.parser import build
from tfdash.cli.running import run
from tfdash.model.subject import Subject
from widgets.confirm import Dialog
Dialog.patience = 0.0
shots = []
async def act(app, action, name, **arguments):
    actions, ref = app.context.actions, next(iter(app.board.picture.clusters))
    guarded = await actions.plan(action, Subject(ref, "Deployment", "tf-production", name), arguments)
    told = []
    given = {"typed": "wrong"} if arguments.pop("fails", None) else {}
    done = await asyncio.wait_for(actions.execute(guarded, confirmed(guarded, **given), told.append), 60)
    shots.append(repr([p.sentence for p in told]))
    print("did", action, done.result, done.sentence, flush=True)
    return done
async def drive(app):
    async with app.run_test(size=(160, 50)) as pilot:
        found = Run(app, pilot, None)
        await found.until(lambda: app.context.actions is not None, "the action service")
        await found.until(lambda: len(app.board.assessment.workloads) > 3, "the workloads")
        for text in ("deploy", "changes", "audit", "sources", "canary", "messages"):
            before = app.screen
            await pilot.press("colon", *text, "enter")
            await found.until(lambda: app.screen is not before, text)
            await found.still()
            shots.append(found.text)
            print("saw", text, flush=True)
        app.open("workloads")
        await found.until(lambda: "checkout" in found.text, "checkout")
        shots.append(found.text)
        from screens.dialogs.confirm import ConfirmScreen
        ref = next(iter(app.board.picture.clusters))
        subject = Subject(ref, "Deployment", "tf-production", "checkout")
        obj = app.board.picture.clusters[ref].objects("Deployment")[subject.key]
        subject = Subject(ref, "Deployment", "tf-production", "checkout", obj.uid)
        offer = next(o for o in app.context.actions.offers(subject) if o.action == "workload.rollback")
        app.push_screen(ConfirmScreen(offer, (subject,)))
        await found.shows("Cancel")
        await found.lacks("making the plan")
        shots.append(found.text)
        print("saw the dialog", flush=True)
        await pilot.press("escape")
        for action, name, arguments in (
            ("workload.rollback", "checkout", {}), ("workload.hold", "auth", {}), ("workload.restart", "documents", {"fails": True}),
        ):
            done = await act(app, action, name, **arguments)
            shots.append(done.sentence)
        await pilot.press("colon", *"audit", "enter")
        await found.shows("documents")
        shots.append(found.text)
        secret = sys.argv[2]
        def crash(value):
            known = {"password": value}
            raise RuntimeError(f"could not log in with {value}")
        app.call_later(crash, secret)
        await found.until(lambda: app.failure is not None, "the crash")
TfdashApp.run_in_terminal = lambda app: asyncio.run(drive(app))
code = run(build().parse_args(["run", "--config", sys.argv[1], "--debug"]))
Path(sys.argv[3]).write_text("\n".join(shots), encoding="utf-8", errors="backslashreplace")
print("ended", code, flush=True)
sys.stdout.flush()
import os
os._exit(0)
"""


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoProcess]:
    with start_process(DemoOptions(seed=7, scenario="calm", speed=10.0)) as running:
        yield running


def plant(demo: DemoProcess) -> None:
    """A release with a secret in its environment, and a Secret."""
    access = resolve(str(demo.kubeconfig), "production")
    tls = ssl.create_default_context(cadata=(access.ca or b"").decode())
    headers = {"Authorization": f"Bearer {access.token}"}
    with httpx.Client(
        base_url=access.server, verify=tls, headers=headers, timeout=60, trust_env=False
    ) as client:
        path = f"/apis/apps/v1/namespaces/{NS}/deployments/checkout"
        container = client.get(path).json()["spec"]["template"]["spec"]["containers"][0]
        env = [
            {"name": "DB_URL", "value": f"postgresql://app:{PLANTED['env-value']}@db/x"},
            {"name": "DB_PASSWORD", "value": PLANTED["env-value"]},
            {"name": "PIN", "value": PLANTED["env-plain"]},
        ]
        changed = {"name": container["name"], "image": container["image"] + "-2", "env": env}
        answer = client.patch(
            path,
            json={"spec": {"template": {"spec": {"containers": [changed]}}}},
            headers={"Content-Type": "application/strategic-merge-patch+json"},
        )
        assert answer.is_success, answer.text
        body = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "db", "namespace": NS},
            "type": "Opaque",
            "data": {"password": base64.b64encode(PLANTED["secret-data"].encode()).decode()},
        }
        client.post(f"/api/v1/namespaces/{NS}/secrets", json=body)


def configured(demo: DemoProcess, folder: Path) -> Path:
    """The run's own configuration, and every place in it that takes a secret."""
    kept = folder / "kept"
    kept.mkdir(mode=0o700)
    (kept / "bearer").write_text(PLANTED["prom-bearer"])
    (kept / "url").write_text(f"postgresql://ann:{quote(PLANTED['store'])}@127.0.0.1:9/none")
    (kept / "key").write_text(PLANTED["store-key"])
    text = demo.config.read_text()
    lines, skipping = [], False
    for line in text.splitlines():
        if line.startswith("["):
            skipping = line.startswith("[environments.production.prometheus]") or line == "[store]"
        if not skipping:
            lines.append(line)
    url = json.loads(next(x for x in text.splitlines() if x.startswith("url = ")).removeprefix("url = "))
    lines += [
        "[environments.production.prometheus]",
        f"url = {json.dumps(url)}",
        'username = "tfdash"',
        'password = "env:PROM_PASSWORD"',
        'headers = { X-Scope-OrgID = "env:PROM_BEARER" }',
        f"ca = {json.dumps(str(demo.kubeconfig.with_name('ca.crt')))}",
        "[store]",
        f"path = {json.dumps(str(folder / 'state' / 'store'))}",
        f"url = {json.dumps(f'file:{kept}/url')}",
        f"key = {json.dumps(f'file:{kept}/key')}",
        '[actions.pipelines."workload.hold"]',
        'url = "env:PIPELINE_URL"',
        'headers = { Authorization = "env:PIPELINE" }',
        'body = "env:PIPELINE_BODY"',
        'within = "2s"',
        "[[journeys]]",
        'name = "pay"',
        'url = "http://127.0.0.1:9"',
        'headers = { Authorization = "env:JOURNEY" }',
        'every = "5s"',
        "[[journeys.steps]]",
        'path = "/pay"',
        'body = "env:JOURNEY_BODY"',
    ]
    config = folder / "config.toml"
    config.write_text("\n".join(lines) + "\n")
    return config


@pytest.mark.timeout(600)
def test_nothing_planted_is_found(demo: DemoProcess, tmp_path: Path) -> None:
    plant(demo)
    config = configured(demo, tmp_path)
    state = tmp_path / "state"
    env = {
        **os.environ,
        "PROM_PASSWORD": PLANTED["prom-password"],
        "PROM_BEARER": PLANTED["prom-bearer"],
        "PIPELINE_URL": f"http://127.0.0.1:9/hold/{PLANTED['pipeline-address']}?token={PLANTED['pipeline-address']}",
        "PIPELINE": f"Bearer {PLANTED['pipeline']}",
        "PIPELINE_BODY": json.dumps({"password": PLANTED["pipeline-body"]}),
        "JOURNEY_BODY": f"password={PLANTED['journey-body']}",
        "JOURNEY": f"Bearer {PLANTED['journey']}",
        "PYTHONPATH": str(ROOT),
        **{f"XDG_{n}_HOME": str(state / n.lower()) for n in ("STATE", "CACHE", "CONFIG", "DATA")},
    }
    shots = state / "shots"
    state.mkdir()
    printed: dict[str, bytes] = {}

    def runs(*argv: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, *argv], capture_output=True, text=True, env=env, cwd=ROOT, timeout=120
        )
        printed[argv[2] if argv[0] == "-m" else "run"] = f"{done.stdout}\n{done.stderr}".encode()
        return done

    done = runs("-c", CHILD, str(config), PLANTED["store"], str(shots))
    assert "did workload.rollback applied" in done.stdout, done.stdout + done.stderr
    assert "did workload.restart refused" in done.stdout and "did workload.hold" in done.stdout, done.stdout
    assert "ended 3" in done.stdout and "internal error" in done.stderr, done.stdout + done.stderr
    given = ("--config", str(config))
    for argv in (
        ("doctor", *given),
        ("config", "show", *given),
        ("audit", "tail", *given),
        ("audit", "export", *given),
        ("snapshot", *given, "--screen", "changes", "--format", "json", "--wait", "5s"),
        ("gate", "release", *given),
    ):
        assert "Traceback" not in runs("-m", "tfdash", *argv).stderr, argv
    assert list(state.rglob("crash-*.txt")) and list(state.rglob("tfdash.log")) and list(state.rglob("*.db"))
    written = {str(p.relative_to(state)): p.read_bytes() for p in state.rglob("*") if p.is_file()}
    written |= printed
    token = resolve(str(demo.kubeconfig), "production-oncall").token
    assert token
    sought = {**PLANTED, "kubeconfig token": token}
    found = []
    for name, secret in sought.items():
        for form in (
            secret,
            base64.b64encode(secret.encode()).decode().rstrip("=")[:-2],
            quote(secret, safe=""),
        ):
            for where, content in written.items():
                if name == "env-plain" and where in LOOKED_AT:
                    continue
                if (at := content.find(form.encode())) >= 0:
                    found.append((name, where, content[max(0, at - 300) : at + 20].decode(errors="replace")))
    assert not found, "\n".join(f"{name} in {where}: ...{near}" for name, where, near in found)
