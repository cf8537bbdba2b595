"""Every plan as lines for who is without tfdash: the shell takes them, and what kubectl would send is what the plan would."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.unit.actions.acting import Ledger
from tests.unit.actions.test_walk import (
    CASES,
    HOURS,
    ITEM,
    KUBECTL,
    LEFT,
    NOW,
    SHOWN,
    Clock,
    names,
    put,
    target,
)
from tests.unit.actions.things import REF, Standing, subject, world
from tfdash.actions.core.action import Target
from tfdash.actions.core.action_service import make_service
from tfdash.actions.core.mode import Mode
from tfdash.actions.core.plan_digest import requests_of
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.protocols import Writers
from tfdash.actions.registry import ACTIONS
from tfdash.model.action import Plan, Post, Request
from tfdash.model.judgement import Breach
from tfdash.playbook.releases import find_releases
from tfdash.views.by_hand import by_hand

# what stands in kubectl's place: it notes how it was called, and answers where our entry in managedFields is
STAND_IN = """#!/bin/sh
case "$*" in
*" get "*|get\\ *) printf 3; exit 0;;
*"-f -"*) body=$(cat);;
esac
printf '%s\\0' "$body" "$@" >> {calls}
printf '\\n' >> {calls}
"""


async def plan_of(case: tuple[str, str, str, dict[str, str]]) -> Plan:
    action, kind, name, given = case
    board, ledger = Standing(world()), Ledger()
    version = find_releases(board.picture.clusters[REF], NOW)[subject("Rollout", "paused")].version
    crossed = Breach(trigger="errors", uid="", version=version, at=NOW)
    put(
        board,
        approvals=(SHOWN,),
        unsettled=(LEFT,),
        manual={subject("Rollout", "aborted"): "ann: no"},
        breaches={subject("Rollout", "paused"): (crossed,)},
    )
    board.say(maintenance={ITEM.subject: ITEM})
    policy = ActionPolicy(kubectl=KUBECTL, hours=HOURS)
    service = make_service(
        board, Writers(clusters={REF: board.server}), ledger, policy, Clock(NOW), Mode(acts=True)
    )
    return (await service.plan(action, target(kind, name), given)).plan


class Shell:
    """Runs lines with a program in kubectl's place, and says what that would have sent."""

    def __init__(self, folder: Path) -> None:
        self.calls = folder / "calls"
        self.kubectl = folder / "kubectl"
        self.kubectl.write_text(STAND_IN.format(calls=shlex.quote(str(self.calls))))
        self.kubectl.chmod(0o755)

    def requests(self, lines: tuple[str, ...]) -> list[dict[str, Any]]:
        path = f"{self.kubectl.parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["sh", "-euc", "\n".join(lines)], capture_output=True, text=True, env={"PATH": path}, timeout=60
        )
        assert done.returncode == 0, done.stderr
        if not self.calls.exists():
            return []
        found = [c.split("\0")[:-1] for c in self.calls.read_text().split("\n")[:-1]]
        return [sent(body, words) for body, *words in found]


def sent(body: str, words: list[str]) -> dict[str, Any]:
    """The request that kubectl makes of these words."""
    verb, *rest = words
    if "--raw" in rest:
        at = urlsplit(rest[rest.index("--raw") + 1])
        method = {"create": "POST", "delete": "DELETE", "replace": "PUT"}[verb]
        return {"method": method, "path": at.path, "query": dict(parse_qsl(at.query)), "body": body}
    assert verb == "patch"
    options = dict(word.removeprefix("--").split("=", 1) for word in rest if word.startswith("--"))
    resource, _, group = rest[0].partition(".")
    version, _, group = group.partition(".")
    prefix = f"/apis/{group}/{version}" if group else "/api/v1"
    space = f"/namespaces/{rest[rest.index('-n') + 1]}" if "-n" in rest else ""
    sub = f"/{options['subresource']}" if "subresource" in options else ""
    return {
        "method": "PATCH",
        "path": f"{prefix}{space}/{resource}/{rest[1]}{sub}",
        "query": {"fieldManager": options["field-manager"]},
        "body": rest[rest.index("-p") + 1],
        "type": options["type"],
    }


def expected(request: Request) -> dict[str, Any]:
    found = {
        "method": request.method,
        "path": request.path,
        "query": dict(request.query),
        "body": request.body.replace("{ours}", "3"),
    }
    if request.method == "PATCH":
        assert request.content_type == "application/json-patch+json"
        found["type"] = "json"
    return found


def whole(request: dict[str, Any]) -> dict[str, Any]:
    return {**request, "body": json.loads(request["body"] or "null")}


SENDING = [case for case in CASES if ACTIONS[case[0]].target is not Target.ARCHIVE]  # that: test_archive.py


@pytest.mark.parametrize("case", SENDING, ids=names)
async def test_every_action_by_hand_sends_what_its_plan_does(
    case: tuple[str, str, str, dict[str, str]], tmp_path: Path
) -> None:
    requests = requests_of(await plan_of(case))
    lines = by_hand(requests)
    assert all(line.isascii() and line.isprintable() for line in lines)
    if ACTIONS[case[0]].target is not Target.CLUSTER:
        assert all(
            line.startswith("# ") for line in lines
        )  # what tfdash's own log holds, no other tool writes
    elif ACTIONS[case[0]].terminal:
        assert [tuple(shlex.split(line)) for line in lines] == [r.argv for r in requests]
    else:
        made = [whole(r) for r in Shell(tmp_path).requests(lines)]
        assert made == [whole(expected(r)) for r in requests] and made


@pytest.mark.parametrize(
    "hostile", ["'; touch /tmp/x; '", "$(id)", "`id`", "\u202egnp", "a\nb", "\x1b[2J", "%s"]
)
def test_nothing_in_a_value_is_a_word_of_the_shell(hostile: str, tmp_path: Path) -> None:
    body = json.dumps([{"op": "add", "path": "/metadata/labels/x", "value": hostile}])
    query = (("fieldManager", "tfdash"),)
    requests = (
        Request(
            method="PATCH",
            path="/apis/apps/v1/namespaces/shop/deployments/web/scale",
            body=body,
            content_type="application/json-patch+json",
            query=query,
            after=Post(id="x", text=hostile),
            unless=Post(id="x", text=hostile),
        ),
        Request(method="POST", path="/api/v1/namespaces/shop/pods/a/eviction", body=body, query=query),
    )
    lines = by_hand(requests)
    assert all(line.isprintable() for line in lines)
    assert [json.loads(r["body"]) for r in Shell(tmp_path).requests(lines)] == [json.loads(body)] * 2


def test_what_kubectl_cannot_do_is_said() -> None:
    call = Request(method="POST", path="https://ci.example/run", body='{"a":1}')
    (line,) = by_hand((call,))
    assert shlex.split(line, comments=True)[:3] == ["curl", "-X", "POST"]
    (line,) = by_hand((Request(method="PATCH", path="/api/v1/namespaces/a/pods/b", content_type="x"),))
    assert line.startswith("# ")


def test_its_cluster_is_chosen_by_kubectls_own_words() -> None:
    request = Request(method="POST", path="/api/v1/namespaces/shop/pods/a/eviction", body="{}")
    (line,) = by_hand((request,), ("kubectl", "--context", "two words"))
    assert "kubectl --context 'two words' create --raw" in line
