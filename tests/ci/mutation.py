"""``make mutation``: how many small changes of the rules the tests of those rules notice; what they do not notice is listed.

    python -m tests.ci.mutation [WORD ...] [--sample N] [--tests FILE ...]    # only modules with one of the words in their path

Each mutant runs against the tests of its part in a process forked from one that has everything imported. What changes inside
a function gets its new code there, and runs the tests that call it; what is read or called as modules are imported (tables,
defaults, factories) is imported anew. mutmut 3 was not taken because it changes no code outside functions (no tables) and
skips most decorated functions; how fast it or other tools are was not measured.
"""

from __future__ import annotations

import argparse
import ast
import gc
import json
import os
import random
import resource
import sys
import time
from collections.abc import Callable, Iterator
from importlib.machinery import PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any, NamedTuple

import pytest

from tests.ci.mutants import Mutant, mutants

CPU = (
    40  # seconds of a core, for a test under a mutant; what needs more goes round for ever, which is noticed
)
QUIET = ["-q", "-s", "-x", "--no-header", "--no-summary", "-p", "no:xdist", "-W", "ignore", "--timeout=600"]
OURS = tuple(f"{Path(tree).resolve()}{os.sep}" for tree in ("tfdash", "screens", "widgets", "tests"))


class Part(NamedTuple):
    """Modules that are judged by the same tests. Globs, from the root."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]


PARTS = (
    Part(
        (
            "tfdash/playbook/maintenance/[!s_]*.py",
            "tfdash/playbook/maintenance/shown.py",
            "tfdash/playbook/maintenance/standing.py",
            "tfdash/judging/maintenance.py",
            "tfdash/store/evidence_recorder.py",
        ),
        (
            "tests/unit/playbook/maintenance/test_*.py",
            "tests/unit/test_judging_maintenance.py",
            "tests/unit/store/test_live_evidence.py",
            "tests/unit/store/test_rules_on_record.py",
        ),
    ),
    Part(
        ("tfdash/playbook/certificates/[!_]*.py",),
        ("tests/unit/playbook/certificates/test_*.py", "tests/unit/actions/test_re[in]*.py"),
    ),
    Part(
        (
            "tfdash/playbook/versions/[!s]*.py",
            "tfdash/playbook/versions/s[ot]*.py",
            "tfdash/judging/versions.py",
        ),
        ("tests/unit/playbook/versions/test_*.py", "tests/unit/test_judging_versions.py"),
    ),
    Part(
        ("tfdash/actions/core/gate_rules.py", "tfdash/actions/core/guard.py"),
        ("tests/unit/actions/test_gate_rules.py",),
    ),
    Part(
        (
            "tfdash/actions/core/postconditions.py",
            "tfdash/actions/core/verification.py",
            "tfdash/actions/kubernetes/postconditions.py",
        ),
        ("tests/unit/actions/test_postconditions.py", "tests/unit/actions/test_verification.py"),
    ),
    Part(
        ("tfdash/playbook/section.py", "tfdash/playbook/*/section.py", "tfdash/playbook/nodes/*.py"),
        (
            "tests/unit/playbook/test_section_lines.py",
            "tests/unit/playbook/test_sections.py",
            "tests/unit/playbook/test_nodes.py",
        ),
    ),
    Part(
        ("tfdash/playbook/serving/[!s_]*.py", "tfdash/playbook/serving/causes/*.py"),
        tuple(
            f"tests/unit/playbook/test_{of}.py"
            for of in ("belongings", "causes*", "in_flight", "jobs", "rollout", "serving")
        ),
    ),
    Part(
        (
            "tfdash/playbook/releases/[!s_]*.py",
            "tfdash/playbook/releases/sides.py",
            "tfdash/playbook/releases/__init__.py",
        ),
        ("tests/unit/playbook/releases/test_*.py",),
    ),
    Part(("tfdash/playbook/canary/*.py",), ("tests/unit/playbook/canary/test_*.py",)),
    Part(("tfdash/playbook/schedule/*.py",), ("tests/unit/playbook/schedule/test_*.py",)),
    Part(("tfdash/actions/core/reconcile.py",), ("tests/unit/actions/test_reconcile.py",)),
    Part(
        ("tfdash/sources/kubernetes/malformed.py", "tfdash/sources/kubernetes/namespaces.py"),
        ("tests/unit/sources/test_decode.py", "tests/unit/sources/test_namespaces.py"),
    ),
    Part(("tfdash/views/found.py",), ("tests/unit/views/test_views_found.py",)),
    Part(
        ("tfdash/store/log/verify.py",),
        ("tests/unit/store/test_verify.py", "tests/unit/store/test_verify_table.py"),
    ),
)


def matching(patterns: tuple[str, ...]) -> list[str]:
    return list(dict.fromkeys(str(p) for pattern in patterns for p in sorted(Path().glob(pattern))))


def place(code: CodeType) -> str:
    return f"{code.co_filename}:{code.co_qualname}:{code.co_firstlineno}"


class Calls:
    """A plugin: which tests fail; and which functions of ``files`` each test calls, and which importing them calls."""

    def __init__(self, files: set[str] | None = None) -> None:
        self._files, self._now = files, set[str]()
        self.took: dict[str, float] = {}
        self.calls: dict[str, list[str]] = {}
        self.at_import: list[str] = []
        self.failed: list[str] = []

    def note(self, frame: FrameType, event: str, _: object) -> None:
        if event == "call" and self._files and frame.f_code.co_filename in self._files:
            self._now.add(place(frame.f_code))

    def pytest_collection_finish(self) -> None:
        self.at_import = sorted(self._now)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._now, begun = set(), time.process_time()
        limit(int(begun) + CPU)
        if self._files:
            sys.setprofile(self.note)
        try:
            return (yield)
        finally:
            sys.setprofile(None)
            self.took[item.nodeid] = time.process_time() - begun
            self.calls[item.nodeid] = sorted(self._now)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)


class Instead(PathFinder):
    """Imports one file as other code."""

    def __init__(self, path: str, code: CodeType) -> None:
        self._path, self._code = path, code

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or spec.origin != self._path:
            return None
        loader = SourceFileLoader(name, self._path)
        loader.get_code = lambda _: self._code  # type: ignore[method-assign, assignment]  # this loader's alone, made for one file
        spec.loader = loader
        return spec


def limit(seconds: int) -> None:
    """End this process when it has needed so many seconds of a core."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def forked(work: Callable[[], object]) -> Any:
    """What it returns in a process of its own; None where that had to be ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        limit(CPU)
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        with os.fdopen(writing, "w") as out:
            try:
                told = work()
            except BaseException as error:  # such as no test holds
                told = repr(error)
            json.dump(told, out)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else None


def afresh(tests: list[str], plugin: object, *finders: object) -> int:
    """Import all of ours anew, and run the tests."""
    for name, module in list(sys.modules.items()):
        if name != __name__ and (getattr(module, "__file__", "") or "").startswith(OURS):
            del sys.modules[name]
    sys.meta_path[:0] = finders  # type: ignore[arg-type]  # the stubs ask for a class method, import for the method alone
    return int(pytest.main([*QUIET, *tests], plugins=[plugin]))


def pairs(old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """Code that differs, with its new form: the outermost first."""
    if old != new:
        yield old, new
        olds, news = ([c for c in code.co_consts if isinstance(c, CodeType)] for code in (old, new))
        for a, b in zip(olds, news, strict=False):
            yield from pairs(a, b)


def own(code: CodeType) -> tuple[object, ...]:
    """What of it is not in the functions inside it."""
    consts = [c for c in code.co_consts if not isinstance(c, CodeType)]
    functions = len(code.co_consts) - len(consts)
    return code.co_code, code.co_names, repr(consts), functions, code.co_varnames, code.co_freevars


def is_function(code: CodeType) -> bool:
    """Not a module, nor the body of a class: these run when they are imported."""
    return bool(code.co_flags & 1)


class Trial:
    """Tries mutants in a session that has collected the tests of their part."""

    def __init__(self, session: pytest.Session, files: list[str]) -> None:
        self._session, self._items = session, {item.nodeid: item for item in session.items}
        self._tests = list(dict.fromkeys(nodeid.partition("::")[0] for nodeid in self._items))
        told = forked(lambda: self._unchanged({os.path.abspath(file) for file in files}))
        if not isinstance(told, list):
            raise SystemExit(f"these fail without any change: {told or self._tests}")
        self._took, self._calls, self._at_import = told
        self._order = sorted(
            self._took, key=self._took.__getitem__
        )  # who noticed a mutant is asked first for the next

    def _unchanged(self, files: set[str]) -> object:
        plugin = Calls(files)
        sys.setprofile(plugin.note)
        afresh(self._tests, plugin)
        return " ".join(plugin.failed) or [plugin.took, plugin.calls, plugin.at_import]

    def noticed(self, before: CodeType, after: CodeType) -> str | None:
        """By which test, "" by none; None where the compiler makes the same of it."""
        changed = list(pairs(before, after))
        if not changed:
            return None
        path, functions = before.co_filename, {place(a): b for a, b in changed if is_function(a)}
        inside = [a for a, b in changed if own(a) != own(b)]
        if any(not is_function(a) or place(a) in self._at_import for a in inside):
            told = forked(lambda: self._anew(path, after))
        else:
            chosen = [t for t in self._order if functions.keys() & set(self._calls[t])]
            told = forked(lambda: self._exchanged(path, functions, chosen)) if chosen else ""
        if told in self._took:
            self._order.remove(told)
            self._order.insert(0, told)
        return "without end" if told is None else str(told)

    def _anew(self, path: str, after: CodeType) -> str:
        plugin = Calls()
        code = afresh(self._tests, plugin, Instead(path, after))
        return (plugin.failed or ["importing it"])[0] if code else ""

    def _exchanged(self, path: str, functions: dict[str, CodeType], chosen: list[str]) -> str:
        for found in gc.get_objects():
            if isinstance(found, FunctionType) and found.__code__.co_filename == path:
                found.__code__ = functions.get(place(found.__code__), found.__code__)
        plugin = Calls()
        self._session.config.pluginmanager.register(plugin)
        for test, following in zip(chosen, [*chosen[1:], None], strict=True):
            after = self._items[following] if following else None
            self._session.config.hook.pytest_runtest_protocol(item=self._items[test], nextitem=after)
            if plugin.failed:
                return plugin.failed[0]
        return ""


class Loop:
    """A plugin: tries mutants in place of running the tests once."""

    def __init__(self, files: list[str], sample: int, every: bool) -> None:
        self._files, self._sample, self._every = files, sample, every

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        trial = Trial(session, self._files)
        for file in self._files:
            tree, path = ast.parse(Path(file).read_text("utf-8")), os.path.abspath(file)
            found = list(mutants(tree))
            if 0 < self._sample < len(found):
                found = sorted(random.Random(0).sample(found, self._sample), key=lambda m: m.line)
            before = compile(tree, path, "exec")
            ends = [(m, by) for m in found if (by := self._try(trial, file, m, before)) is not None]
            good = sum(bool(by) for _, by in ends)
            if ends:
                print(f"= {file}: {good} of {len(ends)}, {100 * good / len(ends):.0f} %", flush=True)
        return True

    def _try(self, trial: Trial, file: str, mutant: Mutant, before: CodeType) -> str | None:
        by = trial.noticed(before, mutant.compiled(before.co_filename))
        if by == "" or (by and self._every):
            print(f"{file}:{mutant.line}: {mutant.change}", *([f"  [{by}]"] if by else []), flush=True)
        return by


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.ci.mutation")
    parser.add_argument("words", nargs="*")
    parser.add_argument("--sample", type=int, default=0, help="so many of each module, always the same")
    parser.add_argument(
        "--tests", nargs="+", help="these instead of the part's: fewer notice less, and sooner"
    )
    parser.add_argument("--every", action="store_true", help="tell what is noticed, too, and by which test")
    asked = parser.parse_args()
    for part in PARTS:
        files = [f for f in matching(part.modules) if not asked.words or any(w in f for w in asked.words)]
        if files:
            loop = Loop(files, asked.sample, asked.every)
            if code := pytest.main([*QUIET, *(asked.tests or matching(part.tests))], plugins=[loop]):
                return int(code)
    return 0


if __name__ == "__main__":
    sys.exit(main())
