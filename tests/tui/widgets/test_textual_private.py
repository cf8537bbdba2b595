"""What stands on Textual's privates: if an upgrade breaks one, it is told here."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import sys
import time
from typing import Any

import pytest
import textual.screen
from textual import events
from textual.drivers._writer_thread import MAX_QUEUED_WRITES, WriterThread
from textual.message import Message

from widgets.oneline import LinePiece, OneLine
from widgets.textual_private import (
    FRAMES,
    LONE,
    LONE_REMOTE,
    POLL,
    KeyReader,
    Unfailing,
    lone_escape_delay,
    quick_escape_driver,
    quick_frames,
    screen_svg,
    screen_text,
)
from widgets.textview import TextView
from widgets.theme import ThemedApp


class Line(OneLine):
    def left(self, width: int) -> list[LinePiece]:
        return [LinePiece("  [b]literal[/b] 日本 ", ("tok-ok",))]


class App(ThemedApp):
    def compose(self) -> Any:
        yield Line()


async def test_the_screen_as_text() -> None:
    async with App().run_test(size=(30, 4)) as pilot:
        await pilot.pause()
        assert screen_text(pilot.app) == "  [b]literal[/b] 日本\n\n\n\n"


async def test_the_screen_as_a_picture_needs_no_network() -> None:
    async with App().run_test(size=(30, 4)) as pilot:
        await pilot.pause()
        picture = screen_svg(pilot.app, title="tfdash")
        assert picture.startswith("<svg")
        assert "@font-face" not in picture
        assert "cdnjs" not in picture
        assert 'xml:space="preserve"' in picture
        assert "[b]literal[/b]" in picture.replace("&#160;", " ")


def keys(messages: list[Message]) -> list[str]:
    return [m.key for m in messages if isinstance(m, events.Key)]


def fed(*pieces: bytes, delay: float = 10.0) -> list[Message]:
    reader = KeyReader(delay)
    return [message for piece in pieces for message in reader.feed(piece)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a", ["a"]),
        (b"\x1b[A", ["up"]),
        (b"\x1bOP", ["f1"]),
        (b"\x1b[1;5C", ["ctrl+right"]),
        (b"\x1b[15~", ["f5"]),
        ("é".encode(), ["é"]),
        ("日".encode(), ["日"]),
        (b"\x1b[Aj\x1b[B", ["up", "j", "down"]),
    ],
)
def test_a_sequence_in_any_pieces_is_one_key(data: bytes, expected: list[str]) -> None:
    whole = keys(fed(data))
    assert len(whole) == len(expected)
    for cut in range(1, len(data)):
        assert keys(fed(data[:cut], data[cut:])) == whole
    assert keys(fed(*[data[i : i + 1] for i in range(len(data))])) == whole
    if data.startswith(b"\x1b"):
        assert whole == expected


def test_a_mouse_report_in_pieces() -> None:
    report = b"\x1b[<0;10;5M"
    for cut in range(1, len(report)):
        found = fed(report[:cut], report[cut:])
        assert [type(m).__name__ for m in found] == ["MouseDown"]


def test_a_paste_in_pieces() -> None:
    data = b"\x1b[200~a\nb\x1b[201~x"
    for cut in range(1, len(data)):
        reader = KeyReader(10.0)
        found = [*reader.feed(data[:cut]), *reader.feed(data[cut:])]
        assert [m.text for m in found if isinstance(m, events.Paste)] == ["a\nb"]


def test_a_lone_escape_is_due_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("widgets.textual_private.get_time", lambda: now[0])
    monkeypatch.setattr("textual._parser.get_time", lambda: now[0])
    reader = KeyReader(LONE)
    assert reader.wait == POLL
    assert keys(list(reader.feed(b"\x1b"))) == []
    assert reader.wait == pytest.approx(LONE)
    assert keys(list(reader.tick())) == []
    now[0] += LONE + 0.001
    assert reader.wait == 0.0
    assert keys(list(reader.tick())) == ["escape"]
    assert reader.wait == POLL


def test_behind_the_beginning_of_a_sequence_the_patience_is_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("widgets.textual_private.get_time", lambda: now[0])
    monkeypatch.setattr("textual._parser.get_time", lambda: now[0])
    reader = KeyReader(LONE)
    list(reader.feed(b"\x1b["))
    now[0] += LONE * 3
    assert keys(list(reader.tick())) == []
    assert keys(list(reader.feed(b"A"))) == ["up"]


def test_escape_and_then_a_key() -> None:
    reader = KeyReader(0.0)
    assert keys([*reader.feed(b"\x1b"), *reader.tick(), *reader.feed(b"j")]) == ["escape", "j"]


def test_bytes_that_are_no_text_do_no_harm() -> None:
    assert len(keys(fed(b"\xff", b"a"))) == 2


def test_the_delay_is_the_users_where_he_says_so() -> None:
    assert lone_escape_delay({}) == LONE
    assert lone_escape_delay({"SSH_CONNECTION": "a b"}) == LONE_REMOTE
    assert lone_escape_delay({"ESCDELAY": "30", "SSH_TTY": "x"}) == 0.03
    assert lone_escape_delay({"ESCDELAY": "soon"}) == LONE


PROGRAM = """
import select, sys
from textual.app import App
from widgets.textual_private import quick_escape_driver

