"""What changed between two pod templates, and the revisions that they come from."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.views.making import HOSTILE, NOW, VISIBLE
from tfdash.views.diff import summary, template_changes, unified
from tfdash.views.image import change_of, short_image, short_images, split_image
from tfdash.views.mask import for_a_report
from tfdash.views.revisions import before, compare, latest_change, revisions

DIGEST = "sha256:4f2a" + "0" * 60


def template(
    *containers: dict[str, Any], metadata: dict[str, Any] | None = None, **spec: Any
) -> dict[str, Any]:
    return {"metadata": metadata or {}, "spec": {"containers": list(containers), **spec}}


def main(**over: Any) -> dict[str, Any]:
    return {"name": "main", "image": "r.example/checkout:2.13.4", **over}


def env(**values: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def reference(kind: str, name: str, key: str) -> list[dict[str, Any]]:
    return [{"name": "A", "valueFrom": {f"{kind}KeyRef": {"name": name, "key": key}}}]


CASES: list[tuple[str, dict[str, Any], dict[str, Any], list[str]]] = [
    ("nothing", template(main()), template(main()), []),
    ("tag", template(main()), template(main(image="r.example/checkout:2.14.0")), ["image 2.13.4 → 2.14.0"]),
    (
        "registry",
        template(main()),
        template(main(image="s.example/checkout:2.13.4")),
        ["image r.example/checkout:2.13.4 → s.example/checkout:2.13.4"],
    ),
    ("env added", template(main()), template(main(env=env(FEATURE_TAX="on"))), ["env FEATURE_TAX added"]),
    ("env removed", template(main(env=env(A="1"))), template(main()), ["env A removed"]),
    ("env changed", template(main(env=env(A="1"))), template(main(env=env(A="2"))), ["env A 1 → 2"]),
    ("env emptied", template(main(env=env(A="1"))), template(main(env=env(A=""))), ['env A 1 → ""']),
    (
        "env moved says nothing",
        template(main(env=env(A="1", B="2"))),
        template(main(env=env(B="2", A="1"))),
        [],
    ),
    (
        "secret env",
        template(main(env=env(DB_PASSWORD="a"))),
        template(main(env=env(DB_PASSWORD="b"))),
        ["env DB_PASSWORD changed (hidden)"],
    ),
    (
        "password in a URL",
        template(main(env=env(A="x://u:a@h"))),
        template(main(env=env(A="x://u:b@h"))),
        ["env A changed (hidden)"],
    ),
    (
        "env from elsewhere",
        template(main(env=reference("configMap", "c", "k"))),
        template(main(env=reference("secret", "s", "k"))),
        ["env A configmap c/k → secret s/k"],
    ),
    (
        "requests",
        template(main(resources={"requests": {"cpu": "200m"}})),
        template(main(resources={"requests": {"cpu": "250m"}, "limits": {"memory": "1Gi"}})),
        ["cpu request 200m → 250m", "memory limit added"],
    ),
    (
        "probe",
        template(main(readinessProbe={"httpGet": {"path": "/a"}, "periodSeconds": 5})),
        template(main(readinessProbe={"httpGet": {"path": "/b"}, "periodSeconds": 10})),
        ["readiness probe httpGet path /a → /b", "readiness probe periodSeconds 5 → 10"],
    ),
    (
        "probe added",
        template(main()),
        template(main(livenessProbe={"periodSeconds": 1})),
        ["liveness probe added"],
    ),
    (
        "arguments",
        template(main(args=["--a", "--token=x"])),
        template(main(args=["--b", "--token=x"])),
        ["args --a --token=<hidden, 1 bytes> → --b --token=<hidden, 1 bytes>"],
    ),
    (
        "secret argument",
        template(main(args=["--token=x"])),
        template(main(args=["--token=y"])),
        ["args changed (hidden)"],
    ),
    (
        "mount",
        template(main(volumeMounts=[{"mountPath": "/a", "name": "v"}])),
        template(main(volumeMounts=[{"mountPath": "/a", "name": "w"}])),
        ["mount /a name v → w"],
    ),
    ("port", template(main()), template(main(ports=[{"containerPort": 80}])), ["port 80 added"]),
    (
        "volume",
        template(main(), volumes=[{"name": "c", "configMap": {"name": "a"}}]),
        template(main(), volumes=[{"name": "c", "configMap": {"name": "b"}}, {"name": "d"}]),
        ["volume c configMap name a → b", "volume d added"],
    ),
    (
        "any other path",
        template(main(), terminationGracePeriodSeconds=30, securityContext={"runAsUser": 1}),
        template(main(), terminationGracePeriodSeconds=60, securityContext={"runAsUser": 2}),
        ["terminationGracePeriodSeconds 30 → 60", "securityContext runAsUser 1 → 2"],
    ),
    (
        "container",
        template(main()),
        template(main(), {"name": "proxy", "image": "envoy:1"}),
        ["container proxy added"],
    ),
    (
        "init container",
        template(main(), initContainers=[{"name": "m"}]),
        template(main()),
        ["init container m removed"],
    ),
    ("empty object", template(main(securityContext={})), template(main()), []),
    (
        "restart",
        template(main()),
        template(
            main(), metadata={"annotations": {"kubectl.kubernetes.io/restartedAt": "2026-11-23T14:00:00Z"}}
        ),
        ["restarted at never → 2026-11-23T14:00:00Z"],
    ),
    (
        "label",
        template(main(), metadata={"labels": {"pod-template-hash": "1", "tier": "a"}}),
        template(main(), metadata={"labels": {"pod-template-hash": "2", "tier": "b"}}),
        ["label tier a → b"],
    ),
]


@pytest.mark.parametrize(("old", "new", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_what_changed(old: dict[str, Any], new: dict[str, Any], expected: list[str]) -> None:
    assert [change.text for change in template_changes(old, new)] == expected


def test_images_come_first_and_containers_are_named_where_there_are_several() -> None:
    old = template(main(env=env(A="1")), {"name": "proxy", "image": "envoy:1"})
    new = template(main(env=env(A="2"), image="r.example/checkout:3"), {"name": "proxy", "image": "envoy:2"})
    changes = template_changes(old, new)
    assert summary(changes) == "image 2.13.4 → 3 · env A 1 → 2 · image 1 → 2"
    assert summary(changes, 2) == "main: image 2.13.4 → 3 · main: env A 1 → 2 · proxy: image 1 → 2"
    assert summary(()) == "nothing changed"


def test_the_unified_diff_shows_that_a_secret_changed_and_not_to_what() -> None:
    old, new = template(main(env=env(DB_PASSWORD="hunter2"))), template(main(env=env(DB_PASSWORD="hunter3")))
    lines = unified(old, new, "revision 1", "revision 2")
    assert lines[:2] == ["--- revision 1", "+++ revision 2"]
    assert "hunter" not in "\n".join(lines)
    assert sum(line.startswith(("+ ", "- ")) and "<hidden" in line for line in lines) == 2
    assert unified(old, old, "a", "b") == []


def test_hostile_text_is_visible_in_a_diff() -> None:
    old, new = (
        template(main()),
        template(main(image=HOSTILE, env=env(**{HOSTILE: HOSTILE})), **{HOSTILE: HOSTILE}),
    )
    shown = summary(template_changes(old, new)) + "\n".join(unified(old, new, HOSTILE, "b"))
    assert VISIBLE in shown and not any(c in shown for c in "\x1b\u202e\x00")


JUNK = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "env", "containers", "spec", "image", "ports", "args"]), inner
        )
    ),
    max_leaves=10,
)


@given(JUNK, JUNK)
def test_malformed_templates_never_fail_and_equal_ones_never_differ(one: Any, two: Any) -> None:
    template_changes({"spec": one}, {"spec": two})
    assert template_changes({"spec": one}, {"spec": one}) == ()


# -- images ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("image", "parts", "short"),
    [
        ("web", ("web", ""), "web"),
        ("web:1", ("web", "1"), "web:1"),
        ("r.example:5000/team/web", ("r.example:5000/team/web", ""), "web"),
        ("r.example:5000/team/web:1", ("r.example:5000/team/web", "1"), "web:1"),
        (f"r.example/web@{DIGEST}", ("r.example/web", "sha256:4f2a00000000"), "web@sha256:4f2a00000000"),
        (f"web:1@{DIGEST}", ("web", "sha256:4f2a00000000"), "web@sha256:4f2a00000000"),
        ("", ("", ""), ""),
    ],
)
def test_images(image: str, parts: tuple[str, str], short: str) -> None:
    assert split_image(image) == parts
    assert short_image(image) == short


def test_several_images_and_what_differs() -> None:
    assert (short_images(["a:1", "b:2", "c:3"]), short_images([])) == ("a:1 +2", "")
    assert change_of("r/a:1", "r/a:2") == ("1", "2")
    assert change_of("r/a", "r/a:2") == ("r/a", "r/a:2")


# -- revisions ------------------------------------------------------------------------------------------------------


def replica_set(
    name: str, revision: str, image: str, created: str = "2026-11-23T14:03:00Z"
) -> dict[str, Any]:
    annotations = {
        "deployment.kubernetes.io/revision": revision,
        "kubernetes.io/change-cause": f"by {HOSTILE}",
    }
    return {
        "metadata": {"name": name, "annotations": annotations, "creationTimestamp": created},
        "spec": {
            "template": template(
                main(image=image), metadata={"labels": {"pod-template-hash": name, "a": "b"}}
            )
        },
        "status": {"replicas": 2},
    }


def controller_revision(name: str, revision: int, image: str) -> dict[str, Any]:
    patch = template(main(image=image)) | {"$patch": "replace"}
    return {"metadata": {"name": name}, "revision": revision, "data": {"spec": {"template": patch}}}


def test_a_deployments_revisions_come_newest_first_with_the_current_one_marked() -> None:
    owner = {"kind": "Deployment", "metadata": {"annotations": {"deployment.kubernetes.io/revision": "10"}}}
    sets = [replica_set("a", "9", "web:1"), replica_set("b", "10", "web:2"), replica_set("c", "", "web:0")]
    found = revisions(owner, sets)
    assert [(r.number, r.name, r.current, r.replicas) for r in found] == [
        (10, "b", True, 2),
        (9, "a", False, 2),
        (0, "c", False, 2),
    ]
    assert found[0].headline(NOW) == f"revision 10  web:2  12m ago  by {VISIBLE}"
    change = latest_change(found)
    assert change is not None and change.summary == "image 1 → 2"
    assert not any("pod-template-hash" in line for line in change.lines)  # the controller's, not a person's


def test_a_rollback_is_compared_with_what_stands_below_it() -> None:
    owner = {"metadata": {"annotations": {"deployment.kubernetes.io/revision": "11"}}}
    found = revisions(owner, [replica_set("a", "11", "web:1"), replica_set("b", "10", "web:2")])
    change = latest_change(found)
    assert change is not None and change.summary == "image 2 → 1"


def test_the_numbers_that_a_revision_had_before_are_read_of_both_sorts_of_annotation() -> None:
    again = replica_set("a", "11", "web:1")
    again["metadata"]["annotations"]["rollout.argoproj.io/revision-history"] = "9, 4,x"
    found = revisions({}, [again, replica_set("b", "10", "web:2"), replica_set("c", "8", "web:0")])
    assert [(r.number, r.earlier, r.first) for r in found] == [(11, (4, 9), 4), (10, (), 10), (8, (), 8)]
    assert before(found[1], found) == found[0] and before(found[0], found) is None


def test_a_stateful_sets_current_revision_is_its_update_revision() -> None:
    children = [controller_revision("db-1", 1, "pg:1"), controller_revision("db-2", 2, "pg:2")]
    found = revisions({"kind": "StatefulSet", "status": {"updateRevision": "db-1"}}, children)
    assert [(r.name, r.current, r.replicas) for r in found] == [("db-2", False, None), ("db-1", True, None)]
    assert latest_change(found) is None  # nothing older than the current one is kept
    assert compare(found[1], found[0]).lines[:2] == ("--- revision 1", "+++ revision 2")
    assert not any("$patch" in line for line in compare(found[1], found[0]).lines)


def test_a_daemon_sets_newest_revision_is_current() -> None:
    found = revisions(
        {"kind": "DaemonSet"}, [controller_revision("x", 3, "a:1"), controller_revision("y", 4, "a:2")]
    )
    assert [r.current for r in found] == [True, False]
    assert revisions({}, []) == () and latest_change(()) is None


@pytest.mark.parametrize("junk", [None, 5, "x", [1], {"a": 1}])
def test_malformed_revisions_are_listed_as_far_as_they_go(junk: Any) -> None:
    children = [
        {"metadata": junk, "spec": junk, "status": junk},
        {"metadata": junk, "data": junk, "revision": junk},
    ]
    found = revisions({"metadata": junk, "status": junk}, children)
    assert len(found) == 2
    compare(*found)


def test_a_report_hides_the_value_of_every_variable_and_still_tells_that_it_changed() -> None:
    old, new = template(main(env=env(PIN="4711-old"))), template(main(env=env(PIN="4711-new")))
    with for_a_report():
        assert summary(template_changes(old, new)) == "env PIN changed (hidden)"
        lines = "\n".join(unified(old, new, "old", "new"))
    assert "4711" not in lines and "+      value: <hidden, 8 bytes" in lines
    assert "4711-new" in summary(template_changes(old, new))
