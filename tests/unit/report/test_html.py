"""Pages of HTML: nothing that anybody named runs, links or loads; readable by day, by night and by a screen reader; charts as drawn."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from itertools import pairwise, product

import msgspec
import pytest

from tests.reports import snapshot_of
from tests.tui import canaryworld
from tests.tui import resourceworld as rw
from tests.unit.report.pages import Page
from tests.unit.report.test_canary_report import said, world
from tests.unit.report.test_report import NEW_YORK, deployment, whole
from tests.unit.views.making import EU, HOSTILE, NOW, pod
from tfdash.model.assessment import Assessment
from tfdash.model.judgement import ChartPoint, Trigger
from tfdash.model.picture import Picture
from tfdash.model.section import SectionFinding, SectionState
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level, Verdict
from tfdash.report.charts import HIGH, WIDE, chart, gauges
from tfdash.report.screens import shown
from tfdash.report.sealed import sealed
from tfdash.report.shown import ReportAsked
from tfdash.text import safe
from tfdash.views.table import TOKENS

NAMES = (
    "<script>alert(1)</script>",
    "</style><script>alert(1)</script><style>",
    "</title></svg></pre><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)" x="',
    "' autofocus onfocus='alert(1)",
    "javascript:alert(1)",
    "https://evil.example/x.js",
    "<!-- -->]]><!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;",
    "{{ 7 * 7 }}{% raw %}{# #}",
    "&lt;b&gt; &amp;#60;script&amp;#62;",
    "half \ud800 a pair \udfff",
    "\x00\x1b[2J\x7f\x9b31m\r\n\t",
    "\u202egpj.exe\u202c \u2066x\u2069 \u061c",
    "שלום عليكم",
    "x" * 5000,
    "✔ ok ✖ BREACH ? unknown",
    HOSTILE,
)
TAGS = set(
    [
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "a",
        "header",
        "main",
        "footer",
        "nav",
        "section",
        "div",
        "span",
        "b",
        "p",
        "br",
        "ul",
        "li",
        "h1",
        "h2",
        "h3",
        "time",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "pre",
        "figure",
        "figcaption",
        "svg",
        "g",
        "path",
        "line",
        "circle",
        "rect",
        "text",
    ]
)
ATTRIBUTES = set(
    [
        "http-equiv",
        "content",
        "charset",
        "name",
        "lang",
        "class",
        "id",
        "href",
        "aria-label",
        "aria-labelledby",
        "role",
        "tabindex",
        "scope",
        "datetime",
        "viewbox",
        "d",
        "x",
        "y",
        "dy",
        "x1",
        "x2",
        "y1",
        "y2",
        "cx",
        "cy",
        "r",
        "rx",
        "width",
        "height",
        "text-anchor",
    ]
)
CLASSES = set(TOKENS) | set(
    [
        "skip",
        "over",
        "top",
        "place",
        "pill",
        "counts",
        "page",
        "head",
        "card",
        "notice",
        "wide",
        "many",
        "right",
        "bars",
        "long",
        "words",
        "said",
        "state",
        "under",
        "figures",
        "ink",
        "grid",
        "axis",
        "room",
        "track",
        "band",
        "stem",
        "dot",
        "value",
        "line",
        "canary",
        "baseline",
        "limit",
        "series-canary",
        "series-baseline",
        "series-limit",
        "sources",
    ]
)


def hostile(name: str) -> list[tuple[str, Picture, Assessment]]:
    """Pages in which all that others may write is ``name``."""
    who = Subject(EU, "Deployment", name, name)
    verdict = Verdict(level=Level.WARN, rule=name, subject=who, sentence=name, unit=name)
    section = SectionState(
        id="s",
        title="S",
        level=Level.WARN,
        sentence=name,
        detail=name,
        findings=(SectionFinding(level=Level.WARN, sentence=name, subject=who),),
    )
    told = Assessment(at=NOW, number=1, verdicts={who: (verdict,)}, workloads={}, sections=(section,))
    picture = whole(
        Deployment=[deployment(name, name)],
        Pod=[pod(name, name, uid=name, phase=name, statuses=())],
    )
    where = canaryworld.CHECKOUT._replace(namespace=name, name=name)
    trigger = msgspec.structs.replace(
        canaryworld.ERRORS_BREACH, title=name, sentence=name, query=name, flags=(name,), baseline_label=name
    )
    release = canaryworld.release(where, message=name, skips=(name,))
    judged = canaryworld.judged(
        canaryworld.BREACH.outcome, canaryworld.BREACH.advice, name, trigger, subject=where
    )
    used = {
        subject: tuple(msgspec.structs.replace(v, sentence=name) for v in many)
        for subject, many in rw.assessment().verdicts.items()
    }
    return [
        ("overview", picture, told),
        ("deployments", picture, told),
        ("pods", picture, told),
        ("canary", world(), said((release, judged))),
        ("resources", rw.picture(), msgspec.structs.replace(rw.assessment(), verdicts=used)),
    ]


def written(screen: str, picture: Picture, told: Assessment, namespace: str | None = None) -> str:
    return snapshot_of(picture, told, screen, namespace, "html", NOW, NEW_YORK)[0]


def ordinary() -> dict[str, Page]:
    release = canaryworld.release()
    pages = {
        "canary": written("canary", world(), said((release, canaryworld.BREACH))),
        "resources": written("resources", rw.picture(), rw.assessment()),
        "overview": written("overview", rw.picture(), rw.assessment()),
    }
    return {name: Page(text) for name, text in pages.items()}


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_name_is_text_and_nothing_else(name: str) -> None:
    for screen, picture, told in hostile(name):
        text = written(screen, picture, told)
        text.encode()  # no half of a pair is left
        page = Page(text)
        assert page.wrong == [], screen
        assert {e.tag for e in page.elements} <= TAGS, screen
        assert {a for e in page.elements for a in e.attributes} <= ATTRIBUTES, screen
        assert {c for e in page.elements for c in e.attributes.get("class", "").split()} <= CLASSES, screen
        assert all(e.attributes["href"].startswith("#") for e in page.elements if "href" in e.attributes)
        heads = [e.tag for e in page.elements if e.within == ("html", "head")]
        assert heads == ["meta", "meta", "meta", "meta", "meta", "meta", "title", "style"], screen
        words = " ".join(e.text for e in page.all("body"))
        assert safe(name).strip()[:20] in words, screen
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text), screen


def test_the_policy_stands_first_and_lets_its_own_styles_in_alone() -> None:
    for name, page in ordinary().items():
        head = [e for e in page.elements if "head" in e.within]
        assert head[0].attributes == {"charset": "utf-8"}, name
        policy = head[1].attributes
        assert policy["http-equiv"] == "Content-Security-Policy"
        style = b64encode(sha256(page.all("style")[0].text.encode()).digest()).decode()
        assert policy["content"] == (
            f"default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'"
        )
        css = page.all("style")[0].text
        assert "url(" not in css
        assert "@import" not in css


def test_a_page_without_a_head_is_refused() -> None:
    with pytest.raises(ValueError, match="security policy"):
        sealed("<body>no head</body>")


def test_one_page_in_one_order_of_headings_with_heads_for_all_tables() -> None:
    for name, page in ordinary().items():
        ranks = [int(e.tag[1]) for e in page.all("h1", "h2", "h3")]
        assert ranks[0] == 1, name
        assert ranks.count(1) == 1
        for table in page.all("table"):
            assert table.text, name
        assert len(page.all("caption")) == len(page.all("table")), name
        assert {e.attributes.get("scope") for e in page.all("th")} <= {"col", "row"}, name
        ids = [e.attributes["id"] for e in page.elements if "id" in e.attributes]
        assert len(ids) == len(set(ids)), name
        assert {e.attributes.get("aria-labelledby", ids[0]) for e in page.elements} <= set(ids), name
        assert all(e.attributes.get("aria-label") for e in page.all("svg")), name


def _light(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_colour_of_text_is_read_on_every_ground() -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1, by day and by night."""
    css = ordinary()["overview"].all("style")[0].text
    day, night = (dict(re.findall(r"--(\w+): (#\w{6});", block)) for block in css.split("@media", 2)[:2])
    assert day.keys() >= night.keys() >= {"page", "card", "ink", "okbg"}
    for colours in (day, day | night):
        grounds = ["page", "card", *(["okbg"] if colours is day else [])]
        pairs = [
            *product(("ink", "dim", "ok", "warn", "breach", "unknown", "moving", "paused", "idle"), grounds)
        ]
        pairs += [(name, f"{name}bg") for name in ("ok", "warn", "breach", "unknown")]
        pairs += [("ink", "unknownbg"), ("accent", "card")]
        for text, ground in pairs:
            high, low = sorted((_light(colours[text]), _light(colours[ground])), reverse=True)
            assert (high + 0.05) / (low + 0.05) >= 4.5, (text, ground)


