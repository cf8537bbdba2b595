"""Says of every chain whether it is whole, up to where it is proven, and by whom. Pure: it gets what was read.

A chain by itself proves only that nobody changed the middle without doing all the rest anew. What proves it is another
holder of its head: the shared store, an anchor file, a copy that lies elsewhere. Up to the last such head the log is
proven; after it, nothing is said. What lies in the same folder is in the same hands and proves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tfdash.store.log.anchors import SHARED, Head
from tfdash.store.log.begun import lost_by
from tfdash.store.log.canonical import GENESIS, VERSION, UnreadableEntry, data_of, decode, read_header
from tfdash.store.log.chain import StoredEntry, wrong
from tfdash.store.log.reading import LogHolder


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of one terminal's chain. ``bad``: the first bad sequence, None where there is none."""

    terminal: str
    last: int
    problems: tuple[str, ...]
    bad: int | None = None
    proven_to: int = 0
    proven_by: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """``unknown``: what could not be looked at. ``notes``: what a reader should know of the files."""

    chains: tuple[Chain, ...]
    unknown: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def code(self) -> int:
        """0 whole, 1 something is wrong, 2 something could not be looked at."""
        if any(chain.problems for chain in self.chains):
            return 1
        return 2 if self.unknown else 0


class _Walk(msgspec.Struct):
    """One holder's rows of one chain, checked. ``good``: the sequences up to which all is well, with their hashes."""

    source: LogHolder
    hashes: dict[int, str]
    good: int
    problem: str
    bad: int | None
    notes: list[str]


def _walk(source: LogHolder, rows: Sequence[StoredEntry]) -> _Walk:
    hashes: dict[int, str] = {}
    sequence, previous = 0, GENESIS
    problem, bad = "", None
    notes: list[str] = []
    for row in rows:
        hashes[row.sequence] = row.hash
        if problem:
            continue
        amiss = wrong(row, sequence, previous)
        if amiss:
            problem, bad = amiss, (row.sequence if row.sequence <= sequence + 1 else sequence + 1)
            continue
        if read_header(row.raw).version > VERSION:
            notes.append(f"entry {row.sequence} was written by a newer tfdash; its hash holds")
        sequence, previous = row.sequence, row.hash
    return _Walk(source, hashes, sequence, problem, bad, notes)


def verify(
    sources: Sequence[LogHolder],
    anchors: Sequence[Head] = (),
    unknown: Sequence[str] = (),
    read: Sequence[str] = (),
) -> Report:
    """Check every chain in ``sources`` by itself, against each other, and against ``anchors``; ``read``: the anchor files that
    were read, as terminals note who took their heads ("file PATH"), those that hold nothing any more among them."""
    chains: dict[str, list[_Walk]] = {}
    forked: dict[str, list[StoredEntry]] = {}
    told = [f"{source.name}: {source.problem}" for source in sources if source.problem]
    for source in sources:
        by_terminal: dict[str, list[StoredEntry]] = {}
        for row in source.rows:
            by_terminal.setdefault(row.terminal, []).append(row)
        for terminal, rows in by_terminal.items():
            if source.kind == "fork":
                forked.setdefault(terminal, []).extend(rows)
            else:
                chains.setdefault(terminal, []).append(_walk(source, rows))
    inside = [head for source in sources for head in source.heads]
    blind = any(source.problem and not source.heads for source in sources)  # the chain may stand there
    for head in (*inside, *anchors):  # a chain of which nothing but its anchor is left
        if head.sequence and head.terminal not in chains and blind:
            told.append(f"{head.terminal}, which {head.holder} holds up to entry {head.sequence}")
        elif head.sequence:
            chains.setdefault(head.terminal, [])
    found = _found_by_terminals(sources)
    shared_read = any(source.kind == "shared" for source in sources)
    for terminal in found:
        chains.setdefault(terminal, [])
    return Report(
        chains=tuple(
            _judge(
                terminal,
                walks,
                forked.get(terminal, []),
                [h for h in inside if h.terminal == terminal],
                [h for h in anchors if h.terminal == terminal],
                found.get(terminal, []),
                _given_up(terminal, inside, anchors, read)
                + (_not_shared(terminal, chains[terminal], inside) if shared_read else []),
            )
            for terminal, walks in sorted(chains.items())
        ),
        unknown=(*unknown, *told),
        notes=tuple(dict.fromkeys(note for source in sources for note in source.notes)),
    )


