"""Probes of what a code host says of a version: its checks, its scan, its review."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from tfdash.model.commits import CommitCheck, SeenCommit, commit_key
from tfdash.model.run import Probed
from tfdash.model.verdict import UnknownKind
from tfdash.nouns import counted
from tfdash.playbook.procedures.probe import Probe, ProbeArgument, ProbeCase
from tfdash.playbook.procedures.probes.look import ProbeLook
from tfdash.text import safe

Judged = Callable[[ProbeLook, SeenCommit, str], Probed]
SOURCE = "pipelines"
"""The source that reads them; it is there where one is configured."""
_ARGUMENTS = (
    ProbeArgument(id="pipeline", title="which of [procedures.pipelines]"),
    ProbeArgument(id="version", title="a tag, a branch or a commit"),
)


def _read(judge: Judged, case: ProbeCase) -> Probed:
    look = ProbeLook(case)
    name, version = look.argument("pipeline"), look.argument("version")
    seen = case.picture.signals.commits.get(commit_key(name, version))
    told = f"{version} of {name}"
    if seen is None:
        recovery = case.policies.recovery if case.policies is not None else None
        there = any(id == SOURCE for id in case.picture.sources)
        known = name in recovery.pipelines if recovery is not None else there
        if not known:
            return look.unclear(UnknownKind.NOT_WATCHED, f"no pipeline {name} is configured")
        if not there:
            return look.unclear(UnknownKind.NOT_WATCHED, f"{told}: nothing here asks its code host")
        return look.unclear(UnknownKind.LOADING, f"{told}: it is read once an open run asks for it")
    if seen.problem is not None:
        return look.unclear(UnknownKind.QUERY_ERROR, f"{told}: {seen.problem.cause}")
    if seen.value is None:
        return look.unclear(UnknownKind.LOADING, f"{told}: still loading")
    if (old := look.old(seen)) is not None:
        return look.unknown(old, f"{told}: ")
    found = judge(look, seen.value, f"{version} ({seen.value.commit[:12]})")
    return msgspec.structs.replace(found, line=safe(seen.value.lines[judge is _review]))


def _checks(look: ProbeLook, seen: SeenCommit, told: str) -> Probed:
    named = set(seen.needed)
    found = (
        [one for one in seen.checks if one.name in named] if named else [c for c in seen.checks if c.counts]
    )
    return _passed(look, found, seen.needed, told, "checks")


def _scans(look: ProbeLook, seen: SeenCommit, told: str) -> Probed:
    if not seen.scans:
        return look.unclear(
            UnknownKind.NOT_WATCHED, f"{told}: no scan is named; add scans to its [procedures.pipelines]"
        )
    found = [one for one in seen.checks if one.name in set(seen.scans)]
    return _passed(look, found, seen.scans, told, "scans")


def _passed(
    look: ProbeLook, found: Sequence[CommitCheck], names: Sequence[str], told: str, noun: str
) -> Probed:
    """What is named must have passed, each; a check that was skipped has tested nothing."""
    failed = [one for one in found if one.passed is False]
    if failed:
        return look.said(False, f"{told}: {', '.join(f'{one.name} {one.word}' for one in failed[:5])}")
    if missing := [name for name in names if name not in {one.name for one in found}]:
        return look.unclear(UnknownKind.NO_DATA, f"{told}: {', '.join(missing)} did not run")
    if going := [one for one in found if one.passed is None]:
        words = ", ".join(f"{one.name} {one.word}" for one in going[:5])
        return look.unclear(UnknownKind.LOADING, f"{told}: {words}")
    if not found:
        return look.unclear(UnknownKind.NO_DATA, f"{told}: it has no {noun}")
    return look.said(True, f"{told}: {counted(len(found), noun[:-1])} passed")


def _review(look: ProbeLook, seen: SeenCommit, told: str) -> Probed:
    if not seen.review:
        return look.said(False, f"{told}: nobody reviewed it: no review has this commit")
    at = f"{told}, {seen.review}"
    if seen.against:
        return look.said(False, f"{at}: {', '.join(seen.against)} asked for changes")
    if len(seen.approved) >= seen.reviews:
        return look.said(True, f"{at}: approved by {', '.join(seen.approved)}")
    have = f"{len(seen.approved)} of {counted(seen.reviews, 'approval')}"
    earlier = f"; {', '.join(seen.earlier)} approved what it was before" if seen.earlier else ""
    return look.said(False, f"{at}: {have}{earlier}")


PROBES = tuple(
    Probe(
        id=f"pipeline.{id}",
        title=title,
        judge=partial(_read, judge),
        line=lambda arguments: "",  # whose server it is stands in what was read
        arguments=_ARGUMENTS,
    )
    for id, title, judge in (
        ("checks-passed", "the checks of {version} passed", _checks),
        ("scan-passed", "the security scan of {version} passed", _scans),
        ("review-approved", "{version} was reviewed and approved", _review),
    )
)
