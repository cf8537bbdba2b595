"""The one module that touches Textual's privates, and why. Each use is held by a test; Textual is pinned exactly.

- ``screen_text``: there is no public way to read the screen as text. Uses ``Screen._compositor`` and
  ``App._background_screens``.
- ``QuickEscapeDriver``: a lone Escape takes Textual 100 to 200 ms, because it waits ``ESCDELAY`` for the rest of a key
  sequence and its input thread wakes up every 100 ms only. Uses ``Parser._timeout_time``.
  Its terminal may be closed, or it may be stopped and continued, at any moment. Replaces ``_sigtstp_application`` and
  ``_sigcont_application``; uses ``_auto_restart``, ``_must_signal_resume``, ``_file`` and ``_loop`` of the driver.
- ``set_virtual_size``: a list that grows or shrinks makes Textual lay out the whole screen, though nothing but the
  scrollbar's thumb changes where the bar always stands. Uses ``Widget._scroll_update``.
- ``bound_action``: what a key is bound to is asked at the widget, before a letter typed behind it can overtake it. Uses
  ``Screen._binding_chain``.
- ``quick_frames``: what a key changed is painted at the next tick of a 60 Hz timer; a finer one costs nothing, as it is
  stopped while nothing changes. Sets ``textual.screen.UPDATE_PERIOD``, as ``TEXTUAL_FPS`` would before the import.
"""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import sys
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import textual.screen
from textual._compositor import LayoutUpdate
from textual._parser import ParseError
from textual._time import get_time
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.widget import Widget

if TYPE_CHECKING:
    from textual.driver import Driver

# -- the screen as text and picture ---------------------------------------------------------------------------------


def screen_text(app: App[Any]) -> str:
    """What is on the screen now, one line each, blanks at the ends of lines removed."""
    painted = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    assert isinstance(painted, LayoutUpdate)
    lines = ("".join(strip.text for strip in line) for line in painted.strips)
    return "".join(f"{line.rstrip()}\n" for line in lines)


_FONT = re.compile(r"\s*@font-face\s*\{.*?\}", re.DOTALL)


def screen_svg(app: App[Any], title: str | None = None) -> str:
    """The screen as an SVG that needs nothing from the network and keeps leading blanks in every viewer."""
    picture = app.export_screenshot(title=title, simplify=True)
    return _FONT.sub("", picture).replace("<text ", '<text xml:space="preserve" ')


# -- quick lists and frames -----------------------------------------------------------------------------------------

FRAMES = 240  # a second, at most


def set_virtual_size(view: ScrollView, size: Size) -> None:
    """Give ``view`` another size to scroll in; without a layout where its scrollbar always stands."""
    if size == view.virtual_size:
        return
    if view.styles.overflow_y != "scroll" or view.virtual_size.width != size.width:
        view.virtual_size = size
        return
    view.set_reactive(Widget.virtual_size, size)
    view._scroll_update(size)
    view.refresh()


def quick_frames() -> None:
    """Paint within 4 ms of a change, on screens made from now on; ``TEXTUAL_FPS`` is the user's word."""
    if "TEXTUAL_FPS" not in os.environ:
        vars(textual.screen)["UPDATE_PERIOD"] = 1 / FRAMES


# -- Escape at once ---------------------------------------------------------------------------------------------------

ESCAPE = "\x1b"
LONE = 0.006  # seconds to wait behind a lone Escape; a terminal writes a key's sequence in one go
LONE_REMOTE = 0.05  # over SSH a sequence may be cut in two
POLL = 0.25  # seconds between looks at nothing


def lone_escape_delay(environ: dict[str, str] | os._Environ[str]) -> float:
    """Seconds behind a lone Escape. ``ESCDELAY`` (milliseconds), where it is set, is the user's word."""
    with contextlib.suppress(KeyError, ValueError):
        return max(int(environ["ESCDELAY"]), 1) / 1000
    return LONE_REMOTE if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY") else LONE


class KeyReader:
    """Bytes of a terminal to Textual's messages, with a deadline of its own behind a lone Escape.

    Sequences and characters may come in pieces of any size; bytes that are no UTF-8 become replacement characters.
    """

    def __init__(self, delay: float, debug: bool = False) -> None:
        self._parser = XTermParser(debug)
        self._decode = getincrementaldecoder("utf-8")("replace").decode
        self._delay = delay

    @property
    def wait(self) -> float:
        """Seconds until ``tick`` has something to do, ``POLL`` at most."""
        due = self._parser._timeout_time
        return POLL if due is None else min(max(due - get_time(), 0.0), POLL)

    def feed(self, data: bytes, final: bool = False) -> Iterable[Message]:
        text = self._decode(data, final)
        if text:
            yield from self._parser.feed(text)
            if text[-1] == ESCAPE and self._parser._timeout_time is not None:
                # What follows an Escape alone is another key or the rest of a sequence. Once the rest has begun, the
                # parser's own patience applies again.
                self._parser._timeout_time = get_time() + self._delay

    def tick(self) -> Iterable[Message]:
        """What the silence means."""
        yield from self._parser.tick()

    def close(self) -> None:
        with contextlib.suppress(EOFError, ParseError):
            for _ in self._parser.feed(""):
                pass


