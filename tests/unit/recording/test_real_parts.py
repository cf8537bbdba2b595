"""Recordings of real parts, judged by today's playbook: what changes, in which order and in which words; and that they open at all."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from difflib import unified_diff
from typing import Any

import pytest
from msgspec import Struct

from tests.real_parts import FOLDER, NAMES, file_of, judge, lived, opened
from tfdash.board.fold import Fold
from tfdash.model.assessment import Assessment
from tfdash.model.picture import Change
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level
from tfdash.recording.changes import RELEASE
from tfdash.recording.frames import frames, open_recording, payload
from tfdash.replay.judging import OwnTime

_UPDATE = bool(os.environ.get("TFDASH_UPDATE_GOLDEN"))
_MOST = 150_000  # bytes of one: they stay in the repository's history for good


def golden(name: str) -> str:
    """Readable: time from the beginning, whom, which rule, from which level to which, and the sentence then."""
    found = lived(name)
    header = found.recording.header
    parts = ", ".join(f"{part} {version}" for part, version in header.parts.items())
    lines = [
        f"{name}: {found.recording.end - found.recording.start:.0f} s of {parts}; by tfdash {header.program}",
        "",
    ]
    for one in found.told:
        who = (
            one.whom if isinstance(one.whom, str) else f"{one.whom.kind} {one.whom.namespace}/{one.whom.name}"
        )
        before, after = ("nothing" if level is None else level.name for level in (one.before, one.after))
        lines.append(f"+{one.at - found.recording.start:6.1f}  {who}  {one.rule}  {before} -> {after}")
        lines += [f"         {one.sentence}"] if one.sentence else []
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("name", NAMES)
def test_todays_playbook_says_these_changes_in_this_order(name: str) -> None:
    path, said = FOLDER / f"{name}.txt", golden(name)
    if _UPDATE:
        path.write_text(said, encoding="utf-8")
    kept = path.read_text(encoding="utf-8")
    differs = unified_diff(kept.splitlines(), said.splitlines(), path.name, "said", lineterm="", n=1)
    assert said == kept, "\n".join(differs)


_IN_UTC = re.compile(
    r"(?<![T(\d])\d\d:\d\d(:\d\d)?Z"
)  # in brackets it stands beside the platform's; RFC 3339 is no sentence


def _texts(of: Any) -> Iterator[str]:
    if isinstance(of, str):
        yield of
    elif isinstance(of, Mapping):
        for key, value in of.items():
            yield from _texts(key)
            yield from _texts(value)
    elif isinstance(of, Iterable):
        for one in of:
            yield from _texts(one)
    elif isinstance(of, Struct):
        for name in of.__struct_fields__:
            yield from _texts(getattr(of, name))
    elif is_dataclass(of):
        for field in fields(of):
            yield from _texts(getattr(of, field.name))


@pytest.mark.parametrize("name", NAMES)
def test_no_sentence_tells_a_time_in_another_zone_than_the_platforms(name: str) -> None:
    """Of all that is said, whatever it is said of; times that are read by the program are numbers."""
    told = {text for step in lived(name).steps for text in _texts(step.said) if _IN_UTC.search(text)}
    assert not told, sorted(told)[:5]


def _words(said: Assessment, passed_over: set[Subject]) -> dict[str, object]:
    """All that is said, but what is measured of it and when: a share of a life that goes by is another at each look. ``passed_over``:
    releases of which nothing new came: what time alone makes of these is told up to a quarter minute later."""
    return {
        "verdicts": {
            subject: [(v.rule, v.level, v.sentence, v.unknown, v.since) for v in of]
            for subject, of in said.verdicts.items()
            if of
        },
        "sections": [s for s in said.sections if s.id != "releases" or not passed_over],
        "releases": said.releases,
        "canaries": {
            subject: (one.outcome, one.sentence)
            for subject, one in said.canaries.items()
            if subject not in passed_over
        },
        "breaches": said.breaches,
        "workloads": said.workloads,
    }


@pytest.mark.parametrize("name", NAMES)
def test_at_each_step_what_is_judged_anew_is_what_was_judged_step_by_step(name: str) -> None:
    found = lived(name)
    recording, own = opened(name), OwnTime(found.recording.start)
    for step in found.steps:
        fold = Fold(recording.picture_at(step.at))
        fold.show(fold.picture)
        fresh = judge()
        assert step.known is not None
        fresh.recall(step.known)
        said, _ = fresh.assess(
            own(fold.picture), Change(keys=fold.take().keys, freshness=frozenset()), step.at
        )
        earlier = {subject for subject, one in step.said.canaries.items() if one.at < step.at}
        anew, before = _words(said, earlier), _words(step.said, earlier)
        for what, value in before.items():
            assert anew[what] == value, f"{what} at {step.at - recording.start:.1f} s"


@pytest.mark.parametrize("name", NAMES)
def test_what_an_earlier_version_recorded_opens(name: str) -> None:
    """These files are the promise that recordings of earlier versions open. ARCHITECTURE: "A version of stored things"."""
    broken = (
        f"{file_of(name).name} was recorded by an earlier version of tfdash and does not open whole any more. A recording is kept for "
        "years: have the decoder read the old form as well, raise FILE_FORMAT where it cannot, and never make the fixture anew to be rid of this"
    )
    recording = opened(name)
    assert (recording.cut, recording.foreign) == ("", ""), broken
    assert recording.closed, broken
    kinds = {one.what for one in recording.entries(recording.start, recording.end)}
    assert recording.cut == "", f"{broken}: {recording.cut}"
    assert {"put_objects", "put_info", "judged"} <= kinds, broken
    assert recording.judged_at(recording.end) is not None, broken
    assert recording.verdict_changes, broken


ABOUT = {
    "argo-aborts": (RELEASE, (Level.UNKNOWN, Level.BREACH, Level.WARN)),
    "argo-promoted": (RELEASE, (Level.UNKNOWN, Level.OK)),
    "flagger-fails": (RELEASE, (Level.UNKNOWN, Level.BREACH, Level.WARN)),
    "prometheus-gone": (RELEASE, (Level.UNKNOWN, Level.BREACH)),
    "stuck-and-undone": ("workload.serves", (Level.WARN, Level.OK)),
    "quota-reached": ("resources.quota", (Level.WARN, Level.OK)),
    "certificate-renewed": ("certificates.managed", (Level.WARN, Level.OK)),
    "drain-blocked": ("node.ready", ()),
    "api-server-away": ("node.ready", ()),
}
"""What each is there for: the rule, and the levels that somebody looks for, in order, one after the other."""


def _followed(levels: Iterable[Level], wanted: tuple[Level, ...]) -> bool:
    """Whether those come in that order, whatever stands between."""
    left = iter(levels)
    return all(level in left for level in wanted)


@pytest.mark.parametrize("name", NAMES)
def test_what_was_said_then_is_said_again_of_what_it_is_about(name: str) -> None:
    """The program said it while it watched the real part; today's says it of the same pictures, in the same order."""
    rule, wanted = ABOUT[name]
    found = lived(name)
    then = [change.after for change in found.recording.verdict_changes if change.rule == rule]
    assert _followed(then, wanted), then
    now = [one.after or Level.OK for one in found.told if one.rule == rule]
    assert _followed(now, wanted), now


_FOREIGN = (b"/work", b"/tmp/", b"/home/", b"/root", b"PRIVATE KEY", b"Bearer ", b"-token", b"password")


@pytest.mark.parametrize("name", NAMES)
def test_one_is_small_and_names_no_machine(name: str) -> None:
    assert file_of(name).stat().st_size < _MOST
    file, header, link = open_recording(file_of(name))
    assert header.parts and header.terminal == "platform-tests"
    with file:
        for frame, _ in frames(file, link):
            raw = payload(file, frame)
            assert [word for word in _FOREIGN if word in raw] == []


def test_each_has_its_words_and_none_is_left() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(NAMES) and len(NAMES) >= 9
