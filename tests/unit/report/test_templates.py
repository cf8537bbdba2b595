"""Templates: the company's own before those that ship, faults with file and line, and what no template can do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tfdash.report.templates import TemplateFault, Templates

HOSTILE = "<script>alert(1)</script>\x1b[31m\n| a **b** [x](javascript:1) @all #1"


def render(folder: Path, text: str, name: str = "own.txt", **document: Any) -> str:
    (folder / name).write_text(text)
    return Templates(str(folder)).render_here(name, document)


def fault(folder: Path, text: str, **document: Any) -> str:
    with pytest.raises(TemplateFault) as told:
        render(folder, text, **document)
    return str(told.value).replace(str(folder), "DIR")


def test_what_is_printed_is_written_for_the_format(tmp_path: Path) -> None:
    """Whatever way a template takes: a macro, a block without autoescape, a constant, a filter."""
    ways = (
        "{{ who }}",
        "{% autoescape false %}{{ who }}{% endautoescape %}",
        "{% macro m(x) %}{{ x }}{% endmacro %}{{ m(who) }}",
        "{{ who | upper | lower }}",
        "{{ [who] | join(',') }}",
        "{% set n = who %}{{ n }}",
        "{{ who | e }}",
        "{{ who | escape }}",
        "{% macro m() %}{% endmacro %}{{ m() ~ who }}",
        "{% macro m() %}{% endmacro %}{{ m() + who }}",
        "{% macro m() %}{0}{% endmacro %}{{ m().format(who) }}",
        "{% macro m() %}%s{% endmacro %}{{ m() | format(who) }}",
        "{% macro m() %}x{% endmacro %}{{ m() | replace('x', who) }}",
        "{% macro m() %}{% endmacro %}{{ [m(), who] | join }}",
        "{% macro m() %}{% endmacro %}{{ m().join([who]) }}",
        "{% macro m(x) %}{{ caller() }}{{ x }}{% endmacro %}{% call m(who) %}{% endcall %}",
        "{% set n %}{{ who }}{% endset %}{{ n }}",
        "{% call '{0}'.format(who) %}{% endcall %}",
        "{% autoescape true %}{{ who }}{% endautoescape %}",
        "{% block b %}{{ who }}{% endblock %}",
        "{{ {'a': who}.a }}",
    )
    for way in ways:
        html = render(tmp_path, way, "own.html", who=HOSTILE)
        assert "<script" not in html and "\x1b" not in html and "&lt;script&gt;" in html, way
        md = render(tmp_path, way, "own.md", who=HOSTILE)
        assert "\n" not in md and "`<script>alert(1)</script>␛[31m␊" in md, way
        assert "`**b** [x](javascript:1) @all #1`" in md, way
        text = render(tmp_path, way, who=HOSTILE)
        assert text == "<script>alert(1)</script>␛[31m␊| a **b** [x](javascript:1) @all #1", way


@pytest.mark.parametrize("trusting", ["safe", "urlize", "xmlattr", "forceescape", "tojson"])
def test_no_filter_lets_text_through_as_it_is(trusting: str, tmp_path: Path) -> None:
    assert fault(tmp_path, "a\n{{ who | " + trusting + " }}", who="x") == (
        f"DIR/own.txt:2: No filter named {trusting!r}."
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a\n{% if %}", "DIR/own.txt:2: Expected an expression, got 'end of statement block'"),
        ("a\nb\n{{ nme }}", "DIR/own.txt:3: 'nme' is undefined"),
        ("{{ who.first }}", "DIR/own.txt:1: 'str object' has no attribute 'first'"),
        (
            "a\n\n{{ 1 / 0 }}",
            "DIR/own.txt:3: what stands there goes wrong (ZeroDivisionError); the log has the details",
        ),
        (
            "a\n{% macro m() %}\n{{ who() }}\n{% endmacro %}{{ m() }}",
            "DIR/own.txt:3: what stands there goes wrong (TypeError)",
        ),
        ("{{ who | dictsort }}", "DIR/own.txt:1: what stands there goes wrong (AttributeError)"),
        ("{% include 'own.txt' %}", "DIR/own.txt: it goes round in a circle of its own"),
        (
            "a\n{% filter trim %}{{ who }}{% endfilter %}",
            "DIR/own.txt:2: {% filter %} prints what it makes of a",
        ),
        ("{% for a in range(99) %}{% for b in range(99) %}{{ big }}{% endfor %}{% endfor %}", "DIR/own.txt:"),
    ],
)
def test_a_broken_one_is_one_sentence_with_file_and_line(text: str, told: str, tmp_path: Path) -> None:
    found = fault(tmp_path, text, who="x", big="x" * 10_000)
    assert found.startswith(told) and "\n" not in found


def test_a_template_reads_no_file_and_reaches_no_object(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    (tmp_path / "secret.txt").write_text("the secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    for way in (
        "{% include '../secret.txt' %}",
        "{% include '" + str(tmp_path / "secret.txt") + "' %}",
        "{% include 'link.txt' %}",
        "{% include 'sub\\\\secret.txt' %}",
        "{{ who.__class__.__mro__ }}",
        "{{ self.__init__.__globals__ }}",
        "{{ cycler.__init__.__globals__.os }}",
        "{{ lipsum.__globals__['os'].popen('id').read() }}",
        "{{ '{0.__class__}'.format(who) }}",
        "{{ rows.append(1) }}",
        "{% import 'os' as os %}",
    ):
        assert "the secret" not in fault(folder, "a\n" + way, who="x", rows=[]), way
    assert fault(folder, "{% include 'link.txt' %}").endswith(
        "it is a link that leads out of the folder of templates"
    )


LOOP = "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"a\n{LOOP}" + "{% endfor %}" * 3, "DIR/own.txt:2: it computes for longer than 1 s"),
        ("a\n{{ 10 ** (10 ** 9) }}", "DIR/own.txt:2: it computes for longer than 1 s"),
        ("a\n{{ ('x' * 9999999999) | length }}", "DIR/own.txt:2: it takes more memory than a template may"),
        ("a\n{{ nme }}", "DIR/own.txt:2: 'nme' is undefined"),
    ],
)
def test_one_that_would_not_end_is_ended_and_told_with_its_line(text: str, told: str, tmp_path: Path) -> None:
    """Also one without a loop; and before that it is looked at without computing anything."""
    (tmp_path / "own.txt").write_text(text)
    made = Templates(str(tmp_path), seconds=1)
    assert made.chosen("own.txt") == "own.txt"
    with pytest.raises(TemplateFault) as fault:
        made.render("own.txt", {"who": "x"})
    assert str(fault.value).replace(str(tmp_path), "DIR").startswith(told)


def test_the_companys_own_is_rendered_apart_and_says_the_same(tmp_path: Path) -> None:
    text = "{% for who in rows %}{{ who }} é {{ n }}|{% endfor %}"
    document = {"rows": [HOSTILE, "half \ud800"], "n": 1.5}
    here = render(tmp_path, text, **document)
    assert Templates(str(tmp_path)).render("own.txt", document) == here


def test_a_folder_that_is_mounted_by_links_within_it_is_read(tmp_path: Path) -> None:
    """As the volume of a ConfigMap is."""
    (tmp_path / "..data").mkdir()
    (tmp_path / "..data" / "own.txt").write_text("told of {{ who }}")
    (tmp_path / "own.txt").symlink_to("..data/own.txt")
    assert Templates(str(tmp_path)).render("own.txt", {"who": "ann"}) == "told of ann"


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(TemplateFault, match=r"none: there is no such folder$"):
        Templates(str(tmp_path / "none")).render("own.txt", {})
    (tmp_path / "own.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(TemplateFault, match=r"own.txt: it is no UTF-8$"):
        Templates(str(tmp_path)).render("own.txt", {})


def test_nothing_but_plain_data_is_handed_in(tmp_path: Path) -> None:
    with pytest.raises(TemplateFault, match="a template gets no PosixPath"):
        Templates().render("own.txt", {"path": tmp_path})
