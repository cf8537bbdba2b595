"""What a terminal itself sees of versions, from picture to picture: where watching has gaps, and when it looks again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from tests.unit.playbook.versions.making import DAY, HOUR, NOW, PRODUCTION, STAGING
from tfdash.judging.judge import Judge
from tfdash.judging.versions import VersionsRunner
from tfdash.model.kubecluster import Node
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import Change, ClusterPicture, Picture, ServerInfo
from tfdash.model.store_state import StoreState
from tfdash.model.subject import ClusterRef, Key
from tfdash.model.verdict import Level
from tfdash.model.versions import VersionMemory, VersionSighting
from tfdash.playbook.clocks import APART
from tfdash.playbook.versions.policy import default_versions_policy

OLD, NEW = "v1.36.4", "v1.37.2"
PATIENCE = 300.0


def picture(
    at: float,
    nodes: Mapping[str, str] | None,
    control: str = NEW,
    *,
    proven: float | None = None,
    cluster: ClusterRef = PRODUCTION,
    memory: tuple[VersionSighting, ...] = (),
    **over: Any,
) -> Picture:
    """``nodes``: kubelet's version by name, None: not read yet; proven current at ``proven``."""
    seen_at = at if proven is None else proven
    objects = {Key("", n): Node(namespace="", name=n, kubelet_version=v) for n, v in (nodes or {}).items()}
    seen: Observation[Any] = Observation(
        **{"value": objects, "complete": nodes is not None, "observed_at": seen_at, **over}
    )
    info = Observation(value=ServerInfo(version=control), observed_at=seen_at, complete=True)
    return Picture(
        at=at,
        number=1,
        clusters={cluster: ClusterPicture(ref=cluster, info=info, kinds={"Node": seen})},
        store_state=StoreState(versions=VersionMemory(sightings=memory)),
    )


ALL = Change(keys={(PRODUCTION, "Node"): None}, freshness=frozenset({(PRODUCTION, "")}), store=None)
NOTHING = Change(keys={}, freshness=frozenset(), store=frozenset())


def runner() -> VersionsRunner:
    return VersionsRunner(default_versions_policy(), PATIENCE, ZoneInfo("UTC"))


def spans(of: VersionsRunner) -> list[tuple[float, float, tuple[str, ...]]]:
    assert of.state is not None
    return [(s.since - NOW, s.until - NOW, s.versions) for s in of.state.seen]


def test_what_goes_on_is_one_sighting_and_a_change_is_another() -> None:
    judge = runner()
    for after, nodes in (
        (0, {"a": OLD}),
        (60, {"a": OLD, "b": OLD}),
        (120, {"b": OLD}),
        (180, {"c": NEW}),
        (240, {"c": NEW}),
    ):
        judge.assess(picture(NOW + after, nodes), ALL, NOW + after)
    assert spans(judge) == [(0, 180, (OLD, NEW)), (180, 240, (NEW,))]


def test_what_an_event_tells_does_not_wait_for_the_next_answer_of_the_server() -> None:
    """An older node that comes and goes between two of them was there, and the soak begins behind it."""
    judge = runner()
    for after, nodes in ((0, {"a": NEW}), (20, {"a": NEW, "b": OLD}), (40, {"a": NEW}), (50, {"a": NEW})):
        at = NOW + after
        seen = picture(at, nodes)
        cluster = seen.clusters[PRODUCTION]
        asked = msgspec.structs.replace(cluster.info, observed_at=NOW)
        seen = msgspec.structs.replace(
            seen, clusters={PRODUCTION: msgspec.structs.replace(cluster, info=asked)}
        )
        judge.assess(seen, ALL, at)
    assert spans(judge) == [(0, 20, (NEW,)), (20, 40, (OLD, NEW)), (40, 40, (NEW,))]
    assert judge.state is not None and judge.state.soak is not None
    assert (judge.state.soak.since, judge.state.soak.first) == (NOW + 40, False)


