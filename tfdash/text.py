"""The one boundary for text from outside: shown literally, with control characters made visible.

Every name, message, log line or API answer passes ``safe`` (one line) or ``safe_lines`` (several) before it reaches a
screen, stdout, a log, the clipboard or a terminal title. Nothing is dropped: what could move the cursor, change the
direction of text or start an escape sequence is replaced by something one can see.
"""

from __future__ import annotations

import re

# C0, DEL and C1; bidirectional controls and marks; zero-width and joiner-less invisible characters; line and
# paragraph separators; interlinear annotation; tag characters; lone surrogates.
_HOSTILE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


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
