"""What a release rests on, of real parts: Rollouts of the real controller, traffic of a known truth behind a real Prometheus, a code host behind real
HTTP whose pipelines use kubectl and a database of files, and terminals of two people on one store."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tests.platform.code_host import TOKEN, CodeHost, running, settings
from tests.platform.harness.cluster import Cluster
from tests.platform.harness.prometheus import Prometheus
from tests.platform.harness.terminals import Terminal, terminal, write_config
from tests.platform.traffic import Traffic, scraping
from tests.platform.walking import Walk
from tests.platform.world import add_namespaces, create, node
from tests.unit.actions.acting import TestJudge
from tests.waiting import until
from tfdash.cli.compose import policies_of
from tfdash.config.load import load
from tfdash.judging.judge import Judge
from tfdash.model.judgement import CanaryJudgement
from tfdash.model.release import ReleaseState
from tfdash.playbook.procedures.library import shipped_texts
from tfdash.procedures.kind import step_of

NS = "tf-release"
GOOD, BAD, FIX = "1.1.0", "1.2.0", "1.0.1"
_API = f"/apis/argoproj.io/v1alpha1/namespaces/{NS}/rollouts"
_ZONE = ZoneInfo("America/New_York")
_PAUSES: list[dict[str, Any]] = [{"setWeight": 20}, {"pause": {}}, {"setWeight": 60}, {"pause": {}}]
_HOTFIX: list[dict[str, Any]] = [{"setWeight": 40}, {"pause": {}}]
SERVICES = {"checkout": _PAUSES, "orders": _PAUSES, "search": _HOTFIX}
KINDS = (
    "Deployment",
    "ReplicaSet",
    "Pod",
    "Node",
    "Rollout",
    "AnalysisRun",
    "Canary",
    "HorizontalPodAutoscaler",
)
_SECOND = "viewer"  # the second person, whom the API server knows to be of the group viewers
_RIGHTS = f"""
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {{name: tf-release-approves}}
rules:
- {{apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests], verbs: [create, get, list]}}
- {{apiGroups: [argoproj.io, flagger.app], resources: ["*"], verbs: [get, list, watch]}}
- {{apiGroups: [apps], resources: [deployments], verbs: [patch]}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {{name: tf-release-approves}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: tf-release-approves}}
subjects: [{{apiGroup: rbac.authorization.k8s.io, kind: Group, name: {_SECOND}s}}]
"""
_FILES = {
    "tag-release": ("tag.yml", {"version": "{version}", "commit": "{commit}"}),
    "deploy": ("deploy.yml", {"service": "{service.name}", "version": "{version}"}),
    "database-rollback": ("database-rollback.yml", {"service": "{service.name}"}),
}
_SETTINGS = """
[environments.production.prometheus]
url = {prometheus}
[metrics]
interval = "2s"
[metrics.usage]
enabled = false
[metrics.certificates]
enabled = false
[[metrics.services]]
namespace = "{space}"
workload = "*"
kind = "Rollout"
[certificates]
api_servers = false
[policy.canary]  # the times of the playbook are shortened, and nothing of what decides
window = "5s"
warm_up = "5s"
hold = "10s"
verification = "15s"
[procedures.roles.release-manager]
groups = ["{group}"]
[procedures.roles.database]
groups = ["{group}"]
[notify.channels.team]
kind = "command"
command = {told}
"""
_COMPANY = str(Path(__file__).with_name("company.py"))


def shop(name: str) -> str:
    return f"Rollout {NS}/{name}"


def image(name: str, version: str) -> str:
    return f"registry.example.com/{name}:{version}"


def _rollout(name: str) -> dict[str, Any]:
    labels = {"app": name}
    container = {"name": "main", "image": image(name, "1.0.0")}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": name},
        "spec": {
            "replicas": 5,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [container], "terminationGracePeriodSeconds": 0},
            },
            "strategy": {"canary": {"steps": SERVICES[name]}},
        },
    }


class Shop(NamedTuple):
    """``database``: where its tables lie, a file a service."""

    cluster: Cluster
    traffic: Traffic
    prometheus: Prometheus
    host: CodeHost
    url: str
    database: Path

    def status(self, name: str) -> dict[str, Any]:
        return dict(self.cluster.request("GET", f"{_API}/{name}").get("status") or {})

    def value(self, name: str, path: str) -> str:
        return self.cluster.kubectl("get", f"rollout/{name}", "-n", NS, "-o", f"jsonpath={path}").strip()

    def runs(self, name: str) -> list[str]:
        """The images of its pods."""
        path = "jsonpath={.items[*].spec.containers[0].image}"
        return self.cluster.kubectl("get", "pods", "-n", NS, "-l", f"app={name}", "-o", path).split()

    def columns(self, name: str) -> list[str]:
        with closing(sqlite3.connect(self.database / name)) as database:
            return [row[1] for row in database.execute(f"PRAGMA table_info({name})")]


@contextmanager
def opened_shop(cluster: Cluster, folder: Path) -> Iterator[Shop]:
    """All services serve 1.0.0, for long enough that a Prometheus knows how well."""
    create(cluster, "/api/v1/nodes", *(node(f"release-{i}") for i in range(2)))
    add_namespaces(cluster, NS)
    cluster.apply(_RIGHTS)
    database = folder / "databases"
    database.mkdir()
    for name in SERVICES:
        create(cluster, _API, _rollout(name))
        _script(database / name, f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, total REAL);")
    host = CodeHost({}, {"service", "version", "commit"})
    with Traffic(cluster, NS) as traffic, Prometheus(scraping(traffic)) as prometheus, running(host) as url:
        traffic.failing["search:1.0.0"] = 0.05  # for as long as anybody knows
        traffic.journeys |= dict.fromkeys(SERVICES, True)
        found = Shop(cluster, traffic, prometheus, host, url, database)
        host.workflows = {
            "tag.yml": partial(_tagged, found),
            "deploy.yml": partial(_deployed, found),
            "database-rollback.yml": partial(_taken_back, found),
        }
        for name in SERVICES:
            cluster.wait(partial(_healthy, found, name), f"{name} to be healthy")
        yield found


def _healthy(found: Shop, name: str) -> bool:
    return bool(found.status(name).get("phase") == "Healthy")


# -- what the workflows do ---------------------------------------------------------------------------------------------


def _tagged(found: Shop, inputs: Mapping[str, str]) -> None:
    found.host.tag(inputs["version"], inputs["commit"])


def _deployed(found: Shop, inputs: Mapping[str, str]) -> None:
    """Its migrations, then its image, by kubectl."""
    name, version = inputs["service"], inputs["version"]
    for text in migrations(name, version).values():
        _script(found.database / name, text)
    change = [
        {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image(name, version)}
    ]
    found.cluster.kubectl("patch", f"rollout/{name}", "-n", NS, "--type=json", "-p", json.dumps(change))


def _taken_back(found: Shop, inputs: Mapping[str, str]) -> None:
    name = inputs["service"]
    _script(found.database / name, way_back(name))


def migrations(name: str, version: str) -> dict[str, str]:
    """Scripts of a version, by their names."""
    if (name, version) != ("orders", BAD):
        return {}
    return {"0042_discount.sql": "ALTER TABLE orders ADD COLUMN discount REAL;"}


def way_back(name: str) -> str:
    return f"ALTER TABLE {name} DROP COLUMN discount;\n"


def _script(file: Path, text: str) -> None:
    with closing(sqlite3.connect(file)) as database:
        database.executescript(text)


# -- who sits before it ------------------------------------------------------------------------------------------------


class RealJudge(TestJudge):
    """With the calendar of the configuration, and the triggers' own verdicts."""

    def assess(self, picture: Any, change: Any, now: float) -> Any:
        return Judge.assess(self, picture, change, now)


