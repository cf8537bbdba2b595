"""How a command speaks: its answer on stdout in one write, its narration on stderr. What was not delivered is no yes."""

from __future__ import annotations

import codecs
import contextlib
import os
import sys
from functools import cache

from tfdash.cli.parser import ERROR
from tfdash.text import safe


def _escaped(error: UnicodeError) -> tuple[str, int]:
    """What an encoding does not have as ``\\uXXXX``, which JSON reads back."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    units = (lost[i : i + 2].hex() for i in range(0, len(lost), 2))
    return "".join(f"\\u{unit}" for unit in units), error.end


codecs.register_error("tfdash.escaped", _escaped)


def write_whatever_the_encoding() -> None:
    """A narrow encoding of stdout or stderr loses no character and is no crash: what it does not have is escaped."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="tfdash.escaped")


def cannot_draw(*, plain: bool = False) -> str:
    """Why no screen can be drawn although this is a terminal, with the remedy; "" where it can. ``plain``: with ASCII alone."""
    if os.environ.get("TERM") in ("dumb", "unknown"):
        return f"TERM={os.environ['TERM']} says that this terminal cannot place text; set TERM to what it is, as TERM=xterm-256color"
    try:
        ("" if plain else "✔▌…日").encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return f"the output is {sys.stdout.encoding}, which has no signs for the screens; set LC_ALL=C.UTF-8 (and no PYTHONIOENCODING)"
    return ""


def deliver(content: str | bytes, code: int) -> int:
    """Write ``content``, a text with a line end, to stdout at once; returns the exit code: ``code``, or ERROR in place of 0 where
    the reader went away, the disk is full or stdout is closed."""
    try:
        if sys.stdout is None:
            pass
        elif isinstance(content, bytes):
            sys.stdout.buffer.write(content)
        else:
            sys.stdout.write(f"{content}\n")
    except OSError as error:
        return _undelivered(error.strerror or str(error), error, code)
    return delivered(code)


def deliver_to(path: str, content: str | bytes, code: int) -> int:
    """As ``deliver``, into a finished file of that name ("": to stdout); why it could not be written goes to stderr."""
    if not path:
        return deliver(content, code)
    from pathlib import Path

    from tfdash.finished_file import write_finished

    data = content if isinstance(content, bytes) else f"{content}\n".encode(errors="backslashreplace")
    try:
        write_finished(Path(path), data)
    except OSError as error:
        narrate(f"tfdash: {safe(path)} cannot be written: {safe(error.strerror or str(error))}")
        return code or ERROR
    return code


def delivered(code: int) -> int:
    """The exit code of what was printed so far, as ``deliver``."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
            return code
    except OSError as error:
        return _undelivered(error.strerror or str(error), error, code)
    except ValueError:  # it was closed
        pass
    return _undelivered("it is closed", None, code)


def _undelivered(why: str, error: OSError | None, code: int) -> int:
    """Whoever reads half of it and goes away knows that he did."""
    if not isinstance(error, BrokenPipeError):
        _tell_once(why)
    return code or ERROR


@cache
def _tell_once(why: str) -> None:
    narrate(f"tfdash: stdout could not be written, and the answer with it: {safe(why)}")


def narrate(*lines: str) -> None:
    """Lines on stderr. Where nobody reads them, the answer and its code stand all the same."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write("".join(f"{line}\n" for line in lines))
            sys.stderr.flush()


def on_terminal() -> bool:
    """Whether keys come from a terminal and frames can go to one."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def draw_on_terminal() -> None:
    """Textual draws on stderr. Where that is a file, or closed, the frames go to stdout, and the file has the narration."""
    if sys.__stderr__ is None or not sys.__stderr__.isatty():
        sys.__stderr__ = sys.__stdout__  # type: ignore[misc] # Textual's driver asks for it by this name


def hold_standard_streams() -> None:
    """A closed stdin, stdout or stderr stays closed: what is opened next would get its number, and a child would write there."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
