"""What stands in the cell of a day, in a month and in a week."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from tfdash.model.dates import UNREAD, Dates, Day, DayMark, MarkSort
from tfdash.model.maintenance import ItemState
from tfdash.model.subject import Subject
from tfdash.text import safe
from tfdash.views.calendar.words import LETTERS, RELEASE, SHADE, SORTS, Sign, date_text, letter_of, place_text
from tfdash.views.table import Cell, Line

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_NAMED = 14  # cells of a day, from which promises are named in it
_CALM = (MarkSort.DUE, MarkSort.DONE)
_GRAVITY = {sort: place for place, sort in enumerate(MarkSort)}


def month_span(month: date) -> tuple[date, date]:
    """The Monday before or on the first of the month, and the Sunday behind its last."""
    first = month.replace(day=1)
    after = (first + timedelta(days=32)).replace(day=1)
    last = after - timedelta(days=1)
    return first - timedelta(days=first.weekday()), last + timedelta(days=6 - last.weekday())


def week_span(day: date) -> tuple[date, date]:
    first = day - timedelta(days=day.weekday())
    return first, first + timedelta(days=6)


def month_cell(dates: Dates, day: Day, month: date, width: int, height: int) -> list[Line]:
    """``24 R``, then what is dated on it: by kind (``D✔2 C``), or by name where there is room."""
    other = day.date.month != month.month
    head = _head(dates, day, width)
    told = shown(dates, day)
    if height == 1:
        kinds = _by_kind(dates.states, told, counted=False)
        line = [*head, *([" "] if kinds else []), *_joined(kinds, "")]
        return [_dim(line) if other else line]
    rows = height - 1
    named = width >= _NAMED and bool(told)
    lines: list[Line] = [_shaded(head, day, width)]
    lines += _by_name(dates.states, told, rows) if named else _packed(dates.states, told, width, rows)
    return [_dim(line) for line in lines] if other else lines


def week_cell(dates: Dates, day: Day, width: int, height: int) -> list[Line]:
    """``Tue 24 Nov   release 10:00-12:00``, then each promise with its place on a line of its own; where there is one line alone they stand
    in it by kind."""
    today = " · today" if day.date == dates.today else ""
    head: list[Cell] = [(f"{date_text(day.date, False)}{today}", "bright"), "   "]
    if height == 1 and (kinds := _by_kind(dates.states, shown(dates, day))):
        head += [*_joined(kinds), "  "]
    head += release_cells(day)
    for closing in day.closings:
        unread = closing.sort == UNREAD
        sign = "?" if unread else SHADE * 2
        head.append((f"   {sign} {safe(closing.slot.reason)}", "unknown" if unread else "dim"))
    return [head, *_by_name(dates.states, shown(dates, day), height - 1, places=True)]


def week_need(dates: Dates, day: Day) -> int:
    """How many lines the cell of that day would fill."""
    return 1 + len({dates.states[m.subject].title for m in shown(dates, day) if m.subject in dates.states})


def release_cells(day: Day) -> list[Cell]:
    """``R release 10:00-12:00``, or why there is none; nothing on a day without a window."""
    if day.window is None:
        return []
    if not day.open:
        return [("no release", "dim")]
    times = ", ".join(clock_text(slot.text) for slot in day.open)
    return [(f"{RELEASE} ", "accent"), f"release {times}"]


def clock_text(slot: str) -> str:
    """``10:00-12:00`` of a slot's text, which begins with its day."""
    return " ".join(slot.split()[3:])


def shown(dates: Dates, day: Day) -> list[DayMark]:
    """Without what is done, or is to be, on every day: of that only what was not kept stands in a cell."""
    return [m for m in day.marks if m.sort not in _CALM or not _daily(dates, m)]


def _daily(dates: Dates, mark: DayMark) -> bool:
    rule = dates.rules.get(mark.subject.name)
    return rule is not None and rule.daily


def _head(dates: Dates, day: Day, width: int) -> list[Cell]:
    today = day.date == dates.today
    line: list[Cell] = [(f"{day.date.day:>2}", "bright"), ("•" if today else " ", "accent")]
    if day.open:
        line.append((RELEASE, "accent"))
    elif _closed(day):
        line.append((SHADE, "dim"))
    elif any(c.sort == UNREAD for c in day.closings):
        line.append(("?", "unknown"))
    elif any(c.sort == "holiday" for c in day.closings):
        line.append(("H", "dim"))
    return line


def _closed(day: Day) -> bool:
    """For more than releases, and that is known."""
    return any(c.sort not in ("holiday", UNREAD) for c in day.closings)


