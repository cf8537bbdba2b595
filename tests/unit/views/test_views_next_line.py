"""Which key the Overview names, and for whom."""

from __future__ import annotations

import pytest

from screens.registry import page_id
from tfdash.model.section import SectionState
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.verdict import Level
from tfdash.playbook.registry import SECTIONS
from tfdash.playbook.section import Section
from tfdash.views.sections import next_command, next_line

REF = ClusterRef("production", "eu-1")
NODE = Subject(REF, "Node", "", "worker-03")
QUOTA = Subject(REF, "ResourceQuota", "shop", "compute")  # has no page that tells why
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
        (
            "quotas",
            "resources",
            QUOTA,
            "next: 4, then enter: more of it · since 4m · ResourceQuota shop/compute in eu-1",
        ),
        # what a namespace or the cluster uses is said of it, not of an object that no server has
        (
            "resources",
            "resources",
            Subject(WEB.cluster, "Usage", "", "Namespace/shop"),
            "next: 4, then enter: more of it · since 4m · Namespace shop in eu-1",
        ),
        (
            "resources",
            "resources",
            Subject(WEB.cluster, "Usage", "", "Cluster/"),
            "next: 4, then enter: more of it · since 4m · Cluster in eu-1",
        ),
        ("releases", "canary", WEB, "next: 3, then w: why · since 4m · Deployment shop/web in eu-1"),
    ],
)
def test_the_keys_are_for_whom_the_line_names(id: str, target: str, subject: Subject, said: str) -> None:
    section = SectionState(
        id=id, title=id, level=Level.BREACH, sentence="", target=target, subject=subject, since=60.0
    )
    assert next_line(section, 300.0) == said


def test_what_waits_is_asked_about_by_its_row_and_what_was_not_read_by_the_sources() -> None:
    """Never the one for the other."""
    cordoned = SectionState(
        id="nodes", title="Nodes", level=Level.PAUSED, sentence="", target="nodes", subject=NODE
    )
    assert next_line(cordoned, 300.0) == "next: 9, then w: why · Node worker-03 in eu-1"
    unread = SectionState(
        id="nodes", title="Nodes", level=Level.UNKNOWN, sentence="", target="nodes", unknown=1
    )
    assert next_line(unread, 300.0) == "next: :sources says what is not read"
    waits = SectionState(id="versions", title="", level=Level.PAUSED, sentence="", target="versions")
    assert next_line(waits, 300.0) == "next: :versions", "it is about no row, and nothing of it is unread"


def test_what_is_unknown_though_all_was_read_is_no_matter_of_the_sources() -> None:
    """An empty cluster has no nodes: that is read, and :sources has nothing to say of it."""
    empty = SectionState(id="nodes", title="Nodes", level=Level.UNKNOWN, sentence="", target="nodes")
    assert next_line(empty, 300.0) == "next: 9"
    assert next_command(empty, 300.0) == "next: tfdash --screen nodes"


def test_where_there_is_no_keyboard_the_next_is_a_command() -> None:
    broken = SectionState(
        id="nodes", title="Nodes", level=Level.BREACH, sentence="", target="nodes", subject=NODE, since=60.0
    )
    assert next_command(broken, 300.0) == "next: tfdash --screen nodes · since 4m · Node worker-03 in eu-1"
    unread = SectionState(id="nodes", title="", level=Level.UNKNOWN, sentence="", target="nodes", unknown=1)
    assert next_command(unread, 300.0) == "next: tfdash doctor says what is not read"
    assert next_command(unread, 300.0, recorded=True) == "next: tfdash replay FILE --screen nodes", (
        "it is of then"
    )
    well = SectionState(id="nodes", title="", level=Level.OK, sentence="", target="nodes")
    assert next_command(well, 300.0) == next_line(well, 300.0) == ""


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.id)
def test_the_command_is_one_that_the_program_takes(section: Section) -> None:
    assert page_id(section.target)
