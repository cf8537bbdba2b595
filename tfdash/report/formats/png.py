"""The text of pages as a picture of pixels, for a chat or a ticket. It needs ``tfdash[png]``, which brings a font."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from tfdash.report.formats.svg import write as write_svg
from tfdash.report.shown import Shown

_FONT = "JetBrains Mono"
_LARGEST, _MOST = 1.5, 8_000_000  # pixels of a unit; of a picture, unless it is larger by itself
_OTHER = re.compile("[^\u0000-\u058f\u1e00-\u23ff\u2500-\u28ff]")
"""Letters that the font that comes with it may not have: those of the machine are asked, which takes its time."""


def write(shown: Sequence[Shown]) -> bytes:
    """Raises ImportError where the extra is not installed (``Format.lacking``)."""
    return drawn(write_svg(shown))


def drawn(svg: str) -> bytes:
    """``svg`` as PNG, without a font of the machine as long as no letter needs one."""
    import resvg_py
    from fontpkg_jetbrains_mono import __file__ as package

    fonts = sorted(str(path) for path in (Path(package).parent / "files").glob("*[[]wght].ttf"))
    match = re.search(r'width="(\d+)" height="(\d+)"', svg)
    assert match is not None
    size = int(match[1]) * int(match[2])
    zoom = max(1.0, min(_LARGEST, (_MOST / size) ** 0.5))
    made: bytes = resvg_py.svg_to_bytes(
        svg_string=svg,
        font_files=fonts,
        font_family=_FONT,
        monospace_family=_FONT,
        skip_system_fonts=not _OTHER.search(svg),
        zoom=zoom,
    )
    return made