def _shaded(head: list[Cell], day: Day, width: int) -> Line:
    """With what closes it, to the end of the cell."""
    if _closed(day):
        room = max(width - 4 - (2 if day.open else 0), 1)
        shade = (f" {SHADE * (room - 1)}" if day.open else SHADE * room, "dim")
        return [*(head if day.open else head[:-1]), shade]
    if any(c.sort == UNREAD for c in day.closings):
        return head
    if day.closings and not day.open:
        return [*head[:-1], ("holiday"[: max(width - 4, 1)], "dim")]
    return head


def _groups(marks: Iterable[DayMark], key: Mapping[Subject, str]) -> dict[str, list[DayMark]]:
    found: dict[str, list[DayMark]] = {}
    for mark in sorted(marks, key=lambda m: _GRAVITY[m.sort]):
        found.setdefault(key.get(mark.subject, "?"), []).append(mark)
    return found


def _count(marks: Sequence[DayMark]) -> tuple[Sign, int]:
    """The worst of them, and how many are as bad."""
    worst = min((m.sort for m in marks), key=_GRAVITY.__getitem__)
    return SORTS[worst], sum(m.sort is worst for m in marks)


def _by_kind(
    states: Mapping[Subject, ItemState], marks: Sequence[DayMark], counted: bool = True
) -> list[tuple[str, str]]:
    letters = {m.subject: letter_of(states[m.subject].kind) for m in marks if m.subject in states}
    told = []
    for letter, many in _groups(marks, letters).items():
        sign, count = _count(many)
        told.append((f"{letter}{sign.glyph}{count if counted and count > 1 else ''}", sign.token))
    return told


def _joined(pieces: Sequence[tuple[str, str]], gap: str = " ") -> list[Cell]:
    line: list[Cell] = []
    for piece in pieces:
        line += [piece, gap]
    return line


def _packed(
    states: Mapping[Subject, ItemState], marks: Sequence[DayMark], width: int, rows: int
) -> list[Line]:
    lines: list[list[tuple[str, str]]] = [[]]
    used = 0
    for piece in _by_kind(states, marks):
        size = len(piece[0]) + 1
        if used and used + size > width + 1:
            lines.append([])
            used = 0
        lines[-1].append(piece)
        used += size
    if len(lines) > rows:
        lines = lines[:rows]
        lines[-1][-1] = ("…", "dim")
    return [_joined(line) for line in lines]


def _by_name(
    states: Mapping[Subject, ItemState], marks: Sequence[DayMark], rows: int, places: bool = False
) -> list[Line]:
    """Each promise once, with the number of its places that are as bad as the worst, or with these ``places``."""
    indent = 2 if places else 0
    titles = {m.subject: safe(states[m.subject].title) for m in marks if m.subject in states}
    groups = _groups(marks, titles)
    lines: list[Line] = []
    for place, (title, many) in enumerate(groups.items()):
        left = len(groups) - place
        if len(lines) == rows - 1 and left > 1:
            lines.append([(f"{' ' * indent}+{left} more", "dim")])
            break
        sign, count = _count(many)
        kind = states[many[0].subject].kind if many[0].subject in states else ""
        times = f" ×{count}" if count > 1 else ""
        if places:
            worst = [m.subject for m in many if m.sort is many[0].sort]
            times = f" · {', '.join(dict.fromkeys(map(place_text, worst)))}"
        token = sign.token if sign.token == "warn" else ""
        lines.append(
            [
                " " * indent,
                (f"{letter_of(kind)}{sign.glyph or ' '} ", sign.token),
                (f"{title}{times}", token),
            ]
        )
    return lines[: max(rows, 0)]


def _dim(line: Line) -> Line:
    """Of another month: nothing of it asks for anything."""
    return [(cell if isinstance(cell, str) else cell[0], "dim") for cell in line]


def legend_lines(dates: Dates) -> list[Line]:
    """What the signs of the days mean, in words, one by one."""
    kinds = {state.kind for state in dates.states.values()}
    lines: list[Line] = [[(f"{RELEASE} ", "accent"), ("release", "dim")]]
    lines.append([(f"{SHADE} ", "dim"), ("blackout or freeze", "dim")])
    if any(c.sort == UNREAD for day in dates.days for c in day.closings):
        lines.append([("? ", "unknown"), ("not known: a feed was never read", "dim")])
    for sort in (MarkSort.DONE, MarkSort.LATE, MarkSort.OVERDUE, MarkSort.MISSED, MarkSort.WAIVED):
        lines.append([(f"{SORTS[sort].glyph} ", SORTS[sort].token), (SORTS[sort].word, "dim")])
    lines.append([("letter alone: due", "dim")])
    lines += [[(f"{letter} ", "bright"), (kind, "dim")] for kind, letter in LETTERS.items() if kind in kinds]
    if any(rule.daily for rule in dates.rules.values()):
        lines.append([("daily ones: only what was not kept", "dim")])
    return lines