class Desk(NamedTuple):
    """``one`` and ``two``: the configurations of two people on one store. ``folder`` has what commands of theirs wrote."""

    one: Path
    two: Path
    folder: Path
    freeze: str

    def thaw(self) -> None:
        """The freeze is lifted."""
        for config in (self.one, self.two):
            config.write_text(config.read_text().replace(self.freeze, ""))

    def told(self, file: str) -> list[str]:
        path = self.folder / file
        return path.read_text().splitlines() if path.exists() else []


def frozen() -> str:
    """A freeze of today and tomorrow."""
    today = datetime.now(_ZONE).date()
    span = f'start = "{today}"\nend = "{today + timedelta(days=2)}"'
    return f'[[calendar.freezes]]\n{span}\nreason = "the sale of the year"\n'


def desk(found: Shop, folder: Path, freeze: str) -> Desk:
    """The shipped files as they are where evidence is written; else as a company's own that waits for seconds."""
    company = [sys.executable, _COMPANY]

    def command(name: str, *words: str) -> str:
        return f"[procedures.commands.{name}]\ncommand = {json.dumps([*company, *words])}\n"

    more = [
        _SETTINGS.format(
            prometheus=json.dumps(found.prometheus.url),
            space=NS,
            group=f"{_SECOND}s",
            told=json.dumps([*company, "tell", str(folder / "told"), "{subject}"]),
        ),
        settings(found.url, f"file:{folder}/token", _FILES),
        command("smoke-tests", "smoke", str(folder / "smoke"), "{service.name}", found.prometheus.url),
        command("open-incident", "open", str(folder / "opened"), "incident", "{service.name}", "{run}"),
        command("open-post-mortem", "open", str(folder / "opened"), "post-mortem", "{service.name}", "{run}"),
        *(_journey(name) for name in SERVICES),
        freeze,
    ]
    if not os.environ.get("TFDASH_EVIDENCE"):
        own = folder / "procedures"
        own.mkdir()
        for name in ("release", "rollback"):
            text = shipped_texts()[name]
            assert 'lasts = "15m"' in text
            (own / f"{name}.toml").write_text(text.replace('lasts = "15m"', 'lasts = "5s"'))
        more.append(f"[procedures]\nfolder = {json.dumps(str(own))}\n")
    (folder / "token").write_text(TOKEN)
    (folder / "token").chmod(0o600)
    one = write_config(
        folder,
        found.cluster.kubeconfig("admin"),
        "admin",
        store='approvals = "kubernetes"',
        more="\n".join(more),
    )
    one.write_text(one.read_text().replace("blackout_from_day", 'finish_by = "23:59"\nblackout_from_day'))
    two = folder / "second.toml"
    hers = one.read_text().replace(
        str(found.cluster.kubeconfig("admin")), str(found.cluster.kubeconfig(_SECOND))
    )
    two.write_text(hers.replace('context = "admin"', f'context = "{_SECOND}"'))
    return Desk(one, two, folder, freeze)


