"""What opening a procedure costs: its file read and held against what there is, written out for its inputs, the state of a run that was just
begun, and the document of all its steps; and what the wall of faults of a broken file costs.

python -m benchmarks.procedures [--steps 200]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from tfdash.config.problems import ConfigError
from tfdash.model.run import RunEvent, RunEventKind, RunJournal
from tfdash.playbook.procedures.expansion import expanded
from tfdash.playbook.procedures.reading import digest_of, read_procedure
from tfdash.playbook.procedures.settings import ProceduresSettings
from tfdash.playbook.procedures.state import run_id, run_state
from tfdash.procedures.vocabulary import vocabulary_of
from tfdash.report.runbooks.document import document
from tfdash.report.runbooks.text import as_text

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
    steps = parser.parse_args().steps
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


if __name__ == "__main__":
    main()