def _given_up(
    terminal: str, inside: Sequence[Head], anchors: Sequence[Head], read: Sequence[str]
) -> list[tuple[int, str]]:
    """What anchor files took from this chain and do not hold any more."""
    found = []
    for head in inside:
        if head.terminal == terminal and head.taken_by in read:
            kept = max(
                (a.sequence for a in anchors if a.terminal == terminal and a.taken_by == head.taken_by),
                default=0,
            )
            if kept < head.sequence:
                found.append(
                    (
                        kept + 1,
                        f"the anchors were cut: {head.taken_by} took entry {head.sequence}"
                        f" and holds {f'only entry {kept}' if kept else 'none'}",
                    )
                )
    return found


def _not_shared(terminal: str, walks: list[_Walk], inside: Sequence[Head]) -> list[tuple[int, str]]:
    """What the shared store, which was read, should hold of this chain and does not."""
    held = max((s for walk in walks if walk.source.kind == "shared" for s in walk.hashes), default=0)
    found = []
    for head in inside:
        if head.terminal == terminal and head.taken_by == SHARED and held < head.sequence:
            found.append(
                (
                    held + 1,
                    f"the tail was cut in the shared store: it took entry {head.sequence} and ends at {held}",
                )
            )
    for walk in walks:
        last = max(walk.hashes, default=0)
        if walk.source.kind == "copy" and held < last:
            found.append(
                (
                    held + 1,
                    f"the tail was cut in the shared store: {walk.source.name} hold entries up to {last}",
                )
            )
    return found


def _found_by_terminals(sources: Sequence[LogHolder]) -> dict[str, list[tuple[int, str]]]:
    """What terminals themselves noted of chains that they could not go on with: chain -> (last sequence, sentence)."""
    found: dict[str, list[tuple[int, str]]] = {}
    for source in sources:
        for row in source.rows:
            if b'\\"chain\\"' not in row.raw:
                continue
            try:
                entry = decode(row.raw, row.hash)
            except UnreadableEntry:
                continue
            data = data_of(entry)
            if lost_by(entry, data):
                chain = data["chain"]
                at, terminal = chain.get("sequence"), str(chain.get("terminal") or row.terminal)
                told = (at if isinstance(at, int) else 0, entry.sentence)
                if told not in found.setdefault(terminal, []):
                    found[terminal].append(told)
    return found


def _judge(
    terminal: str,
    walks: list[_Walk],
    forks: list[StoredEntry],
    inside: list[Head],
    anchors: list[Head],
    found: list[tuple[int, str]],
    missing: list[tuple[int, str]],
) -> Chain:
    problems: list[str] = []
    bad: list[int] = []

    def add(sequence: int | None, problem: str) -> None:
        if problem not in problems:
            problems.append(problem)
        if sequence is not None:
            bad.append(sequence)

    for walk in walks:
        if walk.problem:
            add(walk.bad, f"{walk.source.name}: {walk.problem}")
        for odd in walk.source.odd:
            add(None, f"{walk.source.name}: {odd}")
    for index, one in enumerate(walks):
        for other in walks[index + 1 :]:
            at = _first_difference(one, other)
            if at is not None:
                add(
                    at,
                    f"forked or written anew: {one.source.name} and {other.source.name} hold different entries {at}",
                )
    for at, sentence in found:
        add(at, f"its terminal found out: {sentence}")
    for row in forks:
        add(
            row.sequence,
            f"forked: the shared store was offered another entry {row.sequence} by {row.written_by}",
        )
    main = _main(walks)
    last = max(main.hashes, default=0) if main is not None else 0
    for walk in walks:
        furthest = max(walk.hashes, default=0)
        if main is not None and walk is not main and furthest > last:
            add(
                last + 1,
                f"the tail was cut: {walk.source.name} holds entries up to {furthest}, {main.source.name} up to {last}",
            )
    for at, sentence in (*_twice(walks), *missing):
        add(at, sentence)
    by: list[str] = []
    proven = 0
    for head in (*inside, *anchors):
        broken = _against(head, main, last)
        if broken:
            add(min(head.sequence, last + 1), broken)
        elif head in anchors and main is not None and head.sequence in main.hashes:
            proven, by = _further(proven, by, head.sequence, head.holder)
    for walk in walks:
        if main is None or walk is main or walk.problem or _same_hands(walk, main):
            continue
        agreed = [s for s, hash in walk.hashes.items() if main.hashes.get(s) == hash]
        if agreed:
            proven, by = _further(proven, by, max(agreed), walk.source.name)
    first_bad = min(bad, default=None)
    if first_bad is not None and proven >= first_bad and main is not None and main.good < proven:
        proven = main.good
    notes = [note for walk in walks for note in walk.notes]
    return Chain(
        terminal=terminal,
        last=last,
        problems=tuple(problems),
        bad=first_bad,
        proven_to=proven,
        proven_by=tuple(by),
        notes=tuple(dict.fromkeys(notes)),
    )


