"""What opening a procedure costs: its file read and held against what there is, written out for its inputs, the state of a run that was just
begun, and the document of all its steps; what the wall of faults of a broken file costs; and what it takes to go on with a run of many events: out
of the entries of the audit log, out of its journal, and out of a file that another terminal handed over.

python -m benchmarks.procedures [--steps 200] [--events 10000] [--taken-up 4000]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from tests.unit.procedures.world import Terminal
from tfdash.config.problems import ConfigError
from tfdash.model.run import RunEvent, RunEventKind, RunJournal
from tfdash.model.store_state import Entry, EntryKind
from tfdash.playbook.procedures.expansion import expanded
from tfdash.playbook.procedures.reading import digest_of, read_procedure
from tfdash.playbook.procedures.settings import ProceduresSettings
from tfdash.playbook.procedures.started import run_id
from tfdash.playbook.procedures.state import RunStates, run_state
from tfdash.procedures.handing_over import FORMAT, RunFile
from tfdash.procedures.vocabulary import vocabulary_of
from tfdash.report.runbooks.document import document
from tfdash.report.runbooks.text import as_text
from tfdash.store.log.audit_projection import AuditProjection
from tfdash.store.log.canonical import dump, plain
from tfdash.store.log.run_facts import event_data

ROUNDS = 5
ID, SERVICE = "many", "Deployment shop/checkout"
_HEAD = """title = "many steps for {service.name}"
holds = ["{service}"]

[[inputs]]
id = "service"
title = "the service"
type = "workload"

