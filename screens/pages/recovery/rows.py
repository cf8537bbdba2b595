"""How many rows a part above or below a table takes, for who shares the rest out."""

from __future__ import annotations

from textual.widget import Widget

from widgets.banner import Banner
from widgets.prose import Prose


def rows_of(part: Widget, width: int) -> int:
    """At ``width`` cells; 0 where it is not shown. One cell at each side is left to prose."""
    if not part.display:
        return 0
    if isinstance(part, Banner):
        return min(len(part.rows(width)), 3)
    return part.rows_at(width - 2) if isinstance(part, Prose) else part.size.height