class Unfailing:
    """A stream to a terminal that may be gone: what is written then is dropped.

    Textual's writing thread would end with the first error, and its bounded queue would hold the program for ever.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def bound_action(widget: Widget, key: str) -> str:
    """The action that a key of the focused widget's own is bound to, by the user's keymap too; "" for none."""
    node, bindings = widget.screen._binding_chain[0]
    found = bindings.key_to_bindings.get(key, ()) if node is widget else ()
    return next((binding.action for binding in found if not binding.priority), "")


def quick_escape_driver(most: int | None = None) -> type[Driver] | None:
    """The driver class for ``App(driver_class=...)``; None where Textual's own must do (Windows, no terminal). ``most``: bytes that may be
    typed in a second where nothing is ever pasted; what comes beside is dropped, and never waits in front of the frames."""
    if sys.platform == "win32" or os.environ.get("TEXTUAL_DRIVER"):
        return None
    return _driver_class(most)


def _driver_class(most: int | None) -> type[Driver]:
    import termios

    from textual.drivers.linux_driver import LinuxDriver

    class QuickEscapeDriver(LinuxDriver):
        """Textual's driver with another loop around its input; the terminal's modes and their restoring are its own."""

        _wake: int | None = None  # writing end of a pipe that ends the wait for input
        _active = False  # whether the terminal is ours
        _was_active = False  # whether it was before
        _typed, _since = 0, 0.0  # bytes, and the time from which on they are counted

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._file: Any = Unfailing(self._file)

        def start_application_mode(self) -> None:
            if (
                self._was_active and self.input_tty
            ):  # what was typed meanwhile was meant for whom it was lent to
                with contextlib.suppress(termios.error):
                    termios.tcflush(self.fileno, termios.TCIFLUSH)
            self._was_active = True
            super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual gives it no types
            self._active = True

        def stop_application_mode(self) -> None:
            self._active = False
            super().stop_application_mode()

        # Textual gives the terminal back, and takes it again, within the signal's handler, which interrupts this thread
        # anywhere: in the midst of the same (a second pair of threads then competes for the keys, and the one left without
        # holds the exit) or with the writer's queue locked (it waits for itself). The loop does it instead.

        def _sigtstp_application(self, *_: Any) -> None:
            if self._auto_restart:
                self._soon(super()._sigtstp_application)
            else:  # lent to another program, for which the loop may wait; there is nothing to give back
                super()._sigtstp_application()

        def _sigcont_application(self, *_: Any) -> None:
            self._soon(self._continue)

        def _soon(self, what: Callable[[], object]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(what)

        def _continue(self) -> None:
            """Textual's would start a second pair of threads where nothing was suspended: a terminal that is closed sends
            SIGCONT behind SIGHUP. After a SIGSTOP the shell may have changed the modes: they are set anew."""
            if not self._must_signal_resume:
                if not self._active or not os.isatty(self.fileno):  # lent to another program, or gone
                    return
                self.suspend_application_mode()
                self._must_signal_resume = True  # the application is told, and paints everything
            super()._sigcont_application()

        def disable_input(self) -> None:
            wake = self._wake
            if wake is not None and not self.exit_event.is_set():
                self.exit_event.set()
                with contextlib.suppress(OSError):
                    os.write(wake, b".")
                if self._key_thread is not None:
                    self._key_thread.join()
                self.exit_event.clear()
            super().disable_input()

        def run_input_thread(self) -> None:
            reader = KeyReader(lone_escape_delay(os.environ), self._debug)
            woken, self._wake = os.pipe()
            selector = selectors.DefaultSelector()
            there = True
            try:
                selector.register(self.fileno, selectors.EVENT_READ)
                selector.register(woken, selectors.EVENT_READ)
                there = self._read(reader, selector, 0.0, typed_before=True)
                while there and not self.exit_event.is_set():
                    there = self._read(reader, selector, reader.wait)
                if there:
                    self._read(reader, selector, 0.0)
            finally:
                selector.close()
                wake, self._wake = self._wake, None
                os.close(woken)
                if wake is not None:
                    os.close(wake)
                reader.close()
            if not there:  # SIGHUP reaches only the session's leader, a shell or make, and need not reach us
                self._soon(self._app.exit)

        def _read(
            self,
            reader: KeyReader,
            selector: selectors.BaseSelector,
            wait: float,
            *,
            typed_before: bool = False,
        ) -> bool:
            """One look at the terminal; False where it is gone. ``typed_before``: at what was typed before the terminal was
            ours: it made a line's end of each Enter then."""
            ready = {key.fd for key, _ in selector.select(wait)}
            if self.fileno in ready:
                try:
                    data = os.read(self.fileno, 4096)
                except OSError:  # EIO: it was hung up
                    data = b""
                if not data:
                    return False
                if self._too_many(len(data)):
                    with contextlib.suppress(termios.error):
                        termios.tcflush(self.fileno, termios.TCIFLUSH)
                    return True
                if typed_before:
                    data = data.replace(b"\n", b"\r")
                for message in reader.feed(data):
                    self.process_message(message)
            for message in reader.tick():
                self.process_message(message)
            return True

        def _too_many(self, count: int) -> bool:
            at = get_time()
            if at - self._since >= 1.0:
                self._typed, self._since = 0, at
            self._typed += count
            return most is not None and self._typed > most

    return QuickEscapeDriver
