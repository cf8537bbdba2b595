"""A procedure as one page of HTML, read and printed where nothing else is left."""

from __future__ import annotations

from tfdash.report.runbooks.document import Plain
from tfdash.report.runbooks.text import around, head, input_words, origin
from tfdash.report.sealed import sealed
from tfdash.report.templates import Templates


def as_html(told: Plain) -> str:
    page = {
        **told,
        "origin": origin(told),
        "head": [{"name": name, "text": text} for name, text in head(told)],
        "around": [{"title": title, "asks": asks} for title, asks in around(told)],
        "inputs": [{**one, "words": input_words(one)} for one in told["inputs"]],
    }
    return sealed(Templates().render("procedure.html", page))
