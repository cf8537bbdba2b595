"""The one boundary for text from outside: shown literally, with control characters made visible.

Every name, message, log line or API answer passes ``safe`` (one line) or ``safe_lines`` (several) before it reaches a
screen, stdout, a log, the clipboard or a terminal title. Nothing is dropped: what could move the cursor, change the
direction of text or start an escape sequence is replaced by something one can see.
"""

from __future__ import annotations

import re
from collections import deque

# C0, DEL and C1; bidirectional controls and marks; zero-width and joiner-less invisible characters; line and
# paragraph separators; interlinear annotation; tag characters; lone surrogates.
_HOSTILE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_DIGITS = 18
_TOML_ESCAPES = {ord(c): f"\\{c}" for c in '"\\'}


def _visible(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)  # the Unicode control pictures: ␀ … ␛ … ␟
    if code == 0x7F:
        return "\u2421"
    return f"<U+{code:04X}>"


def safe(text: str) -> str:
    """``text`` on one line, literal, with every control, C1, bidi and invisible character made visible."""
    if text.isascii() and text.isprintable():  # the common case costs no regex
        return text
    return _HOSTILE.sub(_visible, text)


def safe_lines(text: str, tab: int = 4) -> list[str]:
    """``text`` split at newlines (``\\n`` and ``\\r\\n``), tabs expanded to ``tab`` columns, each line made safe."""
    return [safe(line.removesuffix("\r").expandtabs(tab)) for line in text.split("\n")]


GONE = "[redacted]"
_LONG_ENOUGH = 6  # a shorter one ("true", "8080") would take words out of everything
_held: deque[str] = deque(maxlen=256)  # tokens are renewed for weeks
# every repetition is bounded: the time is linear, whatever the text
_SECRETS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
        GONE,
    ),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{16,}"), rf"\1 {GONE}"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"), GONE),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]{0,20}://[^\s/:@\"']{0,200}):[^\s/\"']{0,500}@"), rf"\1:{GONE}@"),
    (
        re.compile(r"\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|sk_live_|hvs\.)[A-Za-z0-9_-]{8,500}"),
        GONE,
    ),
    (re.compile(r"\bA[KS]IA[A-Z0-9]{16}\b"), GONE),
    (  # "password=x", of a connection's words, a command's or an address's; with ":" it is a sentence, as "secret: not found"
        re.compile(
            r"(?i)(password|passwd|passphrase|pwd|(?:token|secret|(?:api|private|access)[-_.]?key)(?==[^\"']))="
            r"(?!\[redacted\])(?:\"[^\"\n]{1,500}\"|'[^'\n]{1,500}'|[^\s&,;\"'<>]{1,500})"
        ),
        rf"\1={GONE}",
    ),
)


def hold_secret(value: str) -> str:
    """``value``, which from now on ``scrubbed`` takes out of everything: a token, a password, what a command printed."""
    if len(value) >= _LONG_ENOUGH and value not in _held:
        _held.append(value)
    return value


def held_secrets() -> tuple[str, ...]:
    """The longest first: one may be a part of another."""
    return tuple(sorted(_held.copy(), key=len, reverse=True))


def scrubbed(text: str) -> str:
    """``text`` without the secrets that this process holds, and without what is plainly one."""
    for value in held_secrets():
        if value in text:
            text = text.replace(value, GONE)
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


_USERINFO = re.compile(
    r"[^/@:?#\[]*:(?!\d*(?:/|$))[^@]*@"
)  # "user:pass@", with a "/" in it too; not "host:80/a@b"


def names_user(url: str) -> bool:
    """Whether an address, with a scheme or without one, has a user or a password in it."""
    rest = url.partition("://")[2] or url
    return "@" in rest.partition("/")[0] or _USERINFO.match(rest) is not None


def fault(error: BaseException) -> str:
    """What is said of an exception that nobody foresaw. Its own words are for the log: they are Python's, and may hold a secret."""
    return f"a fault of tfdash itself ({type(error).__name__}); its log has the details"


def counter(text: str) -> int | None:
    """The number that a text is; None where it is none, or one of more digits than any counter has."""
    return int(text) if text.isdecimal() and len(text) <= _DIGITS else None


def toml_key(name: str) -> str:
    """``name`` as a part of a TOML table's name: bare where it may be, else quoted."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else f'"{name.translate(_TOML_ESCAPES)}"'
