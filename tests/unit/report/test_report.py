"""The headless export: both formats of every screen, against its schema, and what a script should think of it."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.kinds import SERVED, TYPES
from tests.reports import snapshot_of
from tests.unit.views.making import EU, HOSTILE, NOW, US, VISIBLE, cluster, picture, pod, seen
from tfdash.model.assessment import EMPTY_ASSESSMENT, Assessment
from tfdash.model.delivery import Rollout
from tfdash.model.kube import Container, Deployment, HorizontalPodAutoscaler, Metric, Provisional, Template
from tfdash.model.kubecluster import Node, Service, ServicePort
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import Picture
from tfdash.model.release import Carrier, Phase, ReleaseState
from tfdash.model.section import SectionState
from tfdash.model.subject import Subject
from tfdash.model.verdict import Evidence, Level, Verdict
from tfdash.model.workload import Cause, CauseCode, Release, Serving, WorkloadState
from tfdash.report.gather import needs
from tfdash.report.listed import SCREENS
from tfdash.report.schemas import schema

NEW_YORK = ZoneInfo("America/New_York")
WEB = Subject(EU, "Deployment", "a", "web", "uid-web")


def deployment(name: str = "web", namespace: str = "a") -> Deployment:
    return Deployment(
        namespace=namespace,
        name=name,
        uid=f"uid-{name}",
        created=NOW - 9 * 86400,
        desired=2,
        ready=1,
        updated=2,
        template=Template(containers=(Container("main", "r.example/web:2.0"),)),
    )


def told(level: Level, *, serving: Serving = Serving.OK, sentence: str = "1 of 2 available") -> Assessment:
    state = WorkloadState(
        subject=WEB,
        serving=serving,
        release=Release.COMPLETE,
        message="rolled out",
        desired=2,
        available=1,
        cause=Cause(code=CauseCode.OOM_KILLED, sentence="OOM killed", count=1)
        if serving is Serving.DEGRADED
        else None,
    )
    verdict = Verdict(
        level=level, rule="serving", subject=WEB, sentence=sentence, measured=1.0, limit=2.0, unit="pods"
    )
    section = SectionState(
        id="serving", title="Serving", level=int(level), sentence=sentence, target="workloads"
    )
    fine = SectionState(id="nodes", title="Nodes", level=int(Level.OK), sentence="3 nodes")
    return Assessment(
        at=NOW, number=1, verdicts={WEB: (verdict,)}, workloads={WEB: state}, sections=(fine, section)
    )


def whole(**given: Any) -> Picture:
    """A picture in which every kind was read."""
    return picture(cluster(**{kind: given.get(kind, []) for kind in (*SERVED, "Rollout")}))


def document(
    shown: Picture, assessment: Assessment, screen: str, namespace: str | None = None
) -> dict[str, Any]:
    return json.loads(snapshot_of(shown, assessment, screen, namespace, "json", NOW, NEW_YORK)[0])


def text(
    shown: Picture,
    assessment: Assessment,
    screen: str,
    namespace: str | None = None,
    width: int | None = None,
) -> str:
    return snapshot_of(shown, assessment, screen, namespace, "text", NOW, NEW_YORK, width)[0]


def code(
    shown: Picture, assessment: Assessment, screen: str = "deployments", namespace: str | None = None
) -> int:
    return snapshot_of(shown, assessment, screen, namespace, "text", NOW, NEW_YORK)[1]


# -- the schema -----------------------------------------------------------------------------------------------------

_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "null": type(None),
    "boolean": bool,
}


def check(value: Any, rule: dict[str, Any], at: str = "$") -> None:
    """The part of JSON Schema that ours uses; a keyword that is not known here fails the test."""
    if "$ref" in rule:
        rule = schema()["$defs"][rule["$ref"].rpartition("/")[2]]
    unknown = set(rule) - {
        "$schema",
        "$defs",
        "title",
        "description",
        "type",
        "required",
        "properties",
        "items",
        "enum",
        "const",
    }
    assert not unknown, f"{at}: keywords {unknown}"
    if "type" in rule:
        types = rule["type"] if isinstance(rule["type"], list) else [rule["type"]]
        fits = [
            t for t in types if isinstance(value, _TYPES[t]) and isinstance(value, bool) is (t == "boolean")
        ]
        assert fits, f"{at}: {value!r}"
    if "enum" in rule:
        assert value in rule["enum"], at
    if "const" in rule:
        assert value == rule["const"], at
    if isinstance(value, dict):
        assert set(rule.get("required", ())) <= set(value), f"{at} lacks {set(rule['required']) - set(value)}"
        for name, inner in rule.get("properties", {}).items():
            if name in value:
                check(value[name], inner, f"{at}.{name}")
    if isinstance(value, list) and "items" in rule:
        for index, one in enumerate(value):
            check(one, rule["items"], f"{at}[{index}]")


@pytest.mark.parametrize("screen", SCREENS)
def test_every_screen_keeps_the_schema_whatever_is_known(screen: str) -> None:
    full = whole(
        Pod=[pod("x")],
        Deployment=[deployment()],
        Node=[Node(namespace="", name="n")],
        Service=[Service(namespace="a", name="s", ports=(ServicePort("h", 80, "web"),))],
        HorizontalPodAutoscaler=[
            HorizontalPodAutoscaler(namespace="a", name="h", metrics=(Metric("Resource", "cpu", 70.0),))
        ],
    )
    table = picture(
        cluster(
            Pod=[Provisional(namespace="a", name="x", kind="Pod", cells=("x", "1/1", "Running", "0", "5m"))]
        )
    )
    nothing = picture(cluster(), cluster(US))
    bare = whole(**{kind: [TYPES[kind](namespace="", name="bare")] for kind in SERVED})
    for shown in (full, table, nothing, bare):
        for assessment in (EMPTY_ASSESSMENT, told(Level.WARN)):
            found = document(shown, assessment, screen)
            check(found, schema())
            assert ("sections" in found) is (screen == "overview")
            assert found["exit_code"] == code(shown, assessment, screen)
            assert text(shown, assessment, screen)


def test_the_schema_refuses_what_is_not_a_snapshot() -> None:
    found = document(whole(), EMPTY_ASSESSMENT, "pods")
    for broken in (
        {**found, "schema_version": 2},
        {**found, "exit_code": "0"},
        {k: found[k] for k in ("rows",)},
    ):
        with pytest.raises(AssertionError):
            check(broken, schema())


# -- rows -----------------------------------------------------------------------------------------------------------


def test_rows_have_typed_values_and_their_verdicts() -> None:
    found = document(
        whole(Deployment=[deployment()]), told(Level.WARN, serving=Serving.DEGRADED), "deployments"
    )
    assert (found["schema_version"], found["generated_at"], found["namespace"]) == (
        1,
        "2026-11-23T14:15:00Z",
        None,
    )
    [row] = found["rows"]
    assert (row["cluster"], row["kind"], row["namespace"], row["name"], row["uid"]) == (
        "eu-1",
        "Deployment",
        "a",
        "web",
        "uid-web",
    )
    cells = row["cells"]
    assert cells["ready"] == {"ready": 1, "desired": 2} and cells["updated"] == 2
    assert (cells["serving"], cells["release"], cells["image"]) == ("degraded", "complete", "web:2.0")
    assert cells["cause"] == {"code": "OOM killed", "sentence": "OOM killed", "pods": 1}
    assert cells["age"] == NOW - 9 * 86400
    [verdict] = row["verdicts"]
    assert (verdict["level"], verdict["measured"], verdict["limit"], verdict["unit"]) == (
        "WARN",
        1.0,
        2.0,
        "pods",
    )


def test_the_screen_named_deployments_shows_every_workload_as_on_the_screen() -> None:
    shown = text(whole(Deployment=[deployment()]), told(Level.OK), "deployments")
    head = next(line for line in shown.splitlines() if line.startswith("WORKLOAD"))
    assert head.split() == [
        "WORKLOAD",
        "NAMESPACE",
        "KIND",
        "SERVING",
        "RELEASE",
        "REV",
        "IMAGE",
        "READY",
        "UPD",
        "AGE",
        "CAUSE",
    ]
    assert needs("deployments") == ("Deployment", "StatefulSet", "DaemonSet", "Rollout")
    assert {"Deployment", "Pod", "Node"} <= set(needs("overview"))


def test_text_says_where_when_how_many_and_from_what() -> None:
    shown = text(whole(Pod=[pod("x"), pod("y", "b")]), EMPTY_ASSESSMENT, "pods").splitlines()
    assert shown[0] == "production eu-1 v1.37.2  09:15 EST  14:15Z" and shown[2] == "2 pods"
    assert [line.split()[:4] for line in shown[5:7]] == [
        ["x", "a", "1/1", "Running"],
        ["y", "b", "1/1", "Running"],
    ]
    assert "data sources" in shown and any("eu-1 pods" in line and "0s ago" in line for line in shown)
    assert not any(line != line.rstrip() for line in shown)


def test_a_namespace_narrows_rows_and_verdict_alike() -> None:
    shown = whole(Pod=[pod("x"), pod("y", "b")], Deployment=[deployment(), deployment("api", "b")])
    assert [r["name"] for r in document(shown, EMPTY_ASSESSMENT, "pods", "b")["rows"]] == ["y"]
    assert "1 pod in b" in text(shown, EMPTY_ASSESSMENT, "pods", "b")
    assert code(shown, told(Level.BREACH)) == 1
    assert code(shown, told(Level.BREACH), namespace="b") == 2  # nothing was said of api yet
    assert code(shown, told(Level.BREACH), "pods", "b") == 0
    assert code(shown, told(Level.BREACH), "overview", "b") == 1  # the sections are not narrowed, and say it


def test_a_width_cuts_lines_and_none_leaves_them_whole() -> None:
    shown = whole(Deployment=[deployment("w" * 200)])
    assert max(map(len, text(shown, EMPTY_ASSESSMENT, "deployments").splitlines())) > 200
    assert max(map(len, text(shown, EMPTY_ASSESSMENT, "deployments", width=80).splitlines())) <= 80


def test_wide_characters_keep_the_columns_aligned() -> None:
    shown = text(whole(Pod=[pod("日本"), pod("abcd")]), EMPTY_ASSESSMENT, "pods").splitlines()
    first, second = (line for line in shown if "Running" in line)
    assert second.index("1/1") == first.index("1/1") + 2 or first.index("1/1") == second.index("1/1") + 2


def test_an_empty_list_is_explained() -> None:
    assert "No pods in b: the list was read and is empty." in text(whole(), EMPTY_ASSESSMENT, "pods", "b")
    assert "loading pods …" in text(picture(cluster()), EMPTY_ASSESSMENT, "pods")


def test_the_overview_has_the_worst_section_first() -> None:
    found = document(whole(), told(Level.BREACH), "overview")
    assert [(s["id"], s["level"], s["screen"]) for s in found["sections"]] == [
        ("serving", "BREACH", "workloads"),
        ("nodes", "OK", "overview"),
    ]
    assert [v["sentence"] for v in found["verdicts"]] == ["1 of 2 available"]
    lines = text(whole(), told(Level.BREACH), "overview").splitlines()
    assert lines[2].split() == ["Serving", "✖", "BREACH", "1", "of", "2", "available"]
    assert "nothing has been judged yet" in text(whole(), EMPTY_ASSESSMENT, "overview")


def test_the_verdicts_of_the_overview_stand_in_one_order() -> None:
    """A dictionary's was another in a ring and in its bundle: two snapshots of one moment differed in each line."""
    rules, levels = ("b.rule", "a.rule"), (Level.WARN, Level.BREACH)
    said = [
        Verdict(level=level, subject=Subject(EU, "Pod", "a", name), rule=rule, sentence="so")
        for name in ("y", "x")
        for rule in rules
        for level in levels
    ]
    verdicts: dict[Subject, tuple[Verdict, ...]] = {}
    for one in said:
        verdicts[one.subject] = (*verdicts.get(one.subject, ()), one)
    turned = {subject: tuple(reversed(of)) for subject, of in reversed(verdicts.items())}
    listed = [
        document(whole(), Assessment(at=NOW, number=1, verdicts=of, workloads={}, sections=()), "overview")[
            "verdicts"
        ]
        for of in (verdicts, turned)
    ]
    assert listed[0] == listed[1]
    order = [(v["level"], v["subject"]["name"], v["rule"]) for v in listed[0]]
    assert order[:4] == [("BREACH", n, r) for n in ("x", "y") for r in ("a.rule", "b.rule")]
    assert [level for level, *_ in order] == ["BREACH"] * 4 + ["WARN"] * 4


