"""The file of a baseline: read before anything is asked, written once all is known."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from tfdash.cli.output import narrate
from tfdash.cli.parser import ERROR, USAGE, program
from tfdash.finished_file import write_finished
from tfdash.named_file import read_named
from tfdash.report.gates.answer import GateAnswer
from tfdash.report.gates.baseline import MOST, baseline_text, read_baseline
from tfdash.report.gates.judged import GateTerms, Suite, never_excused
from tfdash.text import safe


def asked_of(args: argparse.Namespace, environment: str, now: float) -> GateTerms:
    """What findings are held against, at ``now`` (epoch seconds). Ends the program where the baseline is none: it would excuse something else than it says."""
    namespace = getattr(args, "namespace", "")
    if args.baseline and args.write_baseline:
        raise _ended(
            "--baseline and --write-baseline exclude each other: what is new is told before it is taken over",
            USAGE,
        )
    if not args.baseline:
        return GateTerms(args.fail_on, None, bool(args.write_baseline), namespace)
    try:
        baseline = read_baseline(read_named(args.baseline, MOST), environment, now)
    except FileNotFoundError:
        raise _ended(f"--baseline: there is no {args.baseline}; --write-baseline makes it", USAGE) from None
    except OSError as error:
        raise _ended(
            f"--baseline: {args.baseline} cannot be read: {error.strerror or error}", ERROR
        ) from None
    except ValueError as error:
        raise _ended(f"--baseline: {args.baseline}: {error}", USAGE) from None
    return GateTerms(args.fail_on, baseline, False, namespace)


def with_baseline_written(
    answer: GateAnswer,
    args: argparse.Namespace,
    suites: Sequence[Suite],
    environment: str,
    asked: GateTerms,
    lacking: str = "",
) -> GateAnswer | int:
    """The answer, once the baseline is written, where one is asked for. Of what was not read in time, or is ``lacking``, none is made: the next
    gate would call new what only was not seen."""
    if not asked.writes:
        return answer
    if answer.reason or lacking:
        return answer._replace(told=(*answer.told, "no baseline was written"))
    told = [(suite.id, finding) for suite in suites for finding in suite.findings]
    text = baseline_text(told, args.what, environment, asked.namespace, answer.now)
    try:
        write_finished(
            Path(args.write_baseline).expanduser(), f"{text}\n".encode("utf-8", "backslashreplace")
        )
    except (OSError, RuntimeError) as error:
        raise _ended(
            f"--write-baseline: {args.write_baseline}: {getattr(error, 'strerror', '') or error}", ERROR
        ) from None
    said = [f"written: {safe(args.write_baseline)}"]
    if never := never_excused(suites):
        said.append(f"{never} of releases are in no baseline: the next release is another")
    return answer._replace(told=(*answer.told, *said))


def _ended(why: str, code: int) -> SystemExit:
    narrate(f"{program()}: {safe(why)}")
    return SystemExit(code)
