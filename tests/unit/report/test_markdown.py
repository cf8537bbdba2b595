"""Markdown that nothing breaks out of, by a renderer of another's: each text stands there as it was, and nothing of it was read."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.unit.views.making import HOSTILE
from tfdash.report.formats.md import _table, fenced, inline
from tfdash.text import safe

RENDERER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
OURS = frozenset(
    ["p", "table", "thead", "tbody", "tr", "th", "td", "code", "h1", "h2", "ul", "li", "br", "pre", "strong"]
)
SHARP = [
    *"|`*_~<>&@#!$%^[](){}\\:=+-.1aé/\"' ",
    "http://x.y",
    "www.x.y",
    "@all",
    "#12",
    "!3",
    ":tada:",
    "1. ",
    "- ",
    "a@b.c",
    "deadbeef",
    "/close ",
    "/",
]
SHARP += [
    "<script>",
    "</td>",
    "&lt;",
    "&#64;all",
    "\\|",
    "``",
    "GH-1",
    "$\\{x}$",
    "~~x~~",
    "**x**",
    "{-a-}",
    "[x](y)",
    "<!--",
]
TEXTS = st.lists(st.sampled_from(SHARP), max_size=9).map("".join) | st.text(max_size=30)
# a quick action of GitLab: it looks for them in what is written, before it is rendered, and passes code by
COMMAND = re.compile(r"^/\w", re.MULTILINE)
# what GitHub and GitLab look for in a text that is no code, once it is rendered
READ = re.compile(
    r"@\w|(?<!\w)[#!$%&~^]\w|//|www\.|:\w+:|\b[0-9a-f]{7,}\b|\b[A-Z]{2,}-\d|\{[-+]|[*~_`|\\\[\]{}]", re.ASCII
)


class Rendered(HTMLParser):
    """The tags, the whole text, and the text that is no code."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = self.read = ""
        self._code = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._code += tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag == "code"
        self.text += " " * (tag in ("td", "th", "p", "li"))

    def handle_data(self, data: str) -> None:
        self.text += data
        self.read += "\0" if self._code else data


def plain(text: str) -> list[str]:
    """A bar behind a backslash is set apart: a table knows no other way."""
    return re.sub(r"(?<=\\)(?=\|)", " ", text).split()


@pytest.mark.parametrize("place", ["{}", "# {}", "- {}", "- x\n  <br>{}"])
@given(text=TEXTS.map(safe))
@example(text="@org/team see #12")
@example(text=safe(HOSTILE))
@example(text="Setext\\")
@example(text="/close it")
def test_in_a_paragraph_heading_and_list(place: str, text: str) -> None:
    written = place.format(inline(text))
    html = Rendered(RENDERER.render(written))
    assert not COMMAND.search(written)
    assert set(html.tags) <= OURS, html.tags
    told = html.text.split()
    assert (told[1:] if "<br>" in place else told) == text.split()
    assert not READ.search(html.read), html.read


@given(cells=st.lists(st.tuples(TEXTS.map(safe), TEXTS.map(safe)), min_size=1, max_size=3))
@example(cells=[("a|b", "x\\|y"), ("`|`", "\\")])
def test_in_a_table(cells: list[tuple[str, str]]) -> None:
    html = Rendered(RENDERER.render("\n".join(_table(("A", "B"), (0, 1), cells))))
    assert set(html.tags) <= OURS
    assert html.tags.count("td") == 2 * len(cells)
    assert html.text.split() == ["A", "B", *(word for row in cells for cell in row for word in plain(cell))]
    assert not READ.search(html.read), html.read


@given(lines=st.lists(TEXTS.map(safe), min_size=1, max_size=4))
def test_lines_are_fenced(lines: list[str]) -> None:
    written = "\n".join(fenced(lines))
    html = Rendered(RENDERER.render(written))
    same = "\n".join(f" {line}" if line.startswith("/") else line for line in lines)
    assert html.tags == ["pre", "code"] and html.text.rstrip("\n") == same.rstrip("\n")
    assert not COMMAND.search(written)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "none at /home/ann/.kube/config; set KUBECONFIG",
            "none at `/home/ann/.kube/config`; set KUBECONFIG",
        ),
        ("@ann, @bob;", "`@ann`, `@bob`;"),
        ("a_b c_d; e", "`a_b c_d`; e"),
    ],
)
def test_what_divides_a_sentence_stands_behind_the_code(text: str, told: str) -> None:
    assert inline(text) == told