def test_a_screen_that_is_none_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"there is no screen 'podz'; there are .*pods"):
        text(whole(), EMPTY_ASSESSMENT, "podz")


# -- the exit code --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (Level.IDLE, 0),
        (Level.OK, 0),
        (Level.MOVING, 0),
        (Level.PAUSED, 0),
        (Level.UNKNOWN, 2),
        (Level.WARN, 1),
        (Level.BREACH, 1),
    ],
)
def test_the_exit_code_follows_the_worst_verdict(level: Level, expected: int) -> None:
    shown = whole(Deployment=[deployment()])
    assert code(shown, told(level)) == code(shown, told(level), "overview") == expected


def test_serving_and_release_count_although_no_rule_spoke() -> None:
    shown = whole(Deployment=[deployment()])
    state = told(Level.OK, serving=Serving.DOWN)
    assert code(shown, Assessment(at=NOW, number=1, verdicts={}, workloads=state.workloads)) == 1


@pytest.mark.parametrize("level", [Level.WARN, Level.BREACH, Level.UNKNOWN])
def test_a_section_that_is_printed_counts_although_no_rule_spoke(level: Level) -> None:
    """A release that must roll back is in no verdict, only in its section: the code was 0 beside "✖ BREACH"."""
    section = SectionState(id="releases", title="Releases", level=int(level), sentence="1 must roll back")
    said = Assessment(at=NOW, number=1, verdicts={}, workloads={}, sections=(section,))
    printed = document(whole(), said, "overview")
    assert printed["sections"][0]["level"] == level.name
    assert printed["exit_code"] == code(whole(), said, "overview") == (2 if level is Level.UNKNOWN else 1)


