"""A gate as Markdown, for the summary of a job or a note on a merge request.

Whatever came from outside is neutralised as in a page's Markdown: GitHub and GitLab find no name, number, link or markup in it.
"""

from __future__ import annotations

from tfdash.report.formats.md import fenced, inline
from tfdash.report.gates.answer import GateAnswer, GateCase, GateStanding
from tfdash.views import state as states

MOST = 200
"""So many rows: a summary has a bound (GitHub: 1 MiB), and nobody reads on."""


def write(answer: GateAnswer, what: str) -> str:
    word = {0: "yes", 1: "no", 2: "not known"}[answer.code]
    lines = [f"### tfdash gate {what}: {word} (exit {answer.code})", "", inline(answer.title), ""]
    told = [case for case in answer.cases if case.standing is not None]
    told.sort(key=lambda case: list(GateStanding).index(case.standing or GateStanding.TOLD))
    if told:
        lines += ["| State | Where | What |", "|---|---|---|", *map(_row, told[:MOST]), ""]
    if more := told[MOST:]:
        lines += [f"{len(more)} more: --format json has them all", ""]
    lines += [f"- {inline(said)}" for said in (answer.reason, *answer.told) if said]
    for case in told[:MOST]:
        if case.details:
            lines += ["", inline(case.name), "", *fenced(case.details)]
    return "\n".join(lines).rstrip()


def _row(case: GateCase) -> str:
    standing = case.standing.value if case.standing is not None else ""
    level = f"{states.of_level(case.level).text}, " if case.finding is not None else ""
    note = f" ({case.note})" if case.note else ""
    cells = (f"{level}{standing}{note}", inline(case.name, table=True), inline(case.sentence, table=True))
    return f"| {' | '.join(cells)} |"
