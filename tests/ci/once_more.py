"""pytest for ``.ci/run``: who failed is run once more, alone: ``python -m tests.ci.once_more LEDGER [pytest's arguments]``.

A test that passes then is named FLAKY, with the seed that it failed with, and the run goes on: it is a defect to mend next,
not a reason to turn a good change away. Two of them in one ``.ci/run`` fail it, and so does one among what acts, writes,
stores, gates or sets an exit code. ``LEDGER`` is a file that the suites of one ``.ci/run`` share; ``--tell LEDGER`` prints it.
Never excused: a crash, an error outside a test, no test at all, and any test that fails twice.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

MOST_FLAKY = 1  # in one .ci/run
MOST_AGAIN = 5  # more failures than that are no accident: nothing is run again
GUARDED = re.compile(
    r"(?i)(?<![a-z])(actions?|acting|writers?|stores?|gates?|approvals?|exits?|codes?|report|output|snapshots?|digests?|cluster_memory|test_cli)(?![a-z])"
)
_SEED = re.compile(r"--hypothesis-seed=\d+|@reproduce_failure\([^\n]*\)|@seed\(\d+\)")
_KEPT = ("--platform",)  # of the arguments, for a run alone


@dataclass(frozen=True)
class Failure:
    """``id``: pytest's own, empty where what failed is no test that could be run again (a crash, a collection)."""

    name: str
    id: str
    seed: str = ""


@dataclass(frozen=True)
class Results:
    """What the JUnit file of one run says; None of ``passed`` is known where it could not be read."""

    passed: int
    failures: tuple[Failure, ...]


@dataclass(frozen=True)
class Flaky:
    id: str
    seed: str

    def __str__(self) -> str:
        return f"FLAKY {self.id} ({self.seed}): it failed, and passed alone. A defect: mend it next."


def read(junit: Path, seed: str) -> Results:
    """Raises ``OSError`` or ``ElementTree.ParseError`` where pytest did not get to the end of it."""
    passed = 0
    failures: dict[str, Failure] = {}
    for case in ElementTree.parse(junit).iter("testcase"):
        found = [p.get("value", "") for p in case.iter("property") if p.get("name") == "nodeid"]
        wrong = [e for e in case if e.tag in ("failure", "error")]
        name = f"{case.get('classname')}::{case.get('name')}"
        if wrong:
            told = "".join((e.get("message") or "") + (e.text or "") for e in wrong)
            hint = _SEED.search(told)
            failures[name] = Failure(
                name, found[0] if found else "", f"{seed} {hint.group()}" if hint else seed
            )
        elif case.find("skipped") is None:
            passed += 1
    return Results(passed, tuple(failures.values()))


def judge(
    code: int, results: Results | None, earlier: int, again: Callable[[str], bool]
) -> tuple[str, tuple[Flaky, ...]]:
    """Why the run failed, empty where it did not, and what was flaky. ``again(id)`` runs one alone: did it pass?"""
    if results is None or code not in (0, 1):
        return f"pytest ended with {code}", ()
    if code == 0 and not results.failures:
        return ("" if results.passed else "no test was run"), ()
    if not results.failures:
        return f"pytest ended with {code} though no test failed", ()
    if lost := [f.name for f in results.failures if not f.id]:
        return f"not a test that failed: {', '.join(lost)}", ()
    if len(results.failures) > MOST_AGAIN:
        return f"{len(results.failures)} failed; that many are not run again", ()
    real, flaky = [], []
    for failure in results.failures:
        if again(failure.id):
            flaky.append(Flaky(failure.id, failure.seed))
        else:
            real.append(failure.id)
    if real:
        return f"failed twice: {', '.join(real)}", tuple(flaky)
    if guarded := [f.id for f in flaky if GUARDED.search(f.id)]:
        return f"flaky where nothing may be (it acts, stores, gates or exits): {', '.join(guarded)}", tuple(
            flaky
        )
    if earlier + len(flaky) > MOST_FLAKY:
        return f"{earlier + len(flaky)} flaky tests in one run", tuple(flaky)
    return "", tuple(flaky)


def _pytest(*argv: str) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *argv], check=False).returncode


def _alone(kept: Sequence[str]) -> Callable[[str], bool]:
    def again(test: str) -> bool:
        print(f"\nonce more, alone: {test}", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            junit = Path(folder) / "junit.xml"
            code = _pytest("-q", f"--junitxml={junit}", *kept, test)
            return code == 0 and read(junit, "").passed > 0  # one that is skipped now did not pass

    return again


def _earlier(ledger: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in ledger.read_text().splitlines()] if ledger.exists() else []


def tell(ledger: Path) -> None:
    """The last lines of a ``.ci/run``: what was flaky, then the closing line of each suite."""
    lines = _earlier(ledger)
    for line in lines:
        if "id" in line:
            print(Flaky(line["id"], line["seed"]))
    for line in lines:
        if "closing" in line:
            print(line["closing"])


def run(ledger: Path, argv: Sequence[str]) -> int:
    os.environ.setdefault("PYTHONHASHSEED", str(secrets.randbelow(1 << 32)))
    seed = f"PYTHONHASHSEED={os.environ['PYTHONHASHSEED']}"
    print(seed, flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        junit = Path(folder) / "junit.xml"
        code = _pytest(f"--junitxml={junit}", *argv)
        try:
            results = read(junit, seed)
        except (OSError, ElementTree.ParseError):
            results = None
    earlier = sum("id" in line for line in _earlier(ledger))
    wrong, flaky = judge(code, results, earlier, _alone([a for a in argv if a in _KEPT]))
    passed = (results.passed if results is not None else 0) + len(flaky)
    failed = len(results.failures) - len(flaky) if results is not None else 0
    told = [f"{passed} passed"] + ([f"{len(flaky)} of them FLAKY"] if flaky else [])
    closing = f"=== {f'{failed} failed, ' if failed else ''}{', '.join(told)} in {time.monotonic() - began:.0f}s ==="
    with ledger.open("a") as out:
        for one in flaky:
            print(one, flush=True)
            out.write(json.dumps(asdict(one)) + "\n")
        out.write(json.dumps({"closing": closing}) + "\n")
    if wrong:
        print(f"FAILED: {wrong}")
    print(closing, flush=True)
    return 0 if not wrong else code if code > 0 else 1


def main(argv: Sequence[str]) -> int:
    if len(argv) == 2 and argv[0] == "--tell":
        tell(Path(argv[1]))
        return 0
    if not argv:
        print(__doc__, file=sys.stderr)
        return 64
    return run(Path(argv[0]), argv[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