def _same_hands(one: _Walk, other: _Walk) -> bool:
    return bool(one.source.place) and one.source.place == other.source.place


def _twice(walks: list[_Walk]) -> list[tuple[int, str]]:
    """A terminal writes to one file of a folder: the same chain in another one beside it was put there."""
    own = [walk for walk in walks if walk.source.kind == "local"]
    return [
        (1, f"the chain stands twice: {other.source.name} is a copy that was put beside {one.source.name}")
        for index, one in enumerate(own)
        for other in own[index + 1 :]
        if _same_hands(one, other)
    ]


def _main(walks: list[_Walk]) -> _Walk | None:
    """Whose word it is first of all: the terminal's own file, else the shared store, else a copy."""
    order = {"local": 0, "shared": 1, "copy": 2}
    return min(walks, key=lambda walk: order[walk.source.kind], default=None)


def _first_difference(one: _Walk, other: _Walk) -> int | None:
    return min(
        (s for s in one.hashes.keys() & other.hashes.keys() if one.hashes[s] != other.hashes[s]), default=None
    )


def _against(head: Head, main: _Walk | None, last: int) -> str:
    if head.sequence == 0:
        return ""
    if main is None:
        return f"the whole chain is gone: {head.holder} holds its head at entry {head.sequence}"
    if head.sequence > last:
        return (
            f"the tail was cut: {head.holder} holds entry {head.sequence}, {main.source.name} ends at {last}"
        )
    held = main.hashes.get(head.sequence)
    if held is not None and held != head.hash:
        return f"broken anchor: {head.holder} holds entry {head.sequence} as {head.hash[:12]}, here it is {held[:12]}"
    return ""


def _further(proven: int, by: list[str], sequence: int, holder: str) -> tuple[int, list[str]]:
    if sequence > proven:
        return sequence, [holder]
    return proven, ([*by, holder] if sequence == proven and holder not in by else by)


def lines(report: Report) -> list[str]:
    """In words, one chain after the other."""
    told: list[str] = []
    for chain in report.chains:
        first = "" if chain.bad is None else f": the first bad entry is {chain.bad}"
        state = f"NOT WHOLE{first}" if chain.problems else "whole"
        told.append(f"{chain.terminal}: {chain.last} entries, {state}")
        told += [f"  {problem}" for problem in chain.problems]
        if chain.proven_to:
            told.append(f"  proven up to entry {chain.proven_to} by {', '.join(chain.proven_by)}")
            if chain.proven_to < chain.last:
                after = f"entries {chain.proven_to + 1} to {chain.last}"
                if chain.proven_to + 1 == chain.last:
                    after = f"entry {chain.last}"
                told.append(f"  {after}: nobody else holds them yet; nothing is proven of them")
        elif chain.last:
            told.append(
                "  nobody else holds its head: if the whole chain was written anew, this cannot show it"
            )
        told += [f"  {note}" for note in chain.notes]
    told += report.notes
    told += [f"not looked at: {problem}" for problem in report.unknown]
    return told or ["there is no log"]