"""


def procedure(steps: int) -> str:
    """A tenth of the steps each are a group; the rest are what a runbook has: checks, actions, signatures, decisions and waits."""
    return _HEAD + "\n".join(_steps(steps))


def _steps(count: int) -> Iterator[str]:
    kinds = (
        'kind = "check"\nasks = [{ probe = "workload.serving", workload = "{service}" }]\nneeds = ["cluster"]',
        'kind = "action"\naction = "workload.restart"\nsubject = "{service}"\nneeds = ["cluster"]\n'
        'after = [{ probe = "workload.serving", workload = "{service}" }]\ntarget = "5m"',
        'kind = "manual"\ntext = "Look at {service.name} and note what you saw, who saw it, and since when it is so."\nevidence = ["note"]',
        'kind = "wait"\nasks = [{ probe = "workload.serving", workload = "{service}" }]\nlasts = "5m"\ntimeout = "30m"',
    )
    for n in range(count):
        if n % 10 == 0:
            yield f'[[steps]]\nid = "group-{n}"\ntitle = "group {n}"\nkind = "group"\nparallel = true\n'
        else:
            yield f'[[steps.steps]]\nid = "step-{n}"\ntitle = "step {n} of {{service.name}}"\n{kinds[n % 4]}\n'


def _begun(text: str) -> RunJournal:
    inputs = {"service": [SERVICE]}
    run = run_id(ID, digest_of(text), "t", inputs, "n")
    data = {"procedure": ID, "text": text, "digest": digest_of(text), "inputs": inputs, "nonce": "n"}
    started = RunEvent(
        run=run, number=1, at=0.0, kind=RunEventKind.STARTED, by="ada", terminal="t", data=data
    )
    return RunJournal(id=run, events=(started,))


def _grown(journal: RunJournal, count: int) -> RunJournal:
    """A run that three people work on until it has ``count`` events: each step that is next is claimed, done or skipped, with notes between."""
    states, events = RunStates(), list(journal.events)

    def add(kind: RunEventKind, step: str, attempt: int = 0, **data: object) -> None:
        number = len(events) + 1
        who = ("t", "u", "v")[number % 3] if kind is RunEventKind.NOTE else "t"
        told = {
            "run": journal.id,
            "at": float(number),
            "by": who,
            "terminal": who,
            "sentence": "as it was seen",
        }
        events.append(RunEvent(number=number, kind=kind, step=step, attempt=attempt, data=data, **told))

    while len(events) < count - 3:
        now = states.of(RunJournal(id=journal.id, events=tuple(events)))
        steps = {one.id: one for one in now.steps}
        left = count - len(events)
        for id in now.next[:3]:
            add(RunEventKind.CLAIMED, id, fence=steps[id].fence + 1, kept_by="store")
            add(RunEventKind.BEGUN, id, steps[id].attempt + 1, fence=steps[id].fence + 1, mark={"uid": id})
            done = RunEventKind.DONE if left < count // 2 else RunEventKind.FAILED
            add(done, id, steps[id].attempt + 1)
            for _ in range(20):
                add(RunEventKind.NOTE, id, note="what was seen")
        if not now.next:
            add(RunEventKind.NOTE, "", note="what was seen")
    return RunJournal(id=journal.id, events=tuple(events[:count]))


def _entries(journal: RunJournal) -> list[Entry]:
    return [
        Entry(
            version=1,
            terminal=event.terminal,
            sequence=event.number,
            at=event.at,
            kind=EntryKind.NOTE,
            actor=event.by,
            sentence=event.sentence,
            data=dump(plain(event_data(event))),
        )
        for event in journal.events
    ]


def _resumed(text: str, count: int) -> None:
    journal = _grown(_begun(text), count)
    entries, last = _entries(journal), RunJournal(id=journal.id, events=journal.events[:-1])
    steps = run_state(journal).steps
    print(f"a run of {len(journal.events):,} events, {sum(bool(one.began) for one in steps)} steps begun")

    def resumed() -> None:
        projection = AuditProjection(lambda digest: "")
        for one in entries:
            projection.apply(one)
        run_state(projection.runs.told()[journal.id])

    _taken("out of the entries of the log", resumed)
    _taken("out of its journal", lambda: run_state(journal))
    known = [RunStates() for _ in range(ROUNDS)]
    for one in known:
        one.of(last)
    ready = iter(known)
    _taken("one event more", lambda: next(ready).of(journal))


def _taken_up(text: str, count: int) -> None:
    """From a file into a log on this disk, with all that a terminal does: the disk's own time is in it, so processor time stands beside it."""
    journal = _grown(_begun(text), count)
    made = RunFile(format=FORMAT, run=journal.id, made_at=0.0, by="t", terminal="t", events=journal.events)
    with tempfile.TemporaryDirectory() as made_in:
        folder = Path(made_in)
        (folder / "run").write_bytes(msgspec.json.encode(made))
        at = Terminal(folder, {})
        began, busy = time.perf_counter(), time.process_time()
        at.call(at.runs.resume(str(folder / "run")))
        took, used = time.perf_counter() - began, time.process_time() - busy
        at.end()
    print(
        f"{f'a file of {count:,} events is taken up, once':<44} {took * 1000:7.1f} ms, {used * 1000:.1f} of the processor"
    )


def _taken(what: str, work: Callable[[], object]) -> None:
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    print(f"{what:<44} {best * 1000:7.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--taken-up", type=int, default=4_000)
    given = parser.parse_args()
    steps = given.steps
    text, known = procedure(steps), vocabulary_of(ProceduresSettings())
    inputs, own = {"service": (SERVICE,)}, {"run": "r", "environment": "live", "cluster": "c"}
    found = read_procedure(ID, text, "", known)
    print(f"{steps} steps, {len(text.encode()) / 1024:.0f} KB; the best of {ROUNDS}")
    _taken("read and held against what there is", lambda: read_procedure(ID, text, "", known))
    _taken("written out for its inputs", lambda: expanded(found, inputs, own))
    _taken("its document, as text", lambda: as_text(document(found)))
    fresh = iter([_begun(f"{text}# {n}\n") for n in range(ROUNDS)])
    _taken("a run that was just begun, from its journal", lambda: run_state(next(fresh)))

    def opened() -> None:
        read = read_procedure(ID, text, "", known)
        expanded(read, inputs, own)
        document(read)

    _taken("all of it: a procedure opens", opened)
    broken = text.replace("workload.restart", "workload.restrat")

    def refused() -> None:
        with suppress(ConfigError):
            read_procedure(ID, broken, "", known)

    _taken("one with a fault in every action is refused", refused)
    _resumed(text, given.events)
    _taken_up(text, given.taken_up)


if __name__ == "__main__":
    main()
