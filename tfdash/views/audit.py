"""The audit log in words: one entry as a line and as a page, and how far the chain is proven. Every text is safe."""

from __future__ import annotations

import json
from zoneinfo import ZoneInfo

from tfdash.model.store_state import Entry, EntryKind, StoreHealth
from tfdash.model.verdict import Level
from tfdash.text import safe, safe_lines
from tfdash.views import state as states
from tfdash.views.layout import pairs
from tfdash.views.table import Cell
from tfdash.views.times import local, moment

_TOKENS: dict[EntryKind, str] = {
    EntryKind.INTENT: "moving",
    EntryKind.REFUSAL: "warn",
    EntryKind.OUTCOME: "ok",
    EntryKind.VERIFICATION: "ok",
    EntryKind.APPROVAL: "accent",
    EntryKind.DENIAL: "warn",
    EntryKind.BREAK_GLASS: "warn",
    EntryKind.HEARTBEAT: "dim",
    EntryKind.POLICY: "dim",
}


def kind_cell(entry: Entry) -> Cell:
    """Its kind; a warning where nothing came of what was asked, or what was to come of it was not seen."""
    return (entry.kind.value, "warn" if _ill(entry) else _TOKENS.get(entry.kind, ""))


def _ill(entry: Entry) -> bool:
    if entry.kind not in (EntryKind.OUTCOME, EntryKind.VERIFICATION):
        return False
    try:
        data = json.loads(entry.data)
    except ValueError:
        return True
    given = data if isinstance(data, dict) else {}
    return given.get("verified", True) is not True or given.get("result", "applied") != "applied"


def when(at: float, zone: ZoneInfo, now: float) -> str:
    """``09:12:04`` today, ``23 Nov 09:12`` before."""
    there, here = local(at, zone), local(now, zone)
    return f"{there:%H:%M:%S}" if there.date() == here.date() else f"{there.day} {there:%b %H:%M}"


def search_text(entry: Entry) -> str:
    return f"{entry.kind.value} {entry.actor} {entry.target} {entry.action} {entry.sentence} {entry.terminal} {entry.environment}".lower()


def chain_line(health: StoreHealth) -> list[Cell]:
    """``✔ proven to entry 1,204 by the shared store, 3 entries behind``; what is wrong with it first."""
    ok, warn, unknown = (states.of_level(level) for level in (Level.OK, Level.WARN, Level.UNKNOWN))
    line: list[Cell] = []
    if health.local:
        line.append((f"{warn.glyph} this terminal records nothing: {safe(health.local)}   ", warn.token))
    if health.shared:
        line.append((f"{warn.glyph} the shared store: {safe(health.shared)}   ", warn.token))
    if health.broken:
        line.append((f"{warn.glyph} {safe(health.broken)}", warn.token))
    elif not health.walked:
        line.append((f"{unknown.glyph} this terminal's log was not read to its end yet", unknown.token))
    elif health.proven_to:
        holder = "the shared store" if health.shared_configured else "an anchor"
        line.append((f"{ok.glyph} proven to entry {health.proven_to:,} by {holder}", ok.token))
    elif health.shared_configured:
        line.append((f"{unknown.glyph} no entry of this terminal is proven yet", unknown.token))
    else:
        line.append(
            (f"{unknown.glyph} held by nobody else: nothing proves it against its own user", unknown.token)
        )
    if health.behind:
        many = "entry" if health.behind == 1 else "entries"
        line.append((f", {health.behind:,} {many} behind", "warn"))
    if health.terminal:
        line.append((f"   terminal {safe(health.terminal)}", "dim"))
    return line


def entry_lines(entry: Entry, zone: ZoneInfo) -> list[str]:
    """Everything of one entry; ``data`` as indented JSON."""
    given: list[tuple[str, str | list[str]]] = [
        ("entry", f"{safe(entry.terminal)}:{entry.sequence}"),
        ("at", moment(entry.at, zone)),
        ("kind", entry.kind.value),
        ("actor", safe(entry.actor)),
        ("environment", f"{safe(entry.environment)} {safe(entry.cluster)}".strip()),
        ("target", safe(entry.target)),
        ("action", safe(entry.action)),
        ("intent", safe(entry.intent)),
    ]
    lines = [safe(entry.sentence), "", *pairs([(k, v) for k, v in given if v])]
    try:
        data = json.dumps(json.loads(entry.data), indent=2, ensure_ascii=False, sort_keys=True)
    except ValueError:
        data = entry.data
    lines += ["", "data", *(f"  {line}" for line in safe_lines(data))]
    return [*lines, "", *pairs([("hash", safe(entry.hash)), ("previous", safe(entry.previous))])]
