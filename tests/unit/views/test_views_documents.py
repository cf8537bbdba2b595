"""Whole objects as text: YAML and descriptions that hide secrets, hide nothing else, and are safe to show."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.views.making import EU, HOSTILE, NOW, VISIBLE
from tfdash.model.kubecluster import Event
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level, Verdict
from tfdash.model.workload import Cause, CauseCode, DisruptionRoom, Release, ScaledBy, Serving, WorkloadState
from tfdash.views.describe import describe, description_lines
from tfdash.views.mask import LAST_APPLIED, hidden_marked, masked, masked_arguments, secret_name
from tfdash.views.yaml import yaml_lines

BEFORE = "2026-11-23T14:05:00Z"  # ten minutes before NOW


def text(document: dict[str, Any], **over: Any) -> str:
    return "\n".join(description_lines(describe(document, now=NOW, **over)))


# -- what is hidden -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "DB_PASSWORD",
        "dbPassword",
        "PGPASSWORD",
        "GITHUB_TOKEN",
        "apiKey",
        "API_KEY",
        "AWS_SECRET_ACCESS_KEY",
        "dsn",
        "--auth-token",
        "client-secret",
        "PRIVATE_KEY",
        "Authorization-Bearer",
    ],
)
def test_names_that_look_like_secrets(name: str) -> None:
    assert secret_name(name)


@pytest.mark.parametrize(
    "name", ["", "AUTHOR", "PATH", "TOKENIZER_PATH", "FEATURE_TAX", "KEYBOARD", "PASSENGERS", "--log-level"]
)
def test_names_that_do_not(name: str) -> None:
    assert not secret_name(name)


def test_values_of_a_secret_become_their_sizes() -> None:
    shown = masked(
        {
            "kind": "Secret",
            "metadata": {
                "managedFields": [1],
                "annotations": {LAST_APPLIED: '{"data": "c2VjcmV0"}', "note": "seen"},
            },
            "data": {"key": base64.b64encode(b"twelve bytes").decode(), "odd": "not base64!"},
            "stringData": {"plain": "secret"},
        }
    )
    assert shown["data"] == {"key": "<hidden, 12 bytes>", "odd": "<hidden, 11 bytes>"}
    assert shown["stringData"] == {"plain": "<hidden, 6 bytes>"}
    assert "managedFields" not in shown["metadata"]
    assert "annotations" not in shown["metadata"]


def test_the_document_itself_is_left_as_it_was() -> None:
    document = {"kind": "Secret", "metadata": {"managedFields": [1]}, "data": {"a": "YQ=="}}
    masked(document)
    assert document == {"kind": "Secret", "metadata": {"managedFields": [1]}, "data": {"a": "YQ=="}}


def test_secrets_in_variables_headers_arguments_and_urls() -> None:
    container = {
        "env": [
            {"name": "DB_PASSWORD", "value": "hunter2"},
            {"name": "URL", "value": "postgres://u:hunter2@h/db"},
            {"name": "MODE", "value": "fast"},
            {"name": "API_KEY", "valueFrom": {"secretKeyRef": {"name": "s"}}},
        ],
        "args": ["--token", "hunter2", "--password=hunter2", "--level=debug", "https://u:hunter2@h", 7],
        "livenessProbe": {"httpGet": {"httpHeaders": [{"name": "X-Auth-Token", "value": "hunter2"}]}},
    }
    lines = "\n".join(yaml_lines({"kind": "Pod", "spec": {"containers": [container]}}))
    assert "hunter2" not in lines
    assert "fast" in lines and "--level=debug" in lines and "postgres://u:<hidden>@h/db" in lines
    assert "hunter2" not in text({"kind": "Pod", "spec": {"containers": [container]}})


@pytest.mark.parametrize(
    ("given_arguments", "shown"),
    [
        (["--token", "--verbose"], ["--token", "--verbose"]),  # an option without its value hides none
        (["--token=a=b"], ["--token=<hidden, 3 bytes>"]),
        (["sh", "-c", "run"], ["sh", "-c", "run"]),
    ],
)
def test_arguments(given_arguments: list[str], shown: list[str]) -> None:
    assert masked_arguments(given_arguments) == shown


def test_marks_of_hidden_values_differ_where_the_values_do_and_tell_no_more() -> None:
    assert hidden_marked("a") == hidden_marked("a") != hidden_marked("b")
    assert "hunter2" not in hidden_marked("hunter2")


# -- YAML -----------------------------------------------------------------------------------------------------------


def test_yaml_has_kubectls_order_and_blocks() -> None:
    document = {
        "kind": "ConfigMap",
        "apiVersion": "v1",
        "metadata": {"name": "x"},
        "data": {"b": "1\n2\n", "a": "yes"},
    }
    assert yaml_lines(document) == [
        "apiVersion: v1",
        "data:",
        "  a: 'yes'",
        "  b: |",
        "    1",
        "    2",
        "kind: ConfigMap",
        "metadata:",
        "  name: x",
    ]


def test_yaml_writes_no_anchors_and_folds_nothing() -> None:
    shared = {"x": "y " * 200}
    lines = yaml_lines({"a": shared, "b": shared})
    assert len(lines) == 4 and not any("&" in line or "*" in line for line in lines)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=6), JSON, max_size=4))
def test_any_document_has_lines_that_are_safe(document: dict[str, Any]) -> None:
    for lines in (yaml_lines(document), description_lines(describe(document, now=NOW))):
        assert not any(c in line for line in lines for c in "\x1b\u202e\x00\u200b\n\r\x9b")


def test_plain_yaml_reads_back() -> None:
    document = {
        "kind": "Pod",
        "spec": {"n": 1, "t": True, "none": None, "list": [{"a": "1"}], "text": " a: b #c"},
    }
    assert yaml.safe_load("\n".join(yaml_lines(document))) == document


# -- descriptions ---------------------------------------------------------------------------------------------------

POD = {
    "kind": "Pod",
    "apiVersion": "v1",
    "metadata": {
        "name": "web-1",
        "namespace": "a",
        "creationTimestamp": BEFORE,
        "labels": {"b": "2", "a": "1"},
        "managedFields": [{"manager": "kubectl"}],
        "ownerReferences": [{"kind": "ReplicaSet", "name": "web", "controller": True}],
    },
    "spec": {
        "nodeName": "n1",
        "containers": [
            {
                "name": "main",
                "image": "web:1",
                "ports": [{"containerPort": 80, "name": "http"}],
                "resources": {"requests": {"cpu": "10m", "memory": "1Mi"}, "limits": {"cpu": "1"}},
                "readinessProbe": {"httpGet": {"path": "/ok", "port": 80}, "periodSeconds": 5},
                "env": [
                    {"name": "A", "value": "1"},
                    {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
                    {"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
                ],
                "volumeMounts": [{"mountPath": "/data", "name": "d", "readOnly": True}],
            }
        ],
        "volumes": [
            {"name": "d", "persistentVolumeClaim": {"claimName": "data-0"}},
            {"name": "e", "emptyDir": {}},
        ],
        "tolerations": [
            {"key": "k", "effect": "NoExecute", "tolerationSeconds": 300},
            {"operator": "Exists"},
        ],
    },
    "status": {
        "phase": "Running",
        "containerStatuses": [
            {
                "name": "main",
                "ready": False,
                "restartCount": 3,
                "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m"}},
                "lastState": {"terminated": {"reason": "Error", "exitCode": 1, "finishedAt": BEFORE}},
            }
        ],
        "conditions": [
            {"type": "Ready", "status": "False", "reason": "NotReady", "lastTransitionTime": BEFORE}
        ],
    },
}


def test_a_pod_is_described_with_its_containers_conditions_and_volumes() -> None:
    shown = text(POD)
    for part in (
        "Name:",
        "web-1",
        "Controlled by:",
        "ReplicaSet/web",
        "2026-11-23T14:05:00Z (10m ago)",
        "waiting: CrashLoopBackOff (back-off 5m)",
        "terminated: Error, exit 1, 10m ago",
        "80/TCP http",
        "cpu 10m, memory 1Mi",
        "http-get http://:80/ok delay=0s timeout=1s period=5s #success=1 #failure=3",
        "A=1",
        "B: key k of Secret s",
        "C: status.podIP",
        "/data from d (read only)",
        "PersistentVolumeClaim",
        "data-0",
        "k:NoExecute for 300s",
        "everything",
        "NotReady",
        "none; the API server keeps events for about an hour",
    ):
        assert part in shown, part
    assert "managedFields" not in shown and "kubectl" not in shown
    titles = [section.title for section in describe(POD, now=NOW)]
    assert titles == ["", "Pod", "Containers", "Conditions", "Volumes", "Events"]


def test_values_of_one_field_stand_under_each_other() -> None:
    lines = describe(POD, now=NOW)[0].lines
    first = next(i for i, line in enumerate(lines) if line.startswith("Labels:"))
    assert lines[first].index("a=1") == lines[first + 1].index("b=2")


def test_what_was_said_of_a_workload_stands_first() -> None:
    who = Subject(EU, "Deployment", "a", "web")
    state = WorkloadState(
        subject=who,
        serving=Serving.DOWN,
        release=Release.STUCK,
        message="0 of 3 updated",
        desired=3,
        cause=Cause(
            code=CauseCode.IMAGE_PULL,
            sentence="image web:2 not found",
            others=("quota",),
            objects=tuple(Subject(EU, "Pod", "a", f"web-{i}") for i in range(7)),
        ),
        scaled_by=ScaledBy(
            subject=who._replace(kind="HorizontalPodAutoscaler"),
            minimum=1,
            desired=3,
            maximum=3,
            metric="cpu 71 %",
            limited=True,
        ),
        disruption=DisruptionRoom(subject=who, allowed=0, healthy=0, desired_healthy=1, expected=3),
    )
    verdicts = (
        Verdict(level=Level.OK, rule="fine", subject=who, sentence="not worth a word"),
        Verdict(level=Level.BREACH, rule="serving", subject=who, sentence="none available"),
    )
    document = {
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"replicas": 3},
        "status": {"replicas": 1},
    }
    sections = describe(document, now=NOW, state=state, verdicts=verdicts)
    assert sections[1].title == "Verdict"
    said = "\n".join(sections[1].lines)
    for part in (
        "✖ DOWN, 0 of 3 available",
        "▲ STUCK, 0 of 3 updated",
        "image web:2 not found",
        "see Pod a/web-0",
        "and 2 more",
        "also: quota",
        "1 ≤ 3 ≤ 3 by cpu 71 % (at its limit)",
        "✖ BREACH",
        "none available",
    ):
        assert part in said, part
    assert "not worth a word" not in said
    assert "3 wanted, 1 there" in "\n".join(sections[2].lines)


def test_a_node_shows_taints_and_resources() -> None:
    shown = text(
        {
            "kind": "Node",
            "metadata": {"name": "n"},
            "spec": {"unschedulable": True, "taints": [{"key": "k", "value": "v", "effect": "NoSchedule"}]},
            "status": {
                "capacity": {"cpu": "4"},
                "allocatable": {"cpu": "3"},
                "nodeInfo": {"osImage": "Debian"},
            },
        }
    )
    assert "false (cordoned)" in shown and "k=v:NoSchedule" in shown and "Debian" in shown
    assert [line.split() for line in shown.splitlines() if line.strip().startswith("cpu")] == [
        ["cpu", "4", "3"]
    ]


def test_a_secret_tells_its_keys_and_sizes_and_a_configmap_its_text() -> None:
    assert "key: <hidden, 1 bytes>" in text({"kind": "Secret", "type": "Opaque", "data": {"key": "YQ=="}})
    shown = text({"kind": "ConfigMap", "data": {"app.toml": "a = 1\nb = 2"}})
    assert "app.toml:\n    a = 1\n    b = 2" in shown


def test_other_kinds_show_spec_and_status_as_yaml() -> None:
    shown = text(
        {
            "kind": "Widget",
            "spec": {"size": 3},
            "status": {"phase": "Ready", "conditions": [{"type": "Up"}]},
            "rules": [1],
        }
    )
    assert (
        "Spec\n  size: 3" in shown
        and "Fields\n  rules:\n  - 1" in shown
        and "Status\n  phase: Ready" in shown
    )
    assert "conditions:" not in shown and "Up" in shown


def test_a_huge_annotation_is_cut_with_its_size() -> None:
    shown = text({"kind": "Pod", "metadata": {"annotations": {"big": "x" * 5_000_000}}})
    assert len(shown) < 3000 and "5,000,000 characters" in shown


@pytest.mark.parametrize("kind", ["Pod", "Deployment", "Node", "Secret", "ConfigMap", "Service", "Job"])
def test_hostile_text_is_visible_in_every_description(kind: str) -> None:
    one = {"name": HOSTILE, "image": HOSTILE, "args": [HOSTILE], "env": [{"name": HOSTILE, "value": HOSTILE}]}
    document = {
        "kind": kind,
        "metadata": {"name": HOSTILE, "labels": {HOSTILE: HOSTILE}, "annotations": {HOSTILE: HOSTILE}},
        "spec": {
            "containers": [one],
            "template": {"spec": {"containers": [one]}},
            "taints": [{"key": HOSTILE}],
        },
        "status": {"conditions": [{"type": HOSTILE, "message": HOSTILE}], "phase": HOSTILE},
        "data": {HOSTILE: HOSTILE},
    }
    event = Event(namespace="a", name="e", reason=HOSTILE, message=HOSTILE, source=HOSTILE, last_seen=NOW)
    shown = text(document, events=[event])
    assert VISIBLE in shown
    assert not any(c in shown for c in "\x1b\u202e\x00\u200b")


@pytest.mark.parametrize("junk", [None, 5, "text", [1], {"a": 1}])
@pytest.mark.parametrize("kind", ["Pod", "Deployment", "Node", "Secret", "Widget"])
def test_malformed_documents_are_described_as_far_as_they_go(kind: str, junk: Any) -> None:
    fields = ("spec", "status", "metadata", "data", "type")
    text({"kind": kind, **dict.fromkeys(fields, junk)})
    deep = {
        "containers": junk,
        "template": junk,
        "volumes": junk,
        "conditions": junk,
        "containerStatuses": junk,
        "taints": junk,
        "addresses": junk,
        "capacity": junk,
        "selector": junk,
        "finalizers": junk,
        "ownerReferences": junk,
        "labels": junk,
        "annotations": junk,
        "creationTimestamp": junk,
        "tolerations": junk,
        "schedulingGates": junk,
        "volumeClaimTemplates": junk,
        "strategy": junk,
    }
    text({"kind": kind, **dict.fromkeys(fields, deep)})
    deeper = {**deep, "containers": [deep | {"env": junk, "ports": junk, "resources": junk, "state": junk}]}
    text({"kind": kind, "spec": deeper, "status": deeper, "metadata": deeper})