def test_a_trigger_is_drawn_with_its_limit_and_both_sides() -> None:
    page = ordinary()["canary"]
    drawings = page.all("svg")
    assert len(drawings) == 2  # journeys have no course over time
    assert "limit" in drawings[0].attributes["aria-label"]
    lines = [e.attributes["class"] for e in page.all("path")]
    assert [line for line in lines if line.startswith("line")] == [
        "line baseline",
        "line limit",
        "line canary",
    ] * 2
    assert lines.count("room") == 2


def points(*values: tuple[float, float | None]) -> Trigger:
    made = tuple(ChartPoint(NOW + 60 * at, v, None, 0.02) for at, v in values)
    return msgspec.structs.replace(canaryworld.ERRORS_BREACH, chart=made)


def test_what_is_not_known_is_not_joined() -> None:
    trigger = points((0, 0.1), (1, 0.1), (2, None), (3, 0.1), (4, 0.1), (9, 0.1), (10, 0.1))
    lines = {line["name"]: line for line in chart(trigger, NEW_YORK)["lines"]}
    assert lines["canary"]["path"].count("M") == 3
    assert "baseline" not in lines


@pytest.mark.parametrize(
    "value", [0.0, 1e-12, 1e29, -5.0, float("inf"), float("nan"), float("-inf"), 1e300], ids=str
)
def test_any_number_is_drawn_within_its_box(value: float) -> None:
    told = chart(points((0, 0.1), (1, value), (2, 0.1)), NEW_YORK)
    for line in told["lines"]:
        numbers = [float(n) for n in re.findall(r"-?[\d.]+", line["path"])]
        assert all(0 <= n <= WIDE for n in numbers[::2])
        assert all(-1 <= n <= HIGH + 1 for n in numbers[1::2]), line["path"]
        assert "nan" not in line["text"]
        assert len(line["text"]) < 24


