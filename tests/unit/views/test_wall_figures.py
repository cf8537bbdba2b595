"""The large digits of a wall: what is not known is no number, and what is old is not counted as well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tfdash.model.assessment import Assessment
from tfdash.model.observation import Observation
from tfdash.model.picture import ClusterPicture, Picture
from tfdash.model.release import Carrier, Phase, ReleaseState
from tfdash.model.resource_rules import CPU_BAND, MEMORY_BAND
from tfdash.model.section import SectionState
from tfdash.model.subject import ClusterRef, Key, Subject
from tfdash.model.usage import Usage, usage_key
from tfdash.model.verdict import Level, Verdict
from tfdash.model.workload import Release, Serving, WorkloadState
from tfdash.views.wall import figures
from tfdash.views.wall.content import WallEnvironment, content
from tfdash.views.wall.figures import Figure, WallSight
from tfdash.views.wall.pages import WALL_PAGES, WallPage
from tfdash.views.wall.turns import WallPlace

REF = ClusterRef("production", "eu-1")
WEB = Subject(REF, "Deployment", "shop", "web")


def sight(sections: tuple[SectionState, ...] = (), **over: Any) -> WallSight:
    given: dict[str, Any] = {"at": 0.0, "number": 1, "verdicts": {}, "workloads": {}}
    return WallSight(Picture(number=1, at=0.0, clusters={}), Assessment(**(given | over)), 0.0, sections)


def workload(name: str, serving: Serving, **over: Any) -> WorkloadState:
    return WorkloadState(
        subject=WEB._replace(name=name),
        serving=serving,
        release=Release.COMPLETE,
        message="",
        **over,
    )


def texts(figures: list[Figure]) -> dict[str, tuple[str, Level]]:
    return {figure.label: (figure.text, figure.level) for figure in figures}


def test_what_is_no_longer_proven_is_not_counted_as_serving() -> None:
    fresh, stale = workload("web", Serving.OK), workload("old", Serving.OK, as_of=5.0)
    idle, down = workload("off", Serving.IDLE), workload("down", Serving.DOWN)
    found = texts(figures.serving(sight(workloads={w.subject: w for w in (fresh, stale, idle)})))
    assert found["serve"][0] == "1/2"
    assert found["serve"][1] >= Level.UNKNOWN
    found = texts(figures.serving(sight(workloads={w.subject: w for w in (fresh, stale, idle, down)})))
    assert found["serve"] == ("1/3", Level.BREACH) and found["down"] == ("1", Level.BREACH)


def test_rollouts_are_counted_beside_the_other_workloads_as_the_section_counts_them() -> None:
    web = workload("web", Serving.OK)

    def rollout(name: str, serving: Serving | None, phase: Phase, **over: Any) -> ReleaseState:
        subject = Subject(REF, "Rollout", "shop", name)
        return ReleaseState(
            subject=subject, carrier=Carrier.ROLLOUT, phase=phase, message="", serving=serving, **over
        )

    of_web = ReleaseState(subject=web.subject, carrier=Carrier.DEPLOYMENT, phase=Phase.PAUSED, message="")
    well = rollout("checkout", Serving.OK, Phase.PAUSED)

    def look(*releases: ReleaseState) -> dict[str, tuple[str, Level]]:
        given = sight(workloads={web.subject: web}, releases={r.subject: r for r in (of_web, *releases)})
        return texts(figures.serving(given))

    found = look(well)
    assert (found["serve"], found["moving"][0]) == (("2/2", Level.OK), "1")
    found = look(well, rollout("cart", Serving.DOWN, Phase.COMPLETE))
    assert (found["serve"], found["down"]) == (("2/3", Level.BREACH), ("1", Level.BREACH))
    found = look(well, rollout("old", Serving.OK, Phase.COMPLETE, as_of=5.0))
    assert found["serve"] == ("2/3", Level.UNKNOWN)
    assert look(well, rollout("odd", None, Phase.UNKNOWN))["serve"] == ("2/3", Level.UNKNOWN)
    assert look(well, rollout("off", Serving.IDLE, Phase.COMPLETE))["serve"][0] == "2/2"


def cluster_use(rule: str, level: Level, measured: float | None, cluster: str = "eu-1") -> Verdict:
    key = usage_key("Cluster", "", "")
    at = Subject(ClusterRef("production", cluster), Usage.KIND, key.namespace, key.name)
    return Verdict(level=level, rule=rule, subject=at, sentence="", measured=measured)


def told(*verdicts: Verdict) -> dict[Subject, tuple[Verdict, ...]]:
    subjects = dict.fromkeys(v.subject for v in verdicts)
    return {s: tuple(v for v in verdicts if v.subject == s) for s in subjects}


def test_a_band_that_is_not_known_is_no_number_and_neither_is_one_that_nothing_measures() -> None:
    known, unknown = cluster_use(CPU_BAND, Level.OK, 71.4), cluster_use(MEMORY_BAND, Level.UNKNOWN, None)
    found = texts(figures.bands(sight(verdicts=told(known, unknown))))
    assert found["cpu"] == ("71%", Level.OK)
    assert found["memory"] == ("?", Level.UNKNOWN)
    found = texts(figures.bands(sight(verdicts=told(unknown))))
    assert found["cpu"] == ("-", Level.IDLE)
    other = cluster_use(CPU_BAND, Level.UNKNOWN, None, "eu-2")
    assert texts(figures.bands(sight(verdicts=told(known, other))))["cpu"] == ("?", Level.UNKNOWN)


@pytest.mark.parametrize(
    "page", [figures.serving, figures.releases, figures.nodes, figures.counts, figures.certificates]
)
def test_none_that_is_not_known_is_a_question_and_no_zero(page: Callable[[WallSight], list[Figure]]) -> None:
    unknown = SectionState(id="x", title="X", level=Level.UNKNOWN, sentence="cannot be read")
    found = page(sight((unknown,)))
    assert (found[0].text, found[0].level) == ("?", Level.UNKNOWN)
    fine = msgspec.structs.replace(unknown, level=Level.OK)
    if page is not figures.nodes:  # there is no cluster without one
        assert page(sight((fine,)))[0].text in ("0", "0/0")


@pytest.mark.parametrize("page", WALL_PAGES)
@pytest.mark.parametrize("level", [Level.UNKNOWN, Level.WARN, Level.BREACH])
def test_no_number_is_green_where_a_section_of_its_page_asks_for_somebody(
    page: WallPage, level: Level
) -> None:
    known = cluster_use(CPU_BAND, Level.OK, 71.4)
    web = workload("web", Serving.OK)
    sections = tuple(
        SectionState(id=id, title="X", level=level, sentence="") for id in page.sections or ("serving",)
    )
    given = sight(sections, verdicts=told(known), workloads={web.subject: web})
    nodes = msgspec.structs.replace(given.picture, clusters={REF: cluster_of_nodes()})
    given = given._replace(picture=nodes)
    found = figures.calmed(page.figures(given), sections)
    assert found and Level.OK not in {figure.level for figure in found}
    fine = tuple(msgspec.structs.replace(s, level=Level.OK) for s in sections)
    given = given._replace(sections=fine)
    assert figures.calmed(page.figures(given), fine) == page.figures(given)


def test_how_many_nodes_there_are_and_how_many_serve_stand_in_the_colour_of_the_worst_of_their_section() -> (
    None
):
    web = workload("web", Serving.OK)
    for level in (Level.OK, Level.WARN, Level.BREACH, Level.UNKNOWN):
        sections = tuple(
            SectionState(id=id, title="X", level=level, sentence="") for id in ("serving", "nodes")
        )
        given = sight(sections, workloads={web.subject: web})
        given = given._replace(
            picture=msgspec.structs.replace(given.picture, clusters={REF: cluster_of_nodes()})
        )
        assert texts(figures.serving(given))["serve"] == ("1/1", level)
        assert texts(figures.nodes(given))["nodes"] == ("2", level)


def test_a_page_of_the_wall_shows_no_green_number_beside_what_asks_for_somebody() -> None:
    for level in (Level.OK, Level.WARN):
        section = SectionState(id="resources", title="X", level=level, sentence="")
        given = sight((section,), verdicts=told(cluster_use(CPU_BAND, Level.OK, 71.4)))
        assessment = msgspec.structs.replace(given.assessment, sections=(section,))
        one = WallEnvironment("PRODUCTION", "production", given.picture, assessment)
        page = content([one], WallPlace(0, "resources"), 0.0, ZoneInfo("UTC"))
        assert page.figures[0] == Figure("71%", "cpu", Level.OK if level is Level.OK else Level.IDLE)


def cluster_of_nodes() -> ClusterPicture:
    kinds = {"Node": Observation(value={Key("", f"node-{n}"): object() for n in range(2)})}
    return ClusterPicture(ref=REF, info=Observation(), kinds=kinds)  # type: ignore[arg-type]
