"""Which key the Overview names, and for whom."""

from __future__ import annotations

import pytest

from tfdash.model.section import SectionState
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.verdict import Level
from tfdash.views.sections import next_line

REF = ClusterRef("production", "eu-1")
NODE = Subject(REF, "Node", "", "worker-03")
WEB = Subject(REF, "Deployment", "shop", "web")


@pytest.mark.parametrize(
    ("id", "target", "subject", "said"),
    [
        ("nodes", "nodes", NODE, "next: 9, then d: describe · since 4m · Node worker-03 in eu-1"),
        (
            "serving",
            "deployments",
            WEB,
            "next: 2, then w: why · since 4m · Deployment shop/web in eu-1",
        ),
        ("releases", "canary", WEB, "next: 3, then w: why · since 4m · Deployment shop/web in eu-1"),
    ],
)
def test_the_keys_are_for_whom_the_line_names(id: str, target: str, subject: Subject, said: str) -> None:
    section = SectionState(
        id=id, title=id, level=Level.BREACH, sentence="", target=target, subject=subject, since=60.0
    )
    assert next_line(section, 300.0) == said
