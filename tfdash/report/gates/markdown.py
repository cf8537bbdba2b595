"""A gate as Markdown, for the summary of a job or a note on a merge request.

Whatever came from outside stands in a code span: GitHub and GitLab look there for no name, number, link or markup.
"""

from __future__ import annotations

import re
from itertools import count

from tfdash.report.gates.answer import GateAnswer, GateCase, GateStanding
from tfdash.views import state as states

MOST = 200
"""So many rows: a summary has a bound (GitHub: 1 MiB), and nobody reads on."""


def write(answer: GateAnswer, what: str) -> str:
    word = {0: "yes", 1: "no", 2: "not known"}[answer.code]
    lines = [f"### tfdash gate {what}: {word} (exit {answer.code})", "", _code(answer.title), ""]
    told = [case for case in answer.cases if case.standing is not None]
    told.sort(key=lambda case: list(GateStanding).index(case.standing or GateStanding.TOLD))
    if told:
        lines += ["| State | Where | What |", "|---|---|---|", *map(_row, told[:MOST]), ""]
    if more := told[MOST:]:
        lines += [f"{len(more)} more: --format json has them all", ""]
    lines += [f"- {_code(said)}" for said in (answer.reason, *answer.told) if said]
    lines = lines[: -1 if not lines[-1] else None]
    for case in told[:MOST]:
        if case.details:
            lines += ["", _code(case.name), "", *(f"    {line}" for line in case.details)]
    return "\n".join(lines).rstrip()


def _row(case: GateCase) -> str:
    standing = case.standing.value if case.standing is not None else ""
    level = f"{states.of_level(case.level).text}, " if case.finding is not None else ""
    note = f" ({case.note})" if case.note else ""
    cells = (f"{level}{standing}{note}", _code(case.name), _code(case.sentence))
    return f"| {' | '.join(cells)} |"


def _code(text: str) -> str:
    """A code span that ends where the text does, in a table too: a bar would end a cell, and a backslash before it would not hold it."""
    text = re.sub(r"\\(?=\|)", r"\\ ", text).replace("|", r"\|") or " "
    runs = set(map(len, re.findall("`+", text)))
    fence = "`" * next(n for n in count(1) if n not in runs)
    edge = " " if text[0] == "`" or text[-1] == "`" else ""
    return f"{fence}{edge}{text}{edge}{fence}"