def _journey(name: str) -> str:
    return (
        f'[[journeys]]\nname = "{name}"\nprobe = \'probe_success{{journey="{name}"}}\'\n'
        f'workload = "{NS}/{name}"\nkind = "Rollout"\n'
    )


@contextmanager
def seated(config: Path) -> Iterator[Terminal]:
    with terminal(config, kinds=KINDS, judge=RealJudge(policies=policies_of(load(config)))) as at:
        yield at


def approved(at: Desk, walk: Walk, id: str, reason: str) -> None:
    """By the second person, whom the run told that it waits, who finds it in the store and has their word stamped by the API server."""
    walk.ready(id, "skip")
    wanted = f"[production] approval wanted: {step_of(walk.state, id).title}"  # type: ignore[union-attr]
    until(lambda: any(line.startswith(wanted) for line in at.told("told")), lambda: (wanted, at.told("told")))
    with seated(at.two) as second:
        Walk(second, walk.run, user=f"{_SECOND}@corp").approve(id, reason)
    assert walk.ended(id).approvals == (f"{_SECOND}@corp",)


def standing(walk: Walk, name: str) -> ReleaseState | None:
    """Its release, where that is at a pause."""
    actions: Any = walk.at.actions
    release: ReleaseState | None = actions._standing(walk.at.subject("Rollout", NS, name)).release
    return release if release is not None and release.pause is not None else None


def judged(walk: Walk, name: str, true: Callable[[CanaryJudgement], bool], what: str) -> None:
    """Until the triggers say so of its release, which stands at a pause."""

    def found() -> CanaryJudgement | None:
        state = standing(walk, name)
        return walk.at.board.assessment.canaries.get(state.subject) if state is not None else None

    def told() -> bool:
        judgement = found()
        return judgement is not None and true(judgement)

    def why() -> str:
        judgement = found()
        return f"{name}: {what}: {judgement.sentence if judgement is not None else standing(walk, name)}"

    until(told, why, 180.0)
