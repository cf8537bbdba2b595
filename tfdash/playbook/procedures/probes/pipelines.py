"""Probes of what a code host says of a version: its tag, its checks, its scan, its review, its notes."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import msgspec

from tfdash.model.commits import CommitCheck, SeenCommit, commit_key
from tfdash.model.run import Probed
from tfdash.model.verdict import UnknownKind
from tfdash.nouns import counted
from tfdash.playbook.procedures.probe import Probe, ProbeArgument, ProbeCase
from tfdash.playbook.procedures.probes.lines import remark
from tfdash.playbook.procedures.probes.look import ProbeLook
from tfdash.text import safe

Judged = Callable[[ProbeLook, SeenCommit, str], Probed]
Lined = Callable[[SeenCommit], str]
SOURCE = "pipelines"
"""The source that reads them; it is there where one is configured."""
_ARGUMENTS = (
    ProbeArgument(id="pipeline", title="which of [procedures.pipelines]"),
    ProbeArgument(id="version", title="the version, as its tag has it"),
    ProbeArgument(id="commit", title="of which commit, full or short; else that of its tag", needed=False),
)
_SHOWN = 12  # digits of a commit


def _read(judge: Judged, line: Lined, case: ProbeCase) -> Probed:
    look = ProbeLook(case)
    name, version = look.argument("pipeline"), look.argument("version")
    seen = case.picture.signals.commits.get(commit_key(name, version, look.argument("commit")))
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
    return msgspec.structs.replace(judge(look, seen.value, version), line=safe(line(seen.value)))


def _of_commit(judge: Judged) -> Judged:
    """What is asked of the commit that is tagged, or will be: while none is known it is nobody's."""

    def judged(look: ProbeLook, seen: SeenCommit, version: str) -> Probed:
        if not seen.commit:
            told = f"{version} is not tagged yet: name its commit when the run begins, or look there and sign"
            return look.unclear(UnknownKind.NO_DATA, told)
        if seen.tag and seen.tag != seen.commit:
            return look.said(False, _another(seen, version))
        return judge(look, seen, f"{version} ({seen.commit[:_SHOWN]})")

    return judged


def _another(seen: SeenCommit, version: str) -> str:
    return f"the tag {version} is of {seen.tag[:_SHOWN]}, not of {seen.commit[:_SHOWN]}"


def _tagged(look: ProbeLook, seen: SeenCommit, version: str) -> Probed:
    if not seen.tag:
        return look.said(False, f"{version} is not tagged yet")
    if seen.tag != seen.commit:
        return look.said(False, _another(seen, version))
    return look.said(True, f"the tag {version} is of {seen.tag[:_SHOWN]}")


def _notes(look: ProbeLook, seen: SeenCommit, version: str) -> Probed:
    if seen.notes is None:  # who may not see a draft is told of none
        return look.unclear(UnknownKind.NO_DATA, f"{version}: {seen.no_notes}")
    told = f"{version}: {seen.notes.what}"
    return look.said(seen.notes.written, f"{told} {'has notes' if seen.notes.written else 'says nothing'}")


def _checks(look: ProbeLook, seen: SeenCommit, told: str) -> Probed:
    named = set(seen.needed)
    found = (
        [one for one in seen.checks if one.name in named] if named else [c for c in seen.checks if c.counts]
    )
    return _passed(look, found, seen.needed, told, "checks")


def _scans(look: ProbeLook, seen: SeenCommit, told: str) -> Probed:
    return _named(look, seen, seen.scans, told, "scans")


def _migrations(look: ProbeLook, seen: SeenCommit, told: str) -> Probed:
    return _named(look, seen, seen.migrations, told, "migrations")


def _named(look: ProbeLook, seen: SeenCommit, names: Sequence[str], told: str, key: str) -> Probed:
    """Checks that only the configuration knows to be such."""
    if not names:
        words = f"{told}: no check of its {key} is named; add {key} to its [procedures.pipelines]"
        return look.unclear(UnknownKind.NOT_WATCHED, words)
    return _passed(look, [one for one in seen.checks if one.name in set(names)], names, told, "checks")


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


def _gh(what: str) -> Callable[[Mapping[str, str]], str]:
    def line(arguments: Mapping[str, str]) -> str:
        of = arguments.get("commit") or f"tags/{arguments.get('version', '')}"
        at = safe(shlex.quote(f"/commits/{of}/{what}"))
        return remark(
            f'gh api "repos/$REPOSITORY"{at}', "GitHub; of GitLab glab api, or its page of the commit"
        )

    return line


def _ls_remote(arguments: Mapping[str, str]) -> str:
    ref = f"refs/tags/{arguments.get('version', '')}"
    return safe(shlex.join(("git", "ls-remote", "origin", ref, f"{ref}^{{}}")))


def _releases(arguments: Mapping[str, str]) -> str:
    version = safe(shlex.quote(arguments.get("version", "")))
    return remark(f'gh release view {version} --repo "$REPOSITORY"', "of GitLab: glab release view")


PROBES = tuple(
    Probe(
        id=f"pipeline.{id}",
        title=title,
        judge=partial(_read, judge, line),
        line=plain,  # until it was read whose server it is
        arguments=_ARGUMENTS,
    )
    for id, title, judge, line, plain in (
        (
            "checks-passed",
            "the checks of {version} passed",
            _of_commit(_checks),
            lambda seen: seen.lines[0],
            _gh("check-runs"),
        ),
        (
            "scan-passed",
            "the security scan of {version} passed",
            _of_commit(_scans),
            lambda seen: seen.lines[0],
            _gh("check-runs"),
        ),
        (
            "migrations-verified",
            "the migrations of {version} are verified",
            _of_commit(_migrations),
            lambda seen: seen.lines[0],
            _gh("check-runs"),
        ),
        (
            "review-approved",
            "{version} was reviewed and approved",
            _of_commit(_review),
            lambda seen: seen.lines[1],
            _gh("pulls"),
        ),
        ("tagged", "the tag {version} is of that commit", _tagged, lambda seen: seen.tag_line, _ls_remote),
        ("notes-written", "{version} has release notes", _notes, lambda seen: seen.notes_line, _releases),
    )
)