def test_what_says_loading_is_not_known() -> None:
    assert "nothing has been judged yet" in text(whole(), EMPTY_ASSESSMENT, "overview")
    assert code(whole(), EMPTY_ASSESSMENT, "overview") == 2
    shown = whole(Deployment=[deployment()])
    assert "? loading" in text(shown, EMPTY_ASSESSMENT, "deployments")
    assert code(shown, EMPTY_ASSESSMENT) == 2


@pytest.mark.parametrize(
    ("phase", "serving", "expected"),
    [
        (Phase.COMPLETE, Serving.OK, 0),
        (Phase.PAUSED, Serving.OK, 0),
        (Phase.STUCK, Serving.OK, 1),
        (Phase.ABORTED, Serving.OK, 1),
        (Phase.COMPLETE, Serving.DEGRADED, 1),
        (Phase.COMPLETE, Serving.DOWN, 1),
        (Phase.UNKNOWN, Serving.OK, 2),
        (Phase.COMPLETE, None, 2),
    ],
)
def test_a_rollouts_own_cells_count(phase: Phase, serving: Serving | None, expected: int) -> None:
    rollout = Rollout(namespace="a", name="web", uid="u", created=NOW)
    empty = dict.fromkeys(needs("rollouts"), seen([]))
    shown = picture(cluster(**{**empty, "Rollout": [rollout]}))
    who = Subject(EU, "Rollout", "a", "web")
    release = ReleaseState(subject=who, carrier=Carrier.ROLLOUT, phase=phase, message="", serving=serving)
    said = Assessment(at=NOW, number=1, verdicts={}, workloads={}, releases={who: release})
    assert code(shown, said, "rollouts") == expected


