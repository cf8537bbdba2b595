"""What is said of a chain by what its holders have: whole, wrong from where, proven up to where and by whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec import structs

from tests.unit.store.helpers import note
from tfdash.store.log.anchors import SHARED, Head
from tfdash.store.log.canonical import GENESIS, seal
from tfdash.store.log.chain import StoredEntry
from tfdash.store.log.reading import LogHolder
from tfdash.store.log.redact import Redactor
from tfdash.store.log.verify import Chain, Report, lines, verify

Rows = tuple[StoredEntry, ...]
REDACT = Redactor()


def chain(
    number: int, terminal: str = "t1", anew_from: int = 99, told: Mapping[int, dict[str, Any]] | None = None
) -> Rows:
    """So many entries; another story from ``anew_from`` on; ``told``: other fields of some."""
    rows, previous = [], GENESIS
    for n in range(1, number + 1):
        sentence = f"{'another' if n >= anew_from else 'entry'} {n}"
        draft = note(**{"sentence": sentence, **(told or {}).get(n, {})})
        entry, raw = seal(draft.placed(terminal, n, previous, REDACT)[0])
        previous = entry.hash
        rows.append(StoredEntry(terminal, n, raw, entry.hash, "bob"))
    return tuple(rows)


def held(kind: str, rows: Rows = (), **more: Any) -> LogHolder:
    return LogHolder(**{"name": kind, "rows": rows, "kind": kind, **more})


ROWS, ANEW = chain(4), chain(4, anew_from=3)


def head(sequence: int, rows: Rows = ROWS, holder: str = "post", **more: Any) -> Head:
    hash_ = rows[sequence - 1].hash if 0 < sequence <= len(rows) else "f" * 64
    return Head(terminal="t1", sequence=sequence, hash=hash_, holder=holder, **more)


def said(last: int = 4, *problems: str, **more: Any) -> Chain:
    return Chain(terminal="t1", last=last, problems=problems, **more)


LOCAL = held("local", ROWS, place="/a")
CUT = "the tail was cut: "
OTHERS = "forked or written anew: local and shared hold different entries 3"
FILE = "file /mnt/heads"


@pytest.mark.parametrize(
    ("sources", "anchors", "expected"),
    [
        ([LOCAL], [], said()),
        # who else holds it proves it up to there; the same hands prove nothing
        ([LOCAL, held("shared", ROWS[:3])], [], said(proven_to=3, proven_by=("shared",))),
        ([LOCAL, held("copy", ROWS[:2], place="/b")], [], said(proven_to=2, proven_by=("copy",))),
        ([LOCAL, held("copy", ROWS, place="/a")], [], said()),
        ([held("local", ROWS), held("copy", ROWS)], [], said(proven_to=4, proven_by=("copy",))),
        (
            [LOCAL, held("shared", ROWS[:3]), held("copy", ROWS[:3], place="/b")],
            [],
            said(proven_to=3, proven_by=("shared", "copy")),
        ),
        ([LOCAL], [head(2)], said(proven_to=2, proven_by=("post",))),
        ([LOCAL], [head(2), head(3, holder="safe"), head(1)], said(proven_to=3, proven_by=("safe",))),
        ([LOCAL], [head(2), head(2), head(2, holder="safe")], said(proven_to=2, proven_by=("post", "safe"))),
        ([structs.replace(LOCAL, heads=(head(4, holder="lock"),))], [], said()),
        ([LOCAL], [head(0)], said()),
        # an anchor that says something else
        (
            [LOCAL],
            [head(3, ANEW)],
            said(
                4,
                f"broken anchor: post holds entry 3 as {ANEW[2].hash[:12]}, here it is {ROWS[2].hash[:12]}",
                bad=3,
            ),
        ),
        ([LOCAL], [head(6)], said(4, f"{CUT}post holds entry 6, local ends at 4", bad=5)),
        (
            [structs.replace(LOCAL, heads=(head(6, holder="lock"),))],
            [head(2)],
            said(4, f"{CUT}lock holds entry 6, local ends at 4", bad=5, proven_to=2, proven_by=("post",)),
        ),
        ([], [head(4)], said(0, "the whole chain is gone: post holds its head at entry 4", bad=1)),
        # holders that differ
        (
            [LOCAL, held("shared", ANEW)],
            [],
            said(4, OTHERS, bad=3, proven_to=2, proven_by=("shared",)),
        ),
        (
            [held("shared", ANEW), LOCAL],
            [],
            said(4, OTHERS.replace("local and shared", "shared and local"), bad=3, proven_to=2, proven_by=("shared",)),
        ),
        (
            [held("local", ROWS[:2]), held("shared", ROWS)],
            [],
            said(2, f"{CUT}shared holds entries up to 4, local up to 2", bad=3, proven_to=2, proven_by=("shared",)),
        ),
        # in itself
        ([held("local", (ROWS[0], ROWS[2], ROWS[3]))], [], said(4, "local: entry 2 is missing", bad=2)),
        (
            [held("local", (ROWS[0], ROWS[1], ROWS[0]))],
            [],
            said(2, "local: entry 1 is out of order: it stands behind entry 2", bad=1),
        ),
        (
            [held("local", (ROWS[0], ROWS[2], ROWS[3])), held("shared", ROWS)],
            [],
            said(4, "local: entry 2 is missing", bad=2, proven_to=1, proven_by=("shared",)),
        ),
        # what does not hold together proves nothing of another
        (
            [LOCAL, held("shared", (ROWS[0], ROWS[2]))],
            [],
            said(4, "shared: entry 2 is missing", bad=2),
        ),
        (
            [LOCAL, held("fork", (ANEW[2],))],
            [],
            said(4, "forked: the shared store was offered another entry 3 by bob", bad=3),
        ),
        # put there twice
        (
            [LOCAL, held("local", ROWS[:2], name="next", place="/a")],
            [],
            said(4, "the chain stands twice: next is a copy that was put beside local", bad=1),
        ),
        (
            [LOCAL, held("local", ROWS[:2], name="next", place="/b")],
            [],
            said(proven_to=2, proven_by=("next",)),
        ),
        # what the shared store took and should hold
        (
            [structs.replace(LOCAL, heads=(head(3, holder="t1", taken_by=SHARED),)), held("shared", ROWS[:2])],
            [],
            said(
                4,
                "the tail was cut in the shared store: it took entry 3 and ends at 2",
                bad=3,
                proven_to=2,
                proven_by=("shared",),
            ),
        ),
        (
            [structs.replace(LOCAL, heads=(head(2, holder="t1", taken_by=SHARED),)), held("shared", ROWS[:2])],
            [],
            said(proven_to=2, proven_by=("shared",)),
        ),
        (
            [structs.replace(LOCAL, heads=(head(1, holder="t1", taken_by=SHARED),)), held("shared")],
            [],
            said(4, "the tail was cut in the shared store: it took entry 1 and ends at 0", bad=1),
        ),
        ([structs.replace(LOCAL, heads=(head(3, holder="t1", taken_by=SHARED),))], [], said()),  # it was not read
        (
            [LOCAL, held("shared", ROWS[:2]), held("copy", ROWS[:3], name="copies in b", place="/b")],
            [],
            said(
                4,
                "the tail was cut in the shared store: copies in b hold entries up to 3",
                bad=3,
                proven_to=3,
                proven_by=("copies in b",),
            ),
        ),
        (
            [held("shared"), held("copy", ROWS[:3], name="copies in b", place="/b")],
            [],
            said(3, "the tail was cut in the shared store: copies in b hold entries up to 3", bad=1),
        ),
    ],
)  # fmt: skip  # a row is one case
def test_what_is_said_of_a_chain(sources: list[LogHolder], anchors: list[Head], expected: Chain) -> None:
    assert verify(sources, anchors) == Report(chains=(expected,))


@pytest.mark.parametrize(
    ("took", "anchors", "read", "problem"),
    [
        (3, [], [FILE], f"the anchors were cut: {FILE} took entry 3 and holds none"),
        (3, [1, 2], [FILE], f"the anchors were cut: {FILE} took entry 3 and holds only entry 2"),
        (3, [3], [FILE], None),
        (3, [], [], None),  # it was not looked at
        (3, [], ["file /other"], None),
    ],
)
def test_anchors_that_were_cut(took: int, anchors: list[int], read: list[str], problem: str | None) -> None:
    local = structs.replace(LOCAL, heads=(head(took, holder="t1", taken_by=FILE),))
    others = [Head(terminal="t2", sequence=9, hash="f" * 64, holder="post", taken_by=FILE)]
    kept = [head(n, taken_by=FILE) for n in anchors]
    [one, *_] = verify([local], [*kept, head(1, holder="else", taken_by="x"), *others], read=read).chains
    assert one.problems == ((problem,) if problem else ())
    assert one.bad == (max(anchors, default=0) + 1 if problem else None)


def noted(reason: str = "cut", **more: Any) -> dict[str, Any]:
    return {"actor": "tfdash", "data": {"chain": {"reason": reason, **more}}}


@pytest.mark.parametrize(
    ("fields", "terminal", "bad"),
    [
        *[
            (noted(r, sequence=4, terminal="t2"), "t2", 4)
            for r in ("cut", "changed", "gone", "forked", "damaged")
        ],
        (noted(sequence="x", terminal="t2"), "t2", 0),
        (noted(sequence=2), "t1", 2),
        (noted("joined", sequence=4, terminal="t2"), None, None),
        ({**noted(sequence=4), "actor": "ann"}, None, None),
        ({"actor": "tfdash", "data": {"chain": "cut"}}, None, None),
    ],
)
def test_what_a_terminal_found_out_is_told_of_its_chain(
    fields: dict[str, Any], terminal: str | None, bad: int | None
) -> None:
    rows = chain(2, told={1: fields, 2: {**fields, "sentence": "entry 1"}})
    found = {c.terminal: c for c in verify([held("local", rows)]).chains}
    problems = {t: c.problems for t, c in found.items() if c.problems}
    assert problems == ({terminal: ("its terminal found out: entry 1",)} if terminal else {})
    if terminal:
        assert found[terminal].bad == bad


def test_what_could_not_be_looked_at() -> None:
    away = held("shared", name="the store", problem="refused", notes=("n", "n"))
    blind = verify([away], [head(4)], unknown=("x",))
    assert blind == Report(
        chains=(),
        unknown=("x", "the store: refused", "t1, which post holds up to entry 4"),
        notes=("n",),
    )
    seeing = verify([structs.replace(away, heads=(head(3, holder="lock"),))], [head(4)])
    assert [c.problems for c in seeing.chains] == [
        tuple(
            f"the whole chain is gone: {h} holds its head at entry {n}" for h, n in (("lock", 3), ("post", 4))
        )
    ]
    assert verify([away], [head(0)]).unknown == ("the store: refused",)
    [known] = verify([LOCAL, away], [head(4)]).chains
    assert (known.problems, known.proven_to) == ((), 4)


@pytest.mark.parametrize(
    ("chains", "unknown", "code"),
    [
        ([said()], (), 0),
        ([said()], ("x",), 2),
        ([said(), said(4, "p")], (), 1),
        ([said(), said(4, "p")], ("x",), 1),
        ([], (), 0),
    ],
)
def test_the_code(chains: list[Chain], unknown: tuple[str, ...], code: int) -> None:
    assert Report(chains=tuple(chains), unknown=unknown).code == code


UNPROVEN = "  nobody else holds its head: if the whole chain was written anew, this cannot show it"


@pytest.mark.parametrize(
    ("report", "told"),
    [
        (Report(chains=()), ["there is no log"]),
        (Report(chains=(), notes=("n",), unknown=("x",)), ["n", "not looked at: x"]),
        (Report(chains=(said(),)), ["t1: 4 entries, whole", UNPROVEN]),
        (Report(chains=(said(0),)), ["t1: 0 entries, whole"]),
        (
            Report(chains=(said(4, "p", "q", bad=3, notes=("n",)),)),
            ["t1: 4 entries, NOT WHOLE: the first bad entry is 3", "  p", "  q", UNPROVEN, "  n"],
        ),
        (
            Report(chains=(said(proven_to=4, proven_by=("a", "b")),)),
            ["t1: 4 entries, whole", "  proven up to entry 4 by a, b"],
        ),
        *[
            (
                Report(chains=(said(proven_to=to, proven_by=("a",)),)),
                [
                    "t1: 4 entries, whole",
                    f"  proven up to entry {to} by a",
                    f"  {after}: nobody else holds them yet; nothing is proven of them",
                ],
            )
            for to, after in ((3, "entry 4"), (2, "entries 3 to 4"))
        ],
    ],
)
def test_in_words(report: Report, told: list[str]) -> None:
    assert lines(report) == told