def test_a_time_without_a_proof_is_a_gap_and_a_short_one_is_none() -> None:
    judge = runner()
    judge.assess(picture(NOW, {"a": NEW}), ALL, NOW)
    judge.assess(picture(NOW + PATIENCE, {"a": NEW}), ALL, NOW + PATIENCE)
    assert spans(judge) == [(0, PATIENCE, (NEW,))]
    later = NOW + 2 * PATIENCE + 1
    judge.assess(picture(later, {"a": NEW}, proven=NOW + PATIENCE), ALL, later)  # the network is away
    assert spans(judge) == [(0, PATIENCE, (NEW,))]
    judge.assess(picture(later, {"a": NEW}), ALL, later)
    assert spans(judge) == [(0, PATIENCE, (NEW,)), (2 * PATIENCE + 1, 2 * PATIENCE + 1, (NEW,))]


def test_what_is_not_read_or_not_wholly_is_not_seen() -> None:
    judge = runner()
    judge.assess(picture(NOW, None), ALL, NOW)
    assert judge.state is None, "nodes are loading"
    judge.assess(picture(NOW, {"a": NEW}, unreadable=1), ALL, NOW)
    assert judge.state is not None and not judge.state.seen
    refused = Problem(kind=ProblemKind.FORBIDDEN, cause="may not list nodes")
    judge.assess(picture(NOW, None, problem=refused, value=None), ALL, NOW)
    assert not judge.state.seen and not any(v.level is Level.OK for v in judge.state.verdicts)


def told_apart(of: Picture, skew: float) -> Picture:
    """By so many seconds the server's clock is ahead of ours."""
    [(ref, cluster)] = of.clusters.items()
    assert cluster.info.value is not None
    server = msgspec.structs.replace(cluster.info.value, skew=skew)
    info = msgspec.structs.replace(cluster.info, value=server)
    return msgspec.structs.replace(of, clusters={ref: msgspec.structs.replace(cluster, info=info)})


def test_by_a_clock_that_no_server_agrees_with_nothing_is_seen() -> None:
    for skew, many in ((APART, 1), (-APART, 1), (APART + 1, 0), (-APART - 1, 0)):
        judge = runner()
        judge.assess(told_apart(picture(NOW, {"a": NEW}), skew), ALL, NOW)
        assert judge.state is not None and len(judge.state.seen) == many, skew


def test_a_kubelet_that_has_not_said_its_version_is_none_of_what_runs() -> None:
    judge = runner()
    judge.assess(picture(NOW, {"a": NEW, "b": ""}), ALL, NOW)
    assert spans(judge) == [(0, 0, (NEW,))]


def test_two_servers_behind_one_address_are_both_there_for_a_while() -> None:
    judge = runner()
    for after, answer in ((0, OLD), (60, NEW), (120, OLD), (180, NEW)):
        judge.assess(picture(NOW + after, {"a": OLD}, answer), ALL, NOW + after)
    assert judge.state is not None and judge.state.running == f"{NEW} and {OLD}, nodes {OLD}"
    assert [v.level for v in judge.state.verdicts if v.rule == "versions.skew"] == [Level.MOVING]
    for after in range(240, 1260, 60):
        judge.assess(picture(NOW + after, {"a": NEW}, NEW), ALL, NOW + after)
    assert judge.state.running == NEW


def test_it_looks_again_for_what_is_news_to_it_and_when_time_is_up() -> None:
    judge = runner()
    first = picture(NOW, {"a": NEW})
    assert judge.assess(first, ALL, NOW)
    assert not judge.assess(first, NOTHING, NOW + 1)
    due = judge.due_at()
    assert due is not None and NOW < due <= NOW + HOUR
    judge.assess(picture(due, {"a": NEW}), NOTHING, due)
    again = judge.due_at()
    assert again is not None and again > due
    told = picture(due, {"a": NEW}, memory=(VersionSighting(STAGING, NOW - DAY, due, (NEW,)),))
    assert judge.assess(told, Change(keys={}, freshness=frozenset(), store=frozenset({"versions"})), due)