def test_nothing_to_draw_is_said() -> None:
    for trigger in (points((0, None), (1, None)), points((0, 0.1))):
        assert "lines" not in chart(trigger, NEW_YORK)
        assert chart(trigger, NEW_YORK)["empty"]


def test_names_at_the_ends_of_lines_do_not_lie_on_each_other() -> None:
    made = tuple(ChartPoint(NOW + 60 * i, 0.02, 0.02, 0.02) for i in range(5))
    told = chart(msgspec.structs.replace(canaryworld.ERRORS_BREACH, chart=made), NEW_YORK)
    places = sorted(float(line["label"]) for line in told["lines"])
    assert all(b - a >= 16 for a, b in pairwise(places))


def test_gauges_are_those_of_the_tables_and_the_rest_is_counted() -> None:
    page = ordinary()["resources"]
    drawn = [e.text for e in page.all("figure")]
    assert [text.split(":")[0].strip() for text in drawn] == ["CPU", "Memory"]
    assert gauges("cpu", []) is None
    tables = " ".join(t.text for t in page.all("table"))
    names = [e.text for e in page.all("text") if e.attributes.get("class") == "ink"]
    assert len(names) > 4
    assert all(name.removeprefix("pool ").removeprefix("cluster ") in tables for name in names)


def test_several_pages_are_one_file_that_says_the_worst() -> None:
    from tfdash.report.formats import FORMATS

    asked = [
        ReportAsked(rw.picture(), rw.assessment(), screen, NOW, NEW_YORK)
        for screen in ("overview", "resources", "canary")
    ]
    text = FORMATS["html"].write([shown(one) for one in asked])
    assert isinstance(text, str)
    page = Page(text)
    assert page.wrong == []
    links = [e.attributes["href"][1:] for e in page.all("a")]
    ids = {e.attributes["id"] for e in page.elements if "id" in e.attributes}
    assert len(links) == 4  # three pages, and the one past the head
    assert set(links) <= ids
    assert [e.text for e in page.all("h2")] == ["Overview", "Resources", "Canary"]
    assert next(e.text for e in page.elements if "pill" in e.attributes.get("class", "")) == "✖ BREACH"
