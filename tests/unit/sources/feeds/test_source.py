"""Feeds out of files and addresses: what they close, what is kept, and that hostile ones end."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.configured import calendar_policy
from tests.waiting import soon
from tfdash.clock import FixedClock
from tfdash.model.assessment import EMPTY_ASSESSMENT
from tfdash.model.calendar import FeedDays
from tfdash.model.observation import Observation
from tfdash.model.picture import Picture
from tfdash.model.traffic import with_signals
from tfdash.playbook.schedule.feeds import in_force
from tfdash.playbook.schedule.policy import FeedSettings
from tfdash.sources.feeds import fetching
from tfdash.sources.feeds.expanding import TooMuch, expanded
from tfdash.sources.feeds.fetching import FeedUnread
from tfdash.sources.feeds.source import FeedsSource, read

ZONE = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 24, 12, tzinfo=ZONE).timestamp()
BEGIN, END = NOW - 30 * 86_400.0, NOW + 800 * 86_400.0
DAY = "DTSTART;VALUE=DATE:20261224\nSUMMARY:Eve"


def ics(*events: str, before: str = "") -> bytes:
    parts = [f"BEGIN:VEVENT\nUID:{n}\n{e}\nEND:VEVENT\n" for n, e in enumerate(events)]
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{before}{''.join(parts)}END:VCALENDAR\n".replace(
        "\n", "\r\n"
    ).encode()


def local(at: float) -> str:
    return f"{datetime.fromtimestamp(at, ZONE):%Y-%m-%d %H:%M}"


def closed(*events: str, before: str = "") -> list[tuple[str, str]]:
    found = expanded(ics(*events, before=before), ZONE, BEGIN, END)
    assert not found.left_out
    return [(local(start), local(end)) for start, end, _ in found.closures]


@pytest.mark.parametrize(
    ("event", "times"),
    [
        (DAY, [("2026-12-24 00:00", "2026-12-25 00:00")]),
        ("DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20270104", [("2026-12-24 00:00", "2027-01-04 00:00")]),
        ("DTSTART;VALUE=DATE:20261224\nDURATION:P2D", [("2026-12-24 00:00", "2026-12-26 00:00")]),
        ("DTSTART:20261224T180000Z\nDTEND:20261224T200000Z", [("2026-12-24 13:00", "2026-12-24 15:00")]),
        ("DTSTART:20261224T180000\nDURATION:PT1H", [("2026-12-24 18:00", "2026-12-24 19:00")]),  # floating: ours
        (
            "DTSTART;TZID=Europe/Berlin:20261224T180000\nDTEND;TZID=Europe/Berlin:20261224T190000",
            [("2026-12-24 12:00", "2026-12-24 13:00")],
        ),
        ("DTSTART;VALUE=DATE:20200704\nRRULE:FREQ=YEARLY", [("2027-07-04 00:00", "2027-07-05 00:00"), ("2028-07-04 00:00", "2028-07-05 00:00")]),
        ("DTSTART;VALUE=DATE:20261201\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE;VALUE=DATE:20261202", [("2026-12-01 00:00", "2026-12-02 00:00"), ("2026-12-03 00:00", "2026-12-04 00:00")]),
        ("DTSTART;VALUE=DATE:20261201\nRDATE;VALUE=DATE:20261205", [("2026-12-01 00:00", "2026-12-02 00:00"), ("2026-12-05 00:00", "2026-12-06 00:00")]),
        # over a change of the clocks: the same time on the wall
        (
            "DTSTART;TZID=America/New_York:20270313T100000\nDTEND;TZID=America/New_York:20270313T110000\nRRULE:FREQ=DAILY;UNTIL=20270314T140000Z",
            [("2027-03-13 10:00", "2027-03-13 11:00"), ("2027-03-14 10:00", "2027-03-14 11:00")],
        ),
        (f"{DAY}\nSTATUS:CANCELLED", []),
        ("DTSTART;VALUE=DATE:20010101", []),  # long over
        ("DTSTART;VALUE=DATE:20261101\nDTEND;VALUE=DATE:20270101", [("2026-11-01 00:00", "2027-01-01 00:00")]),
    ],
)  # fmt: skip
def test_events_close_their_times(event: str, times: list[tuple[str, str]]) -> None:
    assert closed(event) == times


def test_an_instance_that_was_moved_is_not_where_it_was() -> None:
    series = "UID:s\nDTSTART;VALUE=DATE:20261201\nRRULE:FREQ=DAILY;COUNT=2"
    moved = "UID:s\nRECURRENCE-ID;VALUE=DATE:20261202\nDTSTART;VALUE=DATE:20261210"
    data = ics("X", "Y").replace(b"UID:0\r\nX", series.replace("\n", "\r\n").encode())
    data = data.replace(b"UID:1\r\nY", moved.replace("\n", "\r\n").encode())
    found = expanded(data, ZONE, BEGIN, END).closures
    assert [local(start) for start, _, _ in found] == ["2026-12-01 00:00", "2026-12-10 00:00"]


@pytest.mark.parametrize(
    "event",
    [
        "DTSTART:20200101T000000Z\nDURATION:PT1S\nRRULE:FREQ=SECONDLY",
        "DTSTART:20200101T000000Z\nDURATION:PT1S\nRRULE:FREQ=MINUTELY",
        "DTSTART;TZID=Mars/Olympus:20261201T000000\nDURATION:PT1H",
        "DTSTART;VALUE=DATE:20261226\nDTEND;VALUE=DATE:20261220",
        "DTSTART;VALUE=DATE:20261226\nDTEND:20261227T000000Z",
        "DTSTART:20261226T000000Z\nDURATION:P99999999999W",
        "SUMMARY:without a time",
        "DTSTART:yesterday",
        f"{DAY}\nRRULE:FREQ=NEVER",
        f"{DAY}\nRRULE:FREQ=DAILY;BYDAY=XX",
    ],
)
def test_what_cannot_be_read_is_counted_and_the_others_stand(event: str) -> None:
    found = expanded(ics(event, DAY), ZONE, BEGIN, END)
    assert found.left_out == 1
    assert [local(start) for start, _, why in found.closures if "only the begin" not in why] == [
        "2026-12-24 00:00"
    ]


@pytest.mark.parametrize(
    ("event", "days"),
    [
        ("DTSTART;VALUE=DATE:20261226\nDTEND;VALUE=DATE:20261220", ["2026-12-26 00:00", "2026-12-27 00:00"]),
        ("DTSTART;VALUE=DATE:20261226\nRRULE:FREQ=NEVER", ["2026-12-26 00:00", "2026-12-27 00:00"]),
        ("DTSTART:20261226T020000Z\nDTEND:x", ["2026-12-25 00:00", "2026-12-26 00:00"]),  # 21:00 here
        (
            "DTSTART;TZID=Mars/Olympus:20261201T120000\nDURATION:PT1H",
            ["2026-11-30 00:00", "2026-12-02 00:00"],
        ),
        ("DTSTART:yesterday", []),
        ("SUMMARY:x", []),
        ("DTSTART;VALUE=DATE:20010101\nRRULE:FREQ=NEVER", []),  # long over
        ("DTSTART;VALUE=DATE:99991231\nRRULE:FREQ=NEVER", []),
        ("DTSTART;VALUE=DATE:20261226\nDTEND;VALUE=DATE:20261220\nSTATUS:CANCELLED", []),
    ],
)
def test_what_begins_on_a_known_day_closes_that_day_though_the_rest_cannot_be_read(
    event: str, days: list[str]
) -> None:
    found = expanded(ics(f"{event}\nSUMMARY:audit"), ZONE, BEGIN, END)
    assert [local(at) for start, end, _ in found.closures for at in (start, end)] == days
    assert found.left_out == ("CANCELLED" not in event)
    assert all(why == "audit, of which only the begin can be read" for _, _, why in found.closures)


def test_periods_of_rdate_last_as_long_as_they_say() -> None:
    """RFC 5545, 3.8.5.2: with an end, or with a duration; the others as long as the event."""
    event = (
        "DTSTART:20261201T100000Z\nDURATION:PT1H\nRDATE;VALUE=PERIOD:20261203T100000Z/PT5H,"
        "20261205T100000Z/20261206T100000Z\nRDATE:20261208T100000Z"
    )
    lasted = [(end - start) / 3600 for start, end, _ in expanded(ics(event), ZONE, BEGIN, END).closures]
    assert lasted == [1, 5, 24, 1]


@pytest.mark.parametrize("event", ["DTSTART;VALUE=DATE:20261224", "DTSTART:20261224T000000Z"])
@pytest.mark.parametrize("more", ["", "\nRRULE:FREQ=YEARLY;COUNT=3"])
def test_what_never_ends_closes(event: str, more: str) -> None:
    found = expanded(ics(f"{event}\nDURATION:P999999999D{more}"), ZONE, BEGIN, END)
    assert found.closures and not found.left_out
    assert all(end > END for _, end, _ in found.closures)


@pytest.mark.parametrize("cut", [30, 60, 200])
def test_one_that_is_cut_off_is_refused_however_many_calendars_came_whole_before(cut: int) -> None:
    with pytest.raises(ValueError, match=r"cut off|no calendar"):
        expanded(ics(DAY) + ics(DAY, DAY, DAY, DAY)[:-cut], ZONE, BEGIN, END)


def test_titles_are_safe_and_short() -> None:
    (one,) = expanded(
        ics("DTSTART;VALUE=DATE:20261224\nSUMMARY:\x1b]0;t\x07\u202e" + "x" * 10_000), ZONE, BEGIN, END
    ).closures
    assert one[2].startswith("␛]0;t␇<U+202E>xxx") and len(one[2]) < 300


def test_more_than_a_calendar_has_is_refused() -> None:
    busy = [
        f"DTSTART:20261224T{h:02}{m:02}00Z\nDURATION:PT1M\nRRULE:FREQ=DAILY"
        for h in range(3)
        for m in range(5)
    ]
    with pytest.raises(TooMuch):
        expanded(ics(*busy), ZONE, BEGIN, END)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "it is no calendar"),
        (b"<html>log in</html>", "it is no calendar"),
        (bytes(range(256)) * 20, "it is no calendar"),
        (b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 30_000, "it is no calendar"),
        (b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\nEND:VEVENT\r\n" * 21_000 + b"END:VCALENDAR\r\n", "21000 events"),
        # endless: no thread of ours could be ended, the child is
        (ics(f"{DAY}\nRRULE:FREQ=DAILY;INTERVAL=0"), "its rules have no end|more than 10 s"),
    ],
    ids=["nothing", "a page", "bytes", "nested", "many", "endless"],
)  # fmt: skip
def test_a_child_reads_it_and_ends(data: bytes, words: str) -> None:
    with pytest.raises(FeedUnread, match=words):
        read(data, "freeze", ZONE, NOW)


# -- the source ---------------------------------------------------------------------------------------------------


class FakeBoard:
    """What was put."""

    assessment = EMPTY_ASSESSMENT

    def __init__(self) -> None:
        self.picture = Picture(at=NOW, number=1, clusters={})
        self.said: list[Any] = []

    def put_signals(self, published: Mapping[Any, Any]) -> None:
        self.picture = type(self.picture)(
            at=NOW, number=1, clusters={}, signals=with_signals(self.picture.signals, published)[0]
        )

    def put_status(self, source: str, status: Any) -> None:
        self.said.append(status)

    @property
    def feed(self) -> Observation[FeedDays]:
        return self.picture.signals.feeds["corp"]


def a_source(folder: Path | None, *, clock: float = NOW, keeping: bool = True, **where: str) -> FeedsSource:
    feed = FeedSettings(name="corp", what="freeze", **where)  # type: ignore[arg-type]
    return FeedsSource([feed], ZONE, FixedClock(clock), folder, keeping=keeping)


async def once(source: FeedsSource) -> FakeBoard:
    """Until it was tried."""
    board: Any = FakeBoard()
    task = asyncio.create_task(source.run(board))
    await soon(lambda: not source.unsettled(board.picture, board.assessment), "the feed to be tried")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    found: FakeBoard = board
    return found


async def test_a_file_that_vanishes_counts_as_it_was_also_after_a_start(tmp_path: Path) -> None:
    path = tmp_path / "corp.ics"
    path.write_bytes(ics(DAY))
    board = await once(a_source(tmp_path / "kept", file=str(path)))
    assert board.feed.problem is None and board.feed.value is not None and len(board.feed.value.closures) == 1
    path.unlink()
    later = await once(a_source(tmp_path / "kept", clock=NOW + 86_400.0, file=str(path)))
    assert later.feed.value == board.feed.value and later.feed.observed_at == NOW
    assert later.feed.problem is not None and "there is no file" in later.feed.problem.cause
    assert later.said[-1].problem.cause.startswith("corp: there is no file")
    assert later.said[-1].observed_at == NOW
    other = await once(a_source(tmp_path / "kept", file=str(tmp_path / "other.ics")))
    assert other.feed.value is None and other.feed.problem is not None


async def test_where_nothing_may_be_kept_nothing_is(tmp_path: Path) -> None:
    path = tmp_path / "corp.ics"
    path.write_bytes(ics(DAY))
    board = await once(a_source(tmp_path / "kept", keeping=False, file=str(path)))
    assert board.feed.value is not None and not (tmp_path / "kept").exists()


NONE, OVER = ics(), ics("DTSTART;VALUE=DATE:20261101")
WEEK = 7 * 86_400.0


@pytest.mark.parametrize(
    ("then", "after", "held"),
    [
        (NONE, 86_400.0, True),
        (OVER, 86_400.0, True),  # what is over says nothing of what is to come
        (ics("DTSTART:yesterday"), 86_400.0, True),
        (NONE, WEEK - 1, True),
        (NONE, WEEK, False),  # it has been so for long enough
        (ics(f"{DAY}\nSTATUS:CANCELLED"), 86_400.0, False),  # it says that it was called off
        # what was called off once says nothing of what is to come
        (ics("DTSTART;VALUE=DATE:20261101\nSTATUS:CANCELLED"), 86_400.0, True),
        (ics(f"{DAY}\nRRULE:FREQ=DAILY;COUNT=9\nSTATUS:CANCELLED"), 86_400.0, False),
        (ics("DTSTART:yesterday\nSTATUS:CANCELLED"), 86_400.0, True),
        (ics("DTSTART;VALUE=DATE:20270704"), 86_400.0, False),  # another
        (NONE, 32 * 86_400.0, False),
    ],
)
async def test_a_feed_that_closes_nothing_any_more_counts_as_it_was_for_a_week(
    tmp_path: Path, then: bytes, after: float, held: bool
) -> None:
    path = tmp_path / "corp.ics"
    path.write_bytes(ics(DAY))
    first = await once(a_source(tmp_path / "kept", file=str(path)))
    path.write_bytes(then)
    for keeping in (False, True, True):  # a gate, a terminal, and the terminal anew
        later = await once(a_source(tmp_path / "kept", clock=NOW + after, file=str(path), keeping=keeping))
        assert (later.feed.value == first.feed.value) is held
        assert (later.feed.problem is not None) is held
        if later.feed.problem is not None:
            assert later.feed.observed_at == NOW
            assert later.feed.problem.cause == (
                "it closes nothing ahead any more, of 1 time that it had; that counts from 2026-12-01 on"
            )


async def test_a_feed_that_was_always_empty_is_read_and_told(tmp_path: Path) -> None:
    path = tmp_path / "corp.ics"
    path.write_bytes(NONE)
    board = await once(a_source(tmp_path / "kept", file=str(path)))
    assert board.feed.problem is None and board.feed.value is not None
    policy = in_force(calendar_policy({"feeds": [{"name": "corp", "file": "x"}]}), {"corp": board.feed})
    assert policy.stale == "freeze feed corp closes nothing ahead"


@pytest.mark.parametrize("rubbish", [b"", b"x", b"1.0\n<html>", b"\xff" * 99])
async def test_a_spoilt_copy_is_none(tmp_path: Path, rubbish: bytes) -> None:
    path, kept = tmp_path / "corp.ics", tmp_path / "kept"
    path.write_bytes(ics(DAY))
    await once(a_source(kept, file=str(path)))
    (copy,) = kept.iterdir()
    copy.write_bytes(rubbish)
    path.unlink()
    board = await once(a_source(kept, file=str(path)))
    assert board.feed.value is None and board.feed.problem is not None


async def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    board = await once(a_source(None, file=str(tmp_path / "pipe")))
    assert board.feed.value is None and board.feed.problem is not None


@contextmanager
def served(status: int, headers: Mapping[str, str], body: bytes) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key, value)
            self.end_headers()
            try:
                self.wfile.write(body)
            except OSError:
                return

        def log_message(self, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/corp.ics"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("status", "headers", "body", "words"),
    [
        (200, {}, ics(DAY), ""),
        (404, {}, b"", "answers 404"),
        (403, {}, b"", "answers 403"),
        (302, {"Location": "http://127.0.0.1:1/planted"}, b"", "leads on to another"),
        (200, {}, b"x" * (fetching.MOST + 2), "more than 4 MiB"),
        (200, {"Content-Encoding": "gzip"}, gzip.compress(b"x" * 50_000_000), "packs what was asked for"),
        (200, {}, b"<html>log in</html>", "it is no calendar"),
    ],
    ids=["fine", "none", "forbidden", "moved", "huge", "packed", "a page"],
)  # fmt: skip
async def test_an_address_is_read_within_bounds(
    tmp_path: Path, status: int, headers: dict[str, str], body: bytes, words: str
) -> None:
    with served(status, headers, body) as url:
        board = await once(a_source(tmp_path, url=url))
    if not words:
        assert board.feed.problem is None and board.feed.value is not None
        return
    assert board.feed.value is None and board.feed.problem is not None
    assert words in board.feed.problem.cause and "planted" not in json.dumps(str(board.feed.problem))


async def test_nobody_there_is_said_without_the_address(tmp_path: Path) -> None:
    board = await once(a_source(tmp_path, url="http://127.0.0.1:9/planted"))
    assert board.feed.problem is not None
    assert "is not reached" in board.feed.problem.cause and "planted" not in str(board.feed.problem)


async def test_a_young_copy_is_enough(tmp_path: Path) -> None:
    with served(200, {}, ics(DAY)) as url:
        await once(a_source(tmp_path, url=url))
    again = await once(a_source(tmp_path, clock=NOW + 3600.0, url=url))
    assert again.feed.problem is None and again.feed.observed_at == NOW
    old = await once(a_source(tmp_path, clock=NOW + 13 * 3600.0, url=url))
    assert old.feed.problem is not None and old.feed.observed_at == NOW and old.feed.value is not None


# -- anything at all ----------------------------------------------------------------------------------------------

NAMES = (
    "DTSTART",
    "DTEND",
    "DURATION",
    "RRULE",
    "RDATE",
    "EXDATE",
    "RECURRENCE-ID",
    "STATUS",
    "SUMMARY",
    "UID",
    "BEGIN",
    "END",
)
VALUES = (
    "20261224", "20261224T100000", "20261224T100000Z", "99999999", "00010101", "P1D", "-P1D", "PT", "FREQ=DAILY;COUNT=3",
    "FREQ=YEARLY;UNTIL=20261224T000000Z", "FREQ=DAILY;UNTIL=x", "FREQ=;COUNT=", "VEVENT", "VCALENDAR", "VTIMEZONE", "", "CANCELLED", "ü\x1b",
)  # fmt: skip
PARAMS = ("", ";VALUE=DATE", ";TZID=Europe/Berlin", ";TZID=Mars", ";VALUE=PERIOD", ";TZID=")


def refused(data: bytes) -> str:
    """Why it is no calendar; "" where it is one, whose times are times."""
    try:
        found = expanded(data, ZONE, BEGIN, END)
    except ValueError as error:
        return str(error)
    assert all(start < end for start, end, _ in found.closures)
    return ""


@given(
    st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(PARAMS), st.sampled_from(VALUES)), max_size=8)
)
def test_whatever_stands_there_is_read_or_refused_in_words(lines: list[tuple[str, str, str]]) -> None:
    event = "\n".join(f"{name}{params}:{value}" for name, params, value in lines)
    told = refused(ics(event or "UID:x", DAY))
    assert not told or told.startswith("it ")


@given(st.binary(max_size=200), st.integers(0, 400))
def test_spoilt_bytes_are_read_or_refused_in_words(bytes_: bytes, at: int) -> None:
    data = ics(DAY, f"{DAY}\nRRULE:FREQ=YEARLY;COUNT=2")
    told = refused(data[:at] + bytes_ + data[at + len(bytes_) :])
    assert not told or told.startswith("it ")


SECRET = "s3cr3t"


@pytest.mark.parametrize(
    "address",
    [
        f"https://ann:{SECRET}/x@cal.example/feed.ics",  # a slash that should have been written as %2F
        f"https://127.0.0.1:{SECRET}/f",
        f"https://[{SECRET}]/f",
        f"https://\u00fc{SECRET}\u200d.x/f",
        f"https://{SECRET}\x01/f",
        f"https://127.0.0.1:1/{SECRET * 20_000}",
        f"ftp://{SECRET}/f",
        SECRET,
    ],
)
async def test_an_address_that_is_none_is_a_fault_that_repeats_no_part_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, address: str
) -> None:
    (tmp_path / "address").write_text(address)
    board = await once(a_source(None, url=f"file:{tmp_path / 'address'}"))
    problem = board.feed.problem
    assert problem is not None and SECRET not in f"{problem}{caplog.text}"
    with pytest.raises(FeedUnread) as told:  # whoever gave it, and a proxy's likewise
        await fetching.fetched(address)
    assert SECRET not in f"{told.value.cause}{told.value.remedy}"
    monkeypatch.setenv("HTTPS_PROXY", address)
    with pytest.raises(FeedUnread) as told:
        await fetching.fetched("https://127.0.0.1:1/")
    assert SECRET not in f"{told.value.cause}{told.value.remedy}"
