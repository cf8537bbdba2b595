"""A gate of sections as its command answers, of sections that a test has."""

from __future__ import annotations

from collections.abc import Sequence

from tfdash.cli.gates import GATES
from tfdash.cli.gates.sections import answer_of, suites_of, why_in_doubt
from tfdash.model.section import SectionState
from tfdash.report.gates.answer import Explained, GateAnswer
from tfdash.report.gates.judged import GateTerms, judged

NOW = 1_800_000_000.0
PLAIN = GateTerms()


def gated(
    found: Sequence[SectionState],
    what: str = "resources",
    asked: GateTerms = PLAIN,
    reason: str = "",
    explained: Explained | None = None,
) -> GateAnswer:
    reason = reason or why_in_doubt(found, ())
    return answer_of(
        found, judged(suites_of(found), asked, reason, explained), GATES[what], what, reason, (), NOW
    )