def test_what_was_waited_for_in_vain_is_unknown_and_hides_no_finding() -> None:
    late = ("metrics of web",)
    shown = whole(Deployment=[deployment()])
    args = ("deployments", None, "text", NOW, NEW_YORK, None)
    assert snapshot_of(shown, told(Level.OK), *args, late)[1] == 2
    assert snapshot_of(shown, told(Level.BREACH), *args, late)[1] == 1
    printed = json.loads(
        snapshot_of(shown, told(Level.OK), "deployments", None, "json", NOW, NEW_YORK, late=late)[0]
    )
    assert (printed["exit_code"], printed["unread"]) == (2, ["metrics of web"])


@pytest.mark.parametrize(
    "unread",
    [
        Observation(),
        Observation(value={}, observed_at=NOW),  # not whole yet
        seen([], provisional=True),
        seen([], problem=Problem(kind=ProblemKind.UNREACHABLE, cause="refused")),
    ],
)
def test_what_could_not_be_read_is_never_green(unread: Any) -> None:
    shown = whole(Pod=unread)
    assert code(shown, EMPTY_ASSESSMENT, "pods") == 2
    assert document(shown, EMPTY_ASSESSMENT, "pods")["unread"] == ["eu-1/Pod"]
    assert code(shown, EMPTY_ASSESSMENT, "namespaces") == 2  # their source stands there with a "?"
    assert (
        code(whole(Pod=unread, Deployment=[deployment()]), told(Level.BREACH), "overview") == 1
    )  # a finding is certain


def test_hostile_text_is_visible_in_both_formats() -> None:
    who = Subject(EU, "Deployment", HOSTILE, HOSTILE)
    verdict = Verdict(
        level=Level.WARN,
        rule=HOSTILE,
        subject=who,
        sentence=HOSTILE,
        unit=HOSTILE,
        evidence=Evidence(objects=(who,)),
    )
    assessment = Assessment(
        at=NOW,
        number=1,
        verdicts={who: (verdict,)},
        workloads={},
        sections=(SectionState(id="s", title="S", level=5, sentence=HOSTILE, detail=HOSTILE),),
    )
    shown = whole(
        Deployment=[deployment(HOSTILE, HOSTILE)],
        Pod=[pod(HOSTILE, HOSTILE, uid=HOSTILE, phase=HOSTILE, statuses=())],
        Service=[Service(namespace="a", name=HOSTILE, ports=(ServicePort(HOSTILE, 80, HOSTILE, HOSTILE),))],
    )
    for screen in ("overview", "deployments", "pods", "services"):
        for format in ("json", "text"):
            written = snapshot_of(shown, assessment, screen, None, format, NOW, NEW_YORK)[0]
            assert VISIBLE in written, (screen, format)
            assert not any(c in written for c in "\x1b\u202e\x00\u200b"), (screen, format)
            assert "\\u001b" not in written
