"""What terminals write is what was: seven days with planted breaches, kills, clocks, sleep, rights, flapping, disks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.unit.store.journal.journals import REF, subject
from tests.unit.store.journal.seven_days import DAY, POLL, seven_days
from tests.unit.store.journal.terminals import RULE, SetClock, Terminal, picture
from tfdash.model.section import SectionFinding, SectionState
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.verdict import Level
from tfdash.store.journal.intervals import clipped, total
from tfdash.store.journal.reading import read
from tfdash.store.journal.seeing import Outlook
from tfdash.store.journal.times import verdict_times
from tfdash.store.journal.view import SECTION, Ended
from tfdash.store.journal.watched import watched

BREACH, WARN, UNKNOWN = Level.BREACH, Level.WARN, Level.UNKNOWN


def test_seven_days_with_twenty_breaches_two_watchers_and_two_gaps(tmp_path: Path) -> None:
    """Issue 13, section 6: durations within one poll, gaps named."""
    week = seven_days(tmp_path, SetClock().at)
    view = read(tmp_path, week.begin, week.end)
    assert not view.doubts
    told = {times.subject: times for times in verdict_times(view)}
    for since, until, one in week.planted:
        expected = total(clipped(week.seen, since, until))
        found = told[one].seconds.get(BREACH, 0.0) if one in told else 0.0
        assert abs(found - expected) <= POLL, one
    looked = watched(view, REF.environment)
    assert abs(looked.seconds - total(week.seen)) <= 2 * POLL
    assert [gap.after for gap in looked.gaps] == [((who, Ended.CLOSED),) for *_, who in week.gaps]
    assert [one.name for one in looked.by] == ["wall-1", "ops-anna"]
    assert not watched(view, "staging").seconds


def test_a_terminal_that_is_killed_watched_until_its_last_beat(tmp_path: Path) -> None:
    clock = SetClock()
    begin = clock.at
    terminal = Terminal(tmp_path, clock)
    terminal.shows({subject("a"): BREACH})
    for _ in range(100):
        terminal.look()
        clock.pass_by(5.0)
    terminal.killed()
    (span,) = read(tmp_path, begin, begin + 1000).spans
    assert span.ended is Ended.SILENT and begin + 480 <= span.end <= begin + 495
    (times,) = verdict_times(read(tmp_path, begin, begin + 1000))
    assert times.seconds[BREACH] == span.end - begin and not times.open


def test_one_that_lives_has_watched_until_now(tmp_path: Path) -> None:
    clock = SetClock()
    begin = clock.at
    terminal = Terminal(tmp_path, clock)
    terminal.shows({subject("a"): BREACH})
    for _ in range(10):
        terminal.look()
        clock.pass_by(5.0)
    view = read(tmp_path, begin, clock.at)
    assert view.spans[0].ended is Ended.LIVING and not watched(view).gaps
    assert verdict_times(view)[0].open
    terminal.ends()


@pytest.mark.parametrize("step", [-7200.0, 7200.0])
def test_a_clock_that_is_set_ends_the_span_and_lengthens_nothing(tmp_path: Path, step: float) -> None:
    clock = SetClock()
    begin = clock.at
    terminal = Terminal(tmp_path, clock)
    terminal.shows({subject("a"): BREACH})
    for _ in range(20):
        terminal.look()
        clock.pass_by(5.0)
    clock.at += step
    for _ in range(20):
        terminal.look()
        clock.pass_by(5.0)
    terminal.ends()
    view = read(tmp_path, begin - 3 * 3600, begin + 3 * 3600)
    assert sorted(span.ended for span in view.spans) == sorted([Ended.CLOCK, Ended.CLOSED])
    (times,) = verdict_times(view)
    assert times.seconds[BREACH] == pytest.approx(195.0)


def test_nothing_is_written_while_the_servers_say_another_time(tmp_path: Path) -> None:
    clock = SetClock()
    terminal = Terminal(tmp_path, clock)
    terminal.picture = picture(clock.at, skew=3600.0)
    terminal.look()
    assert not read(tmp_path, 0.0, clock.at + 10).spans
    terminal.ends()


def test_sleep_is_a_gap(tmp_path: Path) -> None:
    clock = SetClock()
    begin = clock.at
    terminal = Terminal(tmp_path, clock)
    terminal.shows({subject("a"): WARN})
    for pause in (5.0, 5.0, 3600.0, 5.0, 5.0):
        terminal.look()
        clock.pass_by(pause)
    terminal.look()
    terminal.ends()
    view = read(tmp_path, begin, clock.at)
    (gap,) = watched(view).gaps
    assert (gap.begin, gap.end, gap.after) == (begin + 10, begin + 3610, (("wall-1", Ended.SLEPT),))
    (times,) = verdict_times(view)
    assert times.seconds == {WARN: 20.0}


def test_what_cannot_be_read_is_not_known_and_comes_back_as_it_is_then(tmp_path: Path) -> None:
    clock = SetClock()
    begin = clock.at
    terminal = Terminal(tmp_path, clock)
    a, b = subject("a"), subject("b")
    terminal.shows({a: BREACH})
    terminal.look()
    clock.pass_by(10.0)
    terminal.shows({a: UNKNOWN, b: UNKNOWN}, picture(clock.at, blind=["Deployment"]))
    terminal.look()
    clock.pass_by(20.0)
    terminal.shows({b: WARN}, picture(clock.at))
    terminal.look()
    clock.pass_by(10.0)
    terminal.look()
    terminal.ends()
    told = {times.subject: times for times in verdict_times(read(tmp_path, begin, clock.at))}
    assert (told[a].seconds, told[a].watched) == ({BREACH: 10.0}, 20.0)
    assert told[b].seconds == {WARN: 10.0} and not told[b].spells[0].begun
    assert [word.level for word in read(tmp_path, begin, clock.at).changes()] == []


def test_who_sees_a_part_says_nothing_of_the_rest(tmp_path: Path) -> None:
    clock = SetClock()
    begin = clock.at
    wide = Terminal(tmp_path, clock, "wide")
    narrow = Terminal(tmp_path, clock, "narrow", Outlook(REF.environment, ("other",)))
    blind = Terminal(tmp_path, clock, "blind")
    serving = SectionState(id="serving", title="Serving", level=BREACH, sentence="1 of 9 is down")
    blind.picture = picture(clock.at, hidden=["shop"])
    a = subject("a")
    wide.shows({a: UNKNOWN}, sections=(serving,))
    for _ in range(4):
        for terminal in (wide, narrow, blind):
            terminal.look()
        clock.pass_by(5.0)
    for terminal in (wide, narrow, blind):
        terminal.ends()
    told = {
        (times.subject.name, times.rule): times for times in verdict_times(read(tmp_path, begin, clock.at))
    }
    assert told["a", RULE].seconds == {UNKNOWN: 20.0}
    assert told["serving", SECTION].seconds == {BREACH: 20.0}


def test_one_that_was_made_anew_goes_on_under_its_name(tmp_path: Path) -> None:
    clock = SetClock()
    begin = clock.at
    terminal = Terminal(tmp_path, clock)
    a = subject("a")
    terminal.shows({a._replace(uid="1"): BREACH})
    terminal.look()
    clock.pass_by(5.0)
    terminal.shows({a._replace(uid="2"): BREACH})
    terminal.look()
    clock.pass_by(5.0)
    terminal.ends()
    (times,) = verdict_times(read(tmp_path, begin, clock.at))
    assert times.seconds == {BREACH: 10.0} and len(times.spells) == 1


def test_what_flaps_each_second_costs_a_few_lines_and_is_as_bad_as_it_was(tmp_path: Path) -> None:
    clock = SetClock()
    begin = clock.at
    terminal = Terminal(tmp_path, clock)
    a = subject("a")
    for second in range(2 * 3600):
        terminal.shows({a: BREACH} if second % 2 else {})
        if second % 5 == 0:
            terminal.look()
        clock.pass_by(1.0)
    for _ in range(60):
        terminal.shows({})
        terminal.look()
        clock.pass_by(5.0)
    terminal.ends()
    view = read(tmp_path, begin, clock.at)
    words = [word for span in view.spans for word in span.words]
    assert len(words) < 20 and words[-1].flapped
    (times,) = verdict_times(view)
    assert 2 * 3600 - 60 < times.seconds[BREACH] < 2 * 3600 + 130


def test_a_disk_that_fails_is_a_gap_and_is_tried_again(tmp_path: Path) -> None:
    clock = SetClock()
    begin = clock.at
    folder = tmp_path / "journal"
    terminal = Terminal(folder, clock)
    terminal.shows({subject("a"): WARN})
    folder.write_text("not a folder")
    for _ in range(20):
        terminal.look()
        clock.pass_by(5.0)
    assert terminal.recorder.problem
    os.unlink(folder)
    for _ in range(20):
        terminal.look()
        clock.pass_by(5.0)
    assert not terminal.recorder.problem
    terminal.ends()
    (span,) = read(folder, begin, clock.at).spans
    assert begin + 100 <= span.begin <= begin + 165


def test_what_is_old_or_too_much_is_let_go_and_that_is_said(tmp_path: Path) -> None:
    clock = SetClock()
    for _ in range(4):
        terminal = Terminal(tmp_path, clock)
        terminal.shows({subject("a"): WARN})
        for _ in range(10):
            terminal.look()
            clock.pass_by(5.0)
        terminal.ends()
        terminal.recorder.journal.sweep(clock.at)
        clock.pass_by(DAY)
    packed = sorted(tmp_path.glob("*.journal.z"))
    assert len(packed) == 4 and len(read(tmp_path, 0.0, clock.at).spans) == 4
    assert {path.stat().st_mode & 0o777 for path in packed} == {0o600}
    terminal.recorder.journal.sweep(clock.at, keep=3.5 * DAY)
    assert len(read(tmp_path, 0.0, clock.at).spans) == 3 and not read(tmp_path, 0.0, clock.at).doubts
    terminal.recorder.journal.sweep(clock.at, size=packed[-1].stat().st_size)
    view = read(tmp_path, 0.0, clock.at)
    assert len(view.spans) == 1 and "let go" in view.doubts[0]
    assert not read(tmp_path, view.spans[0].begin, clock.at).doubts


def test_promises_and_what_a_rule_says_under_longer_names_are_told(tmp_path: Path) -> None:
    """A rule says several things, and promises are kept at places of other environments, too."""
    clock = SetClock()
    begin = clock.at
    terminal = Terminal(tmp_path, clock)
    review = Subject(ClusterRef("development", ""), "MaintenanceItem", "", "quota-review")
    due = SectionFinding(level=WARN, sentence="quota-review: overdue", subject=review)
    section = SectionState(
        id="maintenance", title="Maintenance", level=WARN, sentence="1 overdue", findings=(due,)
    )
    terminal.shows({subject("a"): WARN}, sections=(section,), rule="resources.band.cpu")
    for _ in range(3):
        terminal.look()
        clock.pass_by(5.0)
    well = SectionState(id="maintenance", title="Maintenance", level=Level.OK, sentence="all kept")
    terminal.shows({}, sections=(well,))
    terminal.look()
    clock.pass_by(5.0)
    terminal.look()
    terminal.ends()
    told = {times.rule: times for times in verdict_times(read(tmp_path, begin, clock.at))}
    assert sorted(told) == ["maintenance", "resources.band.cpu", SECTION]
    for times in told.values():
        assert (times.seconds, times.watched) == ({WARN: 15.0}, 20.0), times.rule
        assert times.spells[0].ended and not times.spells[0].begun


def test_a_section_that_loads_says_nothing_ended(tmp_path: Path) -> None:
    clock = SetClock()
    begin = clock.at
    terminal = Terminal(tmp_path, clock)
    loading = SectionState(id="serving", title="Serving", level=UNKNOWN, sentence="loading", loading=True)
    serving = SectionState(id="serving", title="Serving", level=BREACH, sentence="1 of 9 is down")
    for section in (serving, loading, serving):
        terminal.shows({}, sections=(section,))
        terminal.look()
        clock.pass_by(10.0)
        terminal.look()
    terminal.ends()
    view = read(tmp_path, begin, clock.at)
    (times,) = verdict_times(view)
    assert (times.seconds, times.watched) == ({BREACH: 20.0}, 20.0) and not list(view.changes())


def test_what_was_not_judged_before_is_not_seen_to_begin(tmp_path: Path) -> None:
    """A band is judged once its week was read: it is not new because a terminal was started."""
    clock = SetClock()
    begin = clock.at
    terminal = Terminal(tmp_path, clock)
    a, b = subject("a"), subject("b")
    terminal.shows({a: Level.IDLE, b: Level.OK})
    terminal.look()
    clock.pass_by(5.0)
    terminal.shows({a: WARN, b: WARN})
    terminal.look()
    clock.pass_by(5.0)
    terminal.ends()
    view = read(tmp_path, begin, clock.at)
    assert [times.spells[0].begun for times in verdict_times(view)] == [False, True]
    assert [word.subject for word in view.changes()] == [b]
