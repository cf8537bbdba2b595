"""The first lines of the page of resources in each state: are we inside the bands, as the sections say it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.playbook.making import NOW, REF
from tests.unit.playbook.test_section_lines import COMING, NO_RIGHT, WHOLE, cluster, named
from tfdash.model.picture import Picture
from tfdash.model.subject import Subject
from tfdash.model.verdict import Evidence, Level, UnknownKind, Verdict
from tfdash.playbook.resources.section import QUOTAS, SECTION
from tfdash.playbook.section import Findings, summarise
from tfdash.views.found import where
from tfdash.views.resources.head import head_lines
from tfdash.views.sections import next_line

READ = {
    name: WHOLE
    for section in (SECTION, QUOTAS)
    for name in (kind.KIND for kind in (*section.needs, *section.uses))
}
EVERYTHING = Subject(REF, "Usage", "", "Cluster/")


def band(subject: Subject, level: Level, measured: float, sentence: str = "", **more: Any) -> Verdict:
    return Verdict(
        level=level, rule="resources.band.cpu", subject=subject, sentence=sentence,
        measured=measured, limit=100.0, band=(60.0, 80.0), unit="%", **more,
    )  # fmt: skip


INSIDE = band(EVERYTHING, Level.OK, 71.0)
QUOTA = Verdict(
    level=Level.OK, rule="resources.quota", subject=Subject(REF, "ResourceQuota", "shop", "compute"), sentence="",
    measured=47.0, limit=100.0, band=(None, 80.0), unit="%", evidence=Evidence(query="pods"),
)  # fmt: skip
WEB, API = named("web"), named("api")
SEEN = "seen for 1m of 15m"
YOUNG = band(WEB, Level.IDLE, 31.0, unknown=UnknownKind.TOO_LITTLE_HISTORY)
UNWATCHED = Verdict(
    level=Level.IDLE, rule="resources.volume", subject=Subject(REF, "PersistentVolumeClaim", "shop", "data"),
    sentence="", unknown=UnknownKind.NOT_WATCHED,
)  # fmt: skip


@pytest.mark.parametrize(
    ("told", "kinds", "lines"),
    [
        ([], {}, ["· idle|nothing is measured", "✔ ok|no quotas"]),
        ([INSIDE, QUOTA], {}, ["✔ ok|cpu 71 % of 60-80", "✔ ok|highest 47 % (shop pods)"]),
        ([INSIDE, band(WEB, Level.WARN, 91.0, "web: cpu 91 %"), band(API, Level.WARN, 131.0, "api: cpu 131 %")], {}, ["▲ warn|cpu 71 % of 60-80 · api: cpu 131 %", "✔ ok|no quotas"]),
        ([INSIDE, band(WEB, Level.BREACH, 131.0, "web: cpu 131 %")], {}, ["✖ BREACH|cpu 71 % of 60-80 · web: cpu 131 %", "✔ ok|no quotas"]),
        ([band(s, Level.UNKNOWN, 70.0, SEEN, unknown=UnknownKind.NO_DATA) for s in (EVERYTHING, WEB)], {}, [f"? unknown|cpu 70 % of 60-80 · 2 not known, {SEEN}", "✔ ok|no quotas"]),
        ([], {"Usage": COMING, "ResourceQuota": COMING}, ["? loading|", "? loading|"]),
        ([], {"Usage": NO_RIGHT, "ResourceQuota": NO_RIGHT}, ["? unknown|amounts used of eu-1 cannot be read · may not list", "? unknown|ResourceQuotas of eu-1 cannot be read · may not list"]),
        ([INSIDE, YOUNG], {}, ["✔ ok|cpu 71 % of 60-80; below is not judged of 1: too little history", "✔ ok|no quotas"]),
        ([INSIDE, YOUNG, band(API, Level.IDLE, 31.0, unknown=UnknownKind.NOT_WATCHED), UNWATCHED], {},
         ["✔ ok|cpu 71 % of 60-80; below is not judged of 2 (1 not watched, 1 too little history); 1 volume not watched", "✔ ok|no quotas"]),
        ([INSIDE, band(WEB, Level.PAUSED, 91.0, "web: waived by jo", waived=True)], {}, ["‖ paused|cpu 71 % of 60-80 · web: waived by jo", "✔ ok|no quotas"]),
    ],
    ids=["nothing", "inside", "furthest out first", "breach", "not known", "not read", "forbidden", "too young", "not watched", "waived"],
)  # fmt: skip
def test_the_first_line_answers_in_each_state(
    told: list[Verdict], kinds: dict[str, Any], lines: list[str]
) -> None:
    seen = Picture(at=NOW, number=1, clusters={REF: cluster(**(READ | kinds))})
    said = summarise((SECTION, QUOTAS), seen, Findings({v.subject: (v,) for v in told}, {}, {}, {}, None))
    shown = ["".join(c if isinstance(c, str) else c[0] for c in line) for line in head_lines(said)]
    expected = [line.split("|") for line in lines]
    assert [(s[1:11].rstrip(), s[11:].strip()) for s in shown] == [
        (state, f"{title}  {text}".strip())
        for (state, text), title in zip(expected, ("Resources", "Quotas"), strict=True)
    ]


def test_what_has_no_row_here_leads_to_its_list_and_what_is_not_known_to_the_first_of_it() -> None:
    claim = Subject(REF, "PersistentVolumeClaim", "shop", "data-0")
    full = Verdict(level=Level.WARN, rule="resources.volume", subject=claim, sentence="data-0: 85 % used")
    blind = [band(s, Level.UNKNOWN, 70.0, SEEN, unknown=UnknownKind.NO_DATA) for s in (EVERYTHING, WEB)]
    seen = Picture(at=NOW, number=1, clusters={REF: cluster(**READ)})
    by_subject = {v.subject: (v,) for v in (full, *blind)}
    (said,) = summarise((SECTION,), seen, Findings(by_subject, {}, {}, {}, None))
    assert next_line(said, NOW) == "next: :pvc, then w: why · PersistentVolumeClaim shop/data-0 in eu-1"
    of_claim, folded = said.findings
    assert (of_claim.page, folded.page) == ("pvc", "resources")
    assert folded.subject is not None and folded.level is Level.UNKNOWN


@pytest.mark.parametrize(
    ("namespace", "name", "told"),
    [
        ("", "Namespace/shop", "Namespace shop in eu-1"),
        ("", "NodePool/c8", "NodePool c8 in eu-1"),
        ("", "Cluster/", "Cluster in eu-1"),
        ("shop", "Pod/web", "Pod shop/web in eu-1"),
    ],
)
def test_whose_use_it_is_is_said_in_the_words_of_the_cluster(namespace: str, name: str, told: str) -> None:
    assert where(Subject(REF, "Usage", namespace, name)) == told