def test_nodes_that_report_and_say_the_same_are_no_news_but_for_how_long_it_has_been_so() -> None:
    judge = runner()
    judge.assess(picture(NOW, {"a": NEW}), ALL, NOW)
    assert not any(judge.assess(picture(NOW + after, {"a": NEW}), ALL, NOW + after) for after in range(1, 60))
    assert spans(judge) == [(0, 59, (NEW,))]
    assert judge.assess(picture(NOW + 60, {"a": NEW, "b": OLD}), ALL, NOW + 60)
    due = judge.due_at()
    assert due is not None
    judge.assess(picture(due, {"a": NEW, "b": OLD}), ALL, due)
    assert judge.state is not None and judge.state.soak is not None and judge.state.soak.until == due


def test_each_of_its_facts_alone_is_news_and_nothing_else_is() -> None:
    judge = runner()
    judge.assess(picture(NOW, {"a": NEW}), ALL, NOW)
    other = picture(NOW + 1, {"a": OLD})
    for change, looks in (
        (Change(keys={(PRODUCTION, "Pod"): None}, freshness=frozenset({(PRODUCTION, "Pod")})), False),
        (Change(keys={}, freshness=frozenset(), store=frozenset({"verified"})), False),
        (Change(keys={(PRODUCTION, "Node"): None}, freshness=frozenset()), True),
        (Change(keys={}, freshness=frozenset({(PRODUCTION, "Node")})), True),
        (Change(keys={}, freshness=frozenset({(PRODUCTION, "")})), True),
        (Change(keys={}, freshness=frozenset(), store=frozenset({"versions"})), True),
        (Change(keys={}, freshness=frozenset(), store=None), True),
    ):
        judge = runner()
        judge.assess(picture(NOW, {"a": NEW}), ALL, NOW)
        assert judge.assess(other, change, NOW + 1) is looks, change


def test_a_server_that_never_answered_is_not_known_and_one_without_a_word_is_told() -> None:
    judge = runner()
    first = picture(NOW, {"a": NEW}, control="")
    judge.assess(first, ALL, NOW)
    assert judge.state is not None and not judge.state.seen
    assert [v.sentence for v in judge.state.verdicts if v.level is Level.UNKNOWN] == [
        "the API server of prod-1 does not say its version"
    ]
    judge = runner()
    dead = Problem(kind=ProblemKind.UNREACHABLE, cause="connection refused")
    cluster = msgspec.structs.replace(first.clusters[PRODUCTION], info=Observation(problem=dead))
    judge.assess(msgspec.structs.replace(first, clusters={PRODUCTION: cluster}), ALL, NOW)
    assert judge.state is not None and judge.state.verdicts == (), (
        "the section says that it cannot be reached"
    )


def test_what_the_store_remembers_and_what_was_seen_since_is_one_soak() -> None:
    judge = runner()
    memory = (
        VersionSighting(STAGING, NOW - 9 * DAY, NOW - 6 * DAY, (OLD, NEW)),
        VersionSighting(STAGING, NOW - 6 * DAY, NOW - HOUR, (NEW,)),
    )
    change = Change(keys={(STAGING, "Node"): None}, freshness=frozenset({(STAGING, "")}), store=None)
    for after in (0.0, 300.0):  # when it is looked again though nothing is new
        seen = picture(NOW + after, {"a": NEW}, cluster=STAGING, memory=memory)
        judge.assess(seen, change, NOW + after)
    assert judge.state is not None and judge.state.soak is not None
    soak = judge.state.soak
    assert (soak.since, soak.watched) == (NOW - 6 * DAY, 6 * DAY - HOUR + 300)
    assert [gap.seconds for gap in soak.gaps] == [HOUR]


def test_the_section_is_read_from_the_one_result_and_an_old_picture_is_never_well() -> None:
    judge = Judge(stale_after=PATIENCE)
    first = picture(NOW, {"a": NEW})
    [section] = [s for s in judge.assess(first, ALL, NOW)[0].sections if s.id == "versions"]
    assert (section.level, section.sentence) == (Level.OK, NEW)
    late = NOW + PATIENCE
    told = judge.assess(first, Change(keys={}, freshness=frozenset({(PRODUCTION, "Node")})), late)[0]
    [section] = [s for s in told.sections if s.id == "versions"]
    assert section.level is Level.UNKNOWN
