"""What was changed, by whom: revisions, writes and what was seen joined; the audit log's word."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from tfdash.changes.gather import Contents, gather
from tfdash.changes.history import ChangeHistory
from tfdash.model.assessment import EMPTY_ASSESSMENT
from tfdash.model.kube import (
    Container,
    Deployment,
    HorizontalPodAutoscaler,
    Metric,
    Object,
    Provisional,
    Template,
)
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import Change, ClusterPicture, Picture
from tfdash.model.requests import Document, Managed, ReadFailed
from tfdash.model.store_state import Entry, EntryKind
from tfdash.model.subject import ClusterRef, Key, Subject
from tfdash.model.update import Update
from tfdash.views.changes import SeenChange, altered, change_lines, change_rows, differences, drifted, touched
from tfdash.views.kinds.base import UTC
from tfdash.views.revisions import Revision

REF = ClusterRef("production", "eu-1")
NOW = 1_800_000_000.0
SINCE = NOW - 3600
WEB = Subject(REF, "Deployment", "shop", "web")


def write(manager: str, at: float, *fields: str, sub: str = "", operation: str = "Update") -> tuple[Any, ...]:
    return (manager, operation, sub, at, fields)


def managed(*writes: Any, subject: Subject = WEB, **more: Any) -> Managed:
    return Managed(subject=subject._replace(uid="u"), writes=writes, created=NOW - 9e6, **more)


def revision(number: int, image: str, created: float, cause: str = "") -> Revision:
    return Revision(
        number,
        f"web-{number}",
        created,
        {"spec": {"containers": [{"name": "m", "image": image}]}},
        (image,),
        cause,
    )


TWO = {
    WEB._replace(uid="u"): (revision(8, "r/web:2", NOW - 60, "ticket 7"), revision(7, "r/web:1", NOW - 9000))
}


def test_a_revision_gets_the_manager_that_wrote_it() -> None:
    change, resized = altered(
        [
            managed(
                write("kubectl", NOW - 60, sub="scale"),
                write("kubectl-set", NOW - 61, "spec.template.spec.containers[m].image"),
            )
        ],
        TWO,
        [],
        SINCE,
    )
    assert (change.manager, change.witness, change.at) == ("kubectl-set", "revision", NOW - 60)
    assert (resized.manager, resized.what) == ("kubectl", "scaled it (subresource scale)")
    assert change.what == "revision 8: image r/web:1 → r/web:2 (ticket 7)" or "ticket 7" in change.what
    assert any(line.startswith("+") and "web:2" in line for line in change.lines)


def test_a_write_of_another_time_stands_alone_and_an_old_one_not_at_all() -> None:
    writes = [
        write("kubectl-scale", NOW - 600, sub="scale"),
        write("argocd-controller", NOW - 900, "spec.replicas", operation="Apply"),
        write("kubectl", NOW - 9999, "spec.x"),
    ]
    told = altered([managed(*writes)], TWO, [], SINCE)
    assert [(c.manager, c.what) for c in told[1:]] == [
        ("kubectl-scale", "scaled it (subresource scale)"),
        ("argocd-controller", "applied replicas"),
    ]
    assert told[0].manager == ""


def test_a_revision_that_was_returned_to_is_known_by_the_number_that_it_had() -> None:
    """After a rollback the release was told as a change of the version before, and the rollback as one of many fields."""
    oldest, back = revision(25, "r/web:2.13.3", NOW - 9000), revision(28, "r/web:2.13.4", NOW - 1200)
    kept = (back._replace(earlier=(26,)), revision(27, "r/web:2.14.0", NOW - 300), oldest)
    ours = managed(write("tfdash", NOW - 60, "spec.template.spec.containers[m].image"))
    told = altered([ours], {WEB._replace(uid="u"): kept}, [], SINCE)
    assert [(NOW - c.at, c.manager, c.what) for c in told] == [
        (60, "tfdash", "revision 28: back to revision 26: image 2.14.0 → 2.13.4"),
        (300, "", "revision 27: image 2.13.4 → 2.14.0"),
        (1200, "", "revision 26 (now 28): image 2.13.3 → 2.13.4"),
    ]
    two = managed(
        write("tfdash", NOW - 60, "spec.template.spec.containers[m].image"),
        write("kubectl", NOW - 50, "spec.template.spec"),
    )
    told = altered([two], {WEB._replace(uid="u"): kept}, [], SINCE)
    assert {c.witness for c in told[:2]} == {"managed fields"}, "which of the two did it is not known"


def test_controllers_and_statuses_are_no_changes() -> None:
    writes = [
        write("kube-controller-manager", NOW, "metadata.annotations.x"),
        write("kubectl", NOW, "status.x", sub="status"),
    ]
    assert altered([managed(*writes)], {}, [], SINCE) == ()
    assert touched([managed(*writes), managed(write("helm", NOW))], SINCE) == (WEB._replace(uid="u"),)


def test_the_first_revision_that_is_kept_is_compared_with_nothing() -> None:
    [change] = altered([], {WEB: (revision(1, "r/web:1", NOW - 5),)}, [], SINCE)
    assert (change.what, change.lines) == ("revision 1, the first that is kept: web:1", ())


def texts(before: Object | None, after: Object | None) -> tuple[str, ...]:
    return tuple(d.text for d in differences(before, after))


def deployment(replicas: int = 3, image: str = "r/web:1", **more: Any) -> Deployment:
    return Deployment(
        namespace="shop",
        name="web",
        uid="u",
        desired=replicas,
        template=Template(containers=(Container("m", image),)),
        **more,
    )


def test_what_the_board_saw() -> None:
    assert texts(deployment(), deployment(5, "r/web:2")) == (
        "replicas 3 → 5",
        "images r/web:1 → r/web:2",
    )
    assert texts(deployment(), deployment(ready=9)) == ()
    assert texts(deployment(generation=1), deployment(generation=2))[0].startswith(
        "something else of its spec"
    )
    assert texts(None, deployment()) == ("came",)
    assert texts(deployment(), None) == ("went",)
    hpa = HorizontalPodAutoscaler(
        namespace="a", name="h", max_replicas=3, metrics=(Metric("Resource", "cpu", 70.0, 12.0),)
    )
    wider = HorizontalPodAutoscaler(
        namespace="a", name="h", max_replicas=9, metrics=(Metric("Resource", "cpu", 70.0, 99.0),)
    )
    assert texts(hpa, wider) == ("max 3 → 9",)


def test_a_sight_and_a_write_are_one_change() -> None:
    sight = SeenChange(NOW - 59, WEB, deployment(3), deployment(9))
    [change] = altered([managed(write("kubectl-scale", NOW - 60, sub="scale"))], {}, [sight], SINCE)
    assert change.what == "replicas 3 → 9  (scaled it (subresource scale))"
    both = [SeenChange(NOW - 58, WEB, deployment(3), deployment(9, "r/web:2"))]
    assert next(c.what for c in altered([], TWO, both, SINCE)) == "replicas 3 → 9"
    assert (
        len(altered([], TWO, [SeenChange(NOW - 58, WEB, deployment(), deployment(3, "r/web:2"))], SINCE)) == 1
    )
    [alone] = altered([], {}, [sight, sight._replace(at=NOW - 9999)], SINCE)
    assert (alone.witness, alone.manager) == ("seen", "")


def entry(
    at: float, target: str = "Deployment shop/web", kind: EntryKind = EntryKind.INTENT, **more: Any
) -> Entry:
    return Entry(
        version=1,
        terminal="t",
        sequence=1,
        at=at,
        kind=kind,
        actor="alice@corp",
        target=target,
        action="workload.rollback",
        **more,
    )


@pytest.mark.parametrize(
    ("entries", "known"),
    [
        (None, ""),
        ([], "not by tfdash"),
        ([entry(NOW - 62)], "whether by tfdash is not known"),  # nearness is no identity
        ([entry(NOW - 62, "Deployment shop/api")], "not by tfdash"),
        ([entry(NOW - 600)], "whether by tfdash is not known"),
        ([entry(NOW + 60)], "whether by tfdash is not known"),
        ([entry(NOW - 62, kind=EntryKind.HEARTBEAT)], "not by tfdash"),
        ([entry(NOW - 62, cluster="us-1")], "not by tfdash"),
    ],
)
def test_whether_our_own_audit_log_knows_of_it(entries: Any, known: str) -> None:
    [change] = altered([], TWO, [], SINCE, entries)
    assert change.known == known


def of(uid: str) -> str:
    """The data of an intent about the object with that uid, as the action service writes it."""
    subject = WEB._replace(uid=uid)
    return json.dumps({"plan": msgspec.to_builtins({"subject": subject})})


@pytest.mark.parametrize(
    ("entries", "known"),
    [
        (
            [entry(NOW - 900, data=of("u")), entry(NOW - 60, data=of("u"))],
            "tfdash: alice@corp, workload.rollback",
        ),
        (
            [
                entry(NOW - 60, data=of("u"), intent="i"),
                entry(NOW - 50, kind=EntryKind.OUTCOME, intent="i"),  # of the same
            ],
            "tfdash: alice@corp, workload.rollback",
        ),
        ([entry(NOW - 60, data=of("gone"))], "not by tfdash"),  # of one that had that name before
        ([entry(NOW - 60, data=of(""))], "whether by tfdash is not known"),
        ([entry(NOW - 60, data="{cut")], "whether by tfdash is not known"),
    ],
)
def test_a_write_under_our_own_name_is_the_newest_entrys_of_that_very_object(
    entries: list[Entry], known: str
) -> None:
    [change] = altered([managed(write("tfdash", NOW - 60, "spec.replicas"))], {}, [], SINCE, entries)
    assert change.known == known


def test_revisions_writes_and_what_was_seen_of_another_of_that_name_are_not_joined() -> None:
    writes = [managed(write("kubectl-set", NOW - 61, "spec.template.spec.containers[m].image"))]
    other = {WEB._replace(uid="before"): TWO[WEB._replace(uid="u")]}
    found = altered(writes, other, [], SINCE)
    assert sorted((c.witness, c.manager, c.subject.uid) for c in found) == [
        ("managed fields", "kubectl-set", "u"),
        ("revision", "", "before"),
    ]


def test_two_owners_of_a_template_leave_the_maker_unknown() -> None:
    writes = [write("helm", NOW - 60, "spec.template.a"), write("kubectl", NOW - 61, "spec.template.b")]
    found = altered([managed(*writes)], TWO, [], SINCE)
    assert [c.manager for c in found if c.witness == "revision"] == [""]


def test_a_config_map_against_what_was_applied() -> None:
    lines = drifted({"data": {"a": "2", "db_password": "new"}}, '{"data": {"a": "1", "db_password": "old"}}')
    assert "-a: '1'" in lines
    assert "+a: '2'" in lines
    assert not any("old" in line or "new" in line for line in lines)
    assert drifted({"data": {"a": "1"}}, '{"data": {"a": "1"}}') == ()
    assert drifted({}, "no json") == ()
    assert drifted({}, "[]") == ()


def test_hostile_texts_are_made_visible() -> None:
    bad = "x\x1b[31m‮"
    lines = change_lines(
        altered([managed(write(bad, NOW, bad), subject=WEB._replace(name=bad))], {}, [], SINCE), NOW, UTC
    )
    assert lines
    assert not any("\x1b" in line or "\u202e" in line for line in lines)
    assert change_rows(altered([managed(write(bad, NOW, bad))], {}, [], SINCE))[0]["audit"] is None


# -- the history and the reading -------------------------------------------------------------------------------------


def update(objects: dict[Key, Object], keys: Any, **seen: Any) -> Update:
    observed: Observation[Any] = Observation(**{"value": objects, "complete": True, **seen})
    cluster = ClusterPicture(ref=REF, info=Observation(), kinds={"Deployment": observed})
    change = Change(keys={(REF, "Deployment"): keys}, freshness=frozenset())
    return Update(Picture(at=NOW, number=1, clusters={REF: cluster}), EMPTY_ASSESSMENT, change, None)


@pytest.mark.parametrize("keys", [frozenset({Key("shop", "web")}), None, frozenset()])
def test_the_recorder_notes_wishes_and_not_states(keys: Any) -> None:
    history, at = ChangeHistory(lambda: NOW), Key("shop", "web")
    history.follow(update({at: deployment(3)}, None))
    history.follow(update({at: deployment(3, ready=2)}, keys))
    assert history.seen_changes == ()
    history.follow(update({at: deployment(5)}, keys))
    history.follow(update({}, keys))
    assert [texts(s.before, s.after) for s in history.seen_changes] == [("replicas 3 → 5",), ("went",)]


def test_the_first_list_and_printed_rows_are_no_change() -> None:
    history, at = ChangeHistory(lambda: NOW), Key("shop", "web")
    row = Provisional(namespace="shop", name="web", kind="Deployment", cells=())
    history.follow(update({at: row}, None, provisional=True))
    history.follow(update({at: deployment()}, None))
    assert history.seen_changes == ()


def test_the_first_change_after_it_began_is_seen_whatever_was_missed() -> None:
    at, other = Key("shop", "web"), Key("shop", "api")
    before = update({at: deployment(3), other: deployment(1)}, None)
    history = ChangeHistory(lambda: NOW, before.picture)
    history.follow(update({at: deployment(5), other: deployment(2)}, frozenset({at})))
    assert len(history.seen_changes) == 2


class Reads:
    """What ``gather`` asks of a board."""

    def __init__(self) -> None:
        self.data, self.version, self.denied = {"a": "1"}, "1", ""

    async def read_managers(self, ref: ClusterRef, kind: str, namespace: str | None) -> tuple[Managed, ...]:
        if kind == self.denied:
            raise ReadFailed(Problem(kind=ProblemKind.FORBIDDEN, cause="may not list"))
        if kind != "ConfigMap":
            return ()
        subject = Subject(ref, "ConfigMap", "shop", "settings")
        return (
            managed(write("kubectl-edit", NOW - 5, "data.a"), subject=subject, resource_version=self.version),
        )

    async def read(self, subject: Subject) -> Document:
        return Document(subject, {"data": dict(self.data)}, NOW)

    async def read_children(self, subject: Subject, kind: str) -> tuple[Document, ...]:
        return ()


async def test_a_config_map_that_changes_while_it_is_watched_is_a_diff() -> None:
    board: Any = Reads()
    contents = Contents()
    [first] = (await gather(board, [REF], None, SINCE, contents=contents)).changes
    assert (first.manager, first.what, first.lines) == ("kubectl-edit", "wrote data.a", ())
    board.data, board.version = {"a": "2"}, "2"
    [second] = (await gather(board, [REF], None, SINCE, contents=contents)).changes
    assert second.lines[-2:] == ("-a: '1'", "+a: '2'")


async def test_what_may_not_be_read_is_said() -> None:
    board: Any = Reads()
    board.denied = "Deployment"
    found = await gather(board, [REF], ("shop", "api"), SINCE)
    assert found.unread == ("eu-1 Deployment: may not list",)
    assert len(found.changes) == 2  # one reading for each namespace, of the same stand-in
