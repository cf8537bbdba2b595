"""What is written for people decides nothing: what the program must know has a field of its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.syntax import walk

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
PROSE = frozenset(
    [
        "sentence",
        "text",
        "remedy",
        "title",
        "label",
        "cause",
        "words",
        "word",
        "why",
        "told",
        "said",
        "detail",
        "hint",
        "note",
        "message",
        "effect",
        "refused",
        "problem",
        "headline",
    ]
)
"""Attributes, and local names, that hold words for people."""
READS = frozenset(
    [
        "startswith",
        "endswith",
        "partition",
        "rpartition",
        "split",
        "rsplit",
        "removeprefix",
        "removesuffix",
        "find",
        "index",
    ]
)
SAME = frozenset({"lower", "upper", "casefold", "strip", "rstrip", "lstrip", "partition", "split"})

FOREIGN = [
    # the words of somebody else, who gives nothing but words
    ("tfdash/playbook/releases/flagger_events.py", "'advancement' in e.message"),  # Flagger's events
    ("tfdash/playbook/serving/causes/containers.py", "status.message.rsplit('desc = ', 1)"),  # the runtime's
    # "noun: verb" is the form of a title, read in one place
    ("tfdash/views/plan.py", "title.rpartition(': ')"),
    # what stands beside the words already is not written twice: nothing is decided
    ("tfdash/playbook/canary/journeys.py", "f'step {run.step}' in run.message"),
    ("tfdash/views/canary.py", "safe(judgement.sentence).removeprefix(f'{judgement.outcome.value}: ')"),
    ("tfdash/views/canary.py", "safe(release.message).removeprefix(f'{state.word}: ')"),
]


def _worded(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=str(text)):
            return any(c.isalpha() for c in text) or text in ("\n", ":", ": ")
        case ast.Tuple(elts=parts) | ast.Set(elts=parts) | ast.List(elts=parts):
            return any(_worded(p) for p in parts)
    return isinstance(node, ast.JoinedStr)


def _prose(node: ast.expr) -> bool:
    match node:
        case ast.Attribute(attr=name):
            return name in PROSE
        case ast.Subscript(value=inner) | ast.Call(func=ast.Name(id="safe" | "str"), args=[inner]):
            return _prose(inner)
        case ast.Call(func=ast.Attribute(value=inner, attr=name)):
            return name in SAME and _prose(inner)
    return False


def reads_of_prose(source: str) -> Iterator[str]:
    """Comparisons of words for people with a literal, and their being taken apart by one."""
    for node in walk(ast.parse(source)):
        match node:
            case ast.Compare(left=left, comparators=others):
                sides = [left, *others]
                if any(map(_prose, sides)) and any(map(_worded, sides)):
                    yield ast.unparse(node)
                elif any(isinstance(s, ast.Attribute) and s.attr == "value" for s in sides) and any(
                    isinstance(s, ast.Constant) and isinstance(s.value, str) and " " in s.value for s in sides
                ):
                    yield ast.unparse(node)  # an enumeration is compared by its member
            case ast.Call(func=ast.Attribute(value=held, attr=name), args=[literal, *_]):
                titled = name in READS and isinstance(held, ast.Name) and held.id == "title"
                if (
                    name in READS
                    and (_prose(held) or titled)
                    and (_worded(literal) or ": " in ast.unparse(literal))
                ):
                    yield ast.unparse(node)


@pytest.mark.parametrize(
    "line",
    [
        'sent.result is REFUSED and "gone" in sent.sentence',
        'text.startswith(progress.text.partition("\\n")[0] == "UNRECORDED")',
        'offer.remedy.split("\\n")[0]',
        'problem.kind.value == "internal error"',
        'safe(line.text).lower().startswith(("images", "something"))',
        'a.message == f"{b}: gone"',
    ],
)
def test_a_reader_of_prose_is_found(line: str) -> None:
    assert list(reads_of_prose(line))


@pytest.mark.parametrize(
    "line", ['c.reason == "CrashLoopBackOff"', 'value.startswith("/")', "a.text == b.text", 'a.text == ""']
)
def test_data_and_fields_are_read(line: str) -> None:
    assert not list(reads_of_prose(line))


def test_no_logic_reads_prose() -> None:
    found = []
    for tree in ("tfdash", "screens", "widgets"):
        for path in sorted((ROOT / tree).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if not name.startswith(
                "tfdash/demo/"
            ):  # the simulator speaks others' words, Flagger's and Kubernetes'
                found += [(name, read) for read in reads_of_prose(path.read_text("utf-8"))]
    assert sorted(found) == sorted(FOREIGN)