class Probe(App):
    def on_ready(self): print("\\x1b]9;ready\\x07", end="", file=sys.__stderr__, flush=True)
    def on_key(self, event):
        print(f"\\x1b]9;{event.key}\\x07", end="", file=sys.__stderr__, flush=True)
        if event.key == "s":
            with self.suspend():
                print("\\x1b]9;lent\\x07", end="", file=sys.__stderr__, flush=True)
                select.select([0], [], [], 20)
            print("\\x1b]9;back\\x07", end="", file=sys.__stderr__, flush=True)
        if event.key == "q": self.exit()

Probe(driver_class=quick_escape_driver()).run()
print("\\x1b]9;done\\x07", end="", flush=True)
"""


def test_on_a_terminal_escape_is_quick_early_keys_count_and_everything_is_restored() -> None:
    pid, terminal = pty.fork()
    if pid == 0:  # pragma: no cover - the child
        os.environ.update(TERM="xterm-256color", TEXTUAL_DISABLE_KITTY_KEY="1")
        os.environ.pop("ESCDELAY", None)
        os.environ.pop("SSH_CONNECTION", None)
        os.environ.pop("SSH_TTY", None)
        os.environ.pop("TEXTUAL_DRIVER", None)
        os.execv(sys.executable, [sys.executable, "-c", PROGRAM])
    seen = b""

    def until(what: str) -> float:
        nonlocal seen
        wanted, started = f"\x1b]9;{what}\x07".encode(), time.monotonic()
        while wanted not in seen:
            assert time.monotonic() - started < 20, (what, seen[-2000:])
            if select.select([terminal], [], [], 0.2)[0]:
                try:
                    seen += os.read(terminal, 65536)
                except OSError:
                    break
        assert wanted in seen
        return time.monotonic() - started

    os.write(terminal, b"\r")  # long before the program takes the terminal, which makes a line feed of it
    until("ready")
    until("enter")
    seen = b""
    waits = []
    for _ in range(5):
        os.write(terminal, b"\x1b")
        waits.append(until("escape"))
        seen = b""
    os.write(terminal, b"\x1b")
    os.write(terminal, b"[A")
    until("up")
    os.write(terminal, b"s")
    until("lent")
    os.write(terminal, b"x\r")  # for the other program, and it does not read it
    until("back")
    os.write(terminal, b"z")
    until("z")
    assert b"\x1b]9;x\x07" not in seen
    os.write(terminal, b"q")
    quitting = until("done")
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert status == 0
    assert min(waits) < 0.06, waits  # Textual's own driver: 0.1 to 0.2
    assert quitting < 2.0
    for restored in (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l", b"\x1b[?2004l"):
        assert restored in seen


def test_what_nobody_can_have_typed_does_not_wait_in_front_of_the_frames() -> None:
    pid, terminal = pty.fork()
    if pid == 0:  # pragma: no cover - the child
        os.environ.update(TERM="xterm-256color", TEXTUAL_DISABLE_KITTY_KEY="1")
        os.environ.pop("TEXTUAL_DRIVER", None)
        os.execv(sys.executable, [sys.executable, "-c", PROGRAM.replace("driver()", "driver(100)")])
    seen, left, started = b"", b"x" * 200_000, time.monotonic()
    os.set_blocking(terminal, False)
    while b"done" not in seen:
        assert time.monotonic() - started < 60, seen[-2000:]
        typing = [terminal] if left and b"ready" in seen else []
        ready, room, _ = select.select([terminal], typing, [], 0.2)
        if ready:
            try:
                seen += os.read(terminal, 65536)
            except OSError:
                break
        if room:
            left = left[os.write(terminal, left[:4096]) :]
        if not ready and not left:
            os.write(terminal, b"q")  # once in a while: many would be too many themselves
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert status == 0 and b"done" in seen
    assert seen.count(b"]9;x") <= 100 * (time.monotonic() - started + 2)


def test_another_driver_by_the_environment_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXTUAL_DRIVER", "x:Y")
    assert quick_escape_driver() is None


async def test_a_list_grows_without_a_layout(monkeypatch: pytest.MonkeyPatch) -> None:
    class Lines(ThemedApp):
        def compose(self) -> Any:
            yield TextView("\n".join("x" for _ in range(100)))

    async with Lines().run_test(size=(20, 10)) as pilot:
        await pilot.pause()
        view = pilot.app.query_one(TextView)
        layouts: list[Any] = []
        real = pilot.app.screen._refresh_layout

        def refresh_layout(*args: Any, **options: Any) -> None:
            layouts.append(args)
            real(*args, **options)

        monkeypatch.setattr(pilot.app.screen, "_refresh_layout", refresh_layout)
        view.action_edge(True)
        assert view.scroll_offset.y == 91
        view.set_text("\n".join("x" for _ in range(50)), keep_place=False)
        await pilot.pause()
        assert not layouts
        assert view.max_scroll_y == 41
        assert view.scroll_offset.y == 0
        assert view.vertical_scrollbar.window_virtual_size == 51
        view.set_text("x")
        await pilot.pause()
        assert view.scroll_offset.y == 0
        assert "x" in screen_text(pilot.app)


async def test_frames_are_fine_unless_the_user_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textual.screen.UPDATE_PERIOD", 1 / 60)
    monkeypatch.setenv("TEXTUAL_FPS", "60")
    quick_frames()
    assert textual.screen.UPDATE_PERIOD == 1 / 60
    monkeypatch.delenv("TEXTUAL_FPS")
    async with App().run_test(size=(30, 4)) as pilot:
        assert pilot.app.screen._update_timer._interval == 1 / FRAMES


async def test_after_a_suspension_all_is_painted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    app = App()
    async with app.run_test(size=(30, 4)) as pilot:
        asked: list[dict[str, Any]] = []
        monkeypatch.setattr(app, "refresh", lambda **options: asked.append(options))
        app.app_resume_signal.publish(app)
        await pilot.pause()
        assert {"layout": True} in asked


def test_what_is_written_to_a_terminal_that_is_gone_holds_nobody() -> None:
    """Textual's writing thread ends with the first error; then its queue fills and each further write waits for ever."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as gone:
        thread = WriterThread(Unfailing(gone))
        thread.start()
        for _ in range(4 * MAX_QUEUED_WRITES):
            thread.write("a frame" * 100)
        thread.stop()
        assert not thread.is_alive()
        with contextlib.suppress(OSError):
            gone.close()
