"""A procedure as lines of text and as Markdown, out of its document."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from tfdash.report.formats.md import fenced, inline
from tfdash.report.runbooks.document import Plain

_WIDE = 110
_CHECKS = (("before", "before it"), ("asks", "asks"), ("after", "then it is so"))


def as_text(told: Plain) -> str:
    """For a terminal; no line is cut, so that what can be copied is whole."""
    return "\n".join(_lines(told))


def _lines(told: Plain) -> Iterator[str]:
    yield f"{told['title']}   {origin(told)}"
    yield from _under(told["purpose"], "  ")
    yield from _under(told["filled"] or "", "  ")
    for name, text in head(told):
        yield from _under(text, f"  {name:<11}", "             ")
    for one in told["inputs"]:
        yield from _under(f"{{{one['id']}}}  {input_words(one)}", "  input      ", "             ")
        yield from (f"             {value}" for value in _there(one))
    for title, asks in around(told):
        yield f"  {title}"
        yield from _asked(asks, "    ")
    for one in told["today"]:
        yield from _under(f"{one['name']}: {'; '.join(one['facts'])}", "  as it was  ", "             ")
    yield ""
    for step in told["steps"]:
        yield from _step(step)


def _step(step: Plain) -> Iterator[str]:
    left = "  " * step["depth"]
    inner = f"{left}      "
    yield from _under(f"{step['kind']}  {step['title']}", f"{left}{step['number']:<5} ", inner)
    for paragraph in step["text"]:
        yield from _under(paragraph, inner)
    for said in step["how"]:
        yield from _under(said, f"{inner}- ", f"{inner}  ")
    if step["no_return"]:
        yield from _under(f"POINT OF NO RETURN: {step['no_return']}", f"{inner}! ", f"{inner}  ")
    yield from (f"{inner}$ {line}" for line in step["lines"])
    for key, title in _CHECKS:
        if step[key]:
            yield f"{inner}{title}:"
            yield from _asked(step[key], f"{inner}  ")
    for branch in step["branches"]:
        behind = f" -> {', '.join(branch['numbers'])}" if branch["numbers"] else ""
        yield from _under(f"{branch['title']}{behind}", f"{inner}o ", f"{inner}  ")
        yield from _asked(branch["when"], f"{inner}    ")
    if step["needs"]:
        yield f"{inner}needs {', '.join(step['needs'])}"
    for number, paragraph in enumerate(step["by_hand"]):
        yield from _under(paragraph, f"{inner}{'' if number else 'by hand: '}", inner)
    if step["alone"]:
        yield from _under(f"alone: {step['alone']}", inner)
    if step["undo"]:
        yield f"{inner}taken back by:"
        for back in step["undo"]:
            yield from (f"{inner}{line}" for line in _step(back))


def _under(text: str, first: str, rest: str | None = None) -> list[str]:
    """Wrapped at blanks; a word that is longer stays whole."""
    return textwrap.wrap(
        text,
        _WIDE,
        initial_indent=first,
        subsequent_indent=first if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _asked(asks: Sequence[Plain], left: str) -> Iterator[str]:
    for one in asks:
        yield from _under(one["sentence"], f"{left}? ", f"{left}  ")
        if one["line"]:
            yield from (f"{left}  $ {line}" for line in (one["line"], *one["more"]))


def origin(told: Plain) -> str:
    where = told["file"] or "shipped"
    instead = ", in place of the shipped one" if told["replaces"] else ""
    return f"{told['id']} · {where}{instead} · {told['digest'][:12]}"


def head(told: Plain) -> Iterator[tuple[str, str]]:
    """(name, text) of what stands above the steps."""
    if told["recovery"]:
        yield "recovery", "it stands on the Recovery page"
    yield from told["targets"].items()
    if told["holds"]:
        yield "holds", ", ".join(told["holds"])
    for role in told["roles"]:
        yield "role", f"{role['name']}: {role['what']}"


def input_words(one: Plain) -> str:
    parts = [one["title"], one["about"]]
    parts += [f"one of {', '.join(one['choices'])}"] if one["choices"] else []
    parts += ["several"] * one["many"] + ["may be left out"] * one["optional"]
    parts += [f"else {one['default']}"] if one["default"] else []
    chosen = ", ".join(one["chosen"])
    return "; ".join(parts) + (f" = {chosen}" if chosen else "")


def _there(one: Plain) -> list[str]:
    return [f"{each['value']}  {each['known']}".rstrip() for each in one["there"]]


def around(told: Plain) -> Iterator[tuple[str, list[Plain]]]:
    """What is asked beside the steps."""
    scenario = told["scenario"]
    if scenario:
        yield f"when: {scenario['title']}" if scenario["title"] else "when", scenario["signs"]
        if scenario["against"]:
            yield "not when", scenario["against"]
        for other in scenario["alike"]:
            yield f"not to be mistaken for {other['procedure']}: {other['told_apart']}", []
    if told["ready"]:
        yield "ready when", told["ready"]


def as_markdown(told: Plain) -> str:
    """For GitHub and GitLab, with a box to tick beside each step."""
    return "\n".join(_markdown(told)).rstrip("\n")


def _markdown(told: Plain) -> Iterator[str]:
    yield f"# {inline(told['title'])}"
    for text in (told["purpose"], told["filled"], origin(told)):
        yield from ("", inline(text)) if text else ()
    yield ""
    for name, text in head(told):
        yield f"- {name}: {inline(text)}"
    for one in told["inputs"]:
        place = "{" + one["id"] + "}"
        yield f"- input {inline(place)}: {inline(input_words(one))}"
        yield from (f"  - {inline(value)}" for value in _there(one))
    for title, asks in around(told):
        yield f"- {inline(title)}"
        yield from (line for one in asks for line in _asked_markdown("  - ", one))
    if told["today"]:
        yield from ("", "## As it was", "")
    for one in told["today"]:
        yield f"- {inline(one['name'])}"
        yield from (f"  - {inline(fact)}" for fact in one["facts"])
    for step in told["steps"]:
        yield from _step_markdown(step)


def _step_markdown(step: Plain) -> Iterator[str]:
    yield ""
    yield f"{'#' * min(6, 2 + step['depth'])} {inline(step['number'])} {inline(step['title'])}"
    yield ""
    yield f"- [ ] {step['kind']}" + "".join(f"; {inline(one)}" for one in step["how"])
    if step["no_return"]:
        yield f"- **point of no return**: {inline(step['no_return'])}"
    for key, title in _CHECKS:
        yield from (line for one in step[key] for line in _asked_markdown(f"- {title}: ", one))
    for branch in step["branches"]:
        behind = f" → {inline(', '.join(branch['numbers']))}" if branch["numbers"] else ""
        yield f"- [ ] {inline(branch['title'])}{behind}"
        yield from (line for one in branch["when"] for line in _asked_markdown("  - ", one))
    if step["needs"]:
        yield f"- needs {inline(', '.join(step['needs']))}"
    if step["alone"]:
        yield f"- alone: {inline(step['alone'])}"
    for paragraph in (*step["text"], *step["by_hand"]):
        yield from ("", inline(paragraph))
    if step["lines"]:
        yield ""
        yield from fenced(step["lines"])
    for back in step["undo"]:
        yield from _step_markdown(
            {**back, "depth": step["depth"] + 1, "title": f"taken back by: {back['title']}"}
        )


def _asked_markdown(left: str, one: Plain) -> Iterator[str]:
    """A line of a list; where the same is asked of several, each stands below it."""
    if not one["more"]:
        yield left + inline(one["sentence"]) + (f": {inline(one['line'])}" if one["line"] else "")
        return
    yield left + inline(one["sentence"])
    below = " " * (2 + len(left) - len(left.lstrip()))
    yield from (f"{below}- {inline(line)}" for line in (one["line"], *one["more"]))
