"""Lists and watches of kinds without a decoder: as the server's Tables say it, and as far as other answers go."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
import pytest

from tests.unit.sources.scripted import Answer, Asked, event, failing, running, scripted, status, until
from tfdash.board.board import Board
from tfdash.clock import SystemClock
from tfdash.model.kube import PrintedRow, TableColumn, Unreadable
from tfdash.model.observation import Observation
from tfdash.model.picture import Objects
from tfdash.model.resources import ApiResource
from tfdash.model.subject import ClusterRef, Key
from tfdash.sources.base import ALL
from tfdash.sources.kubernetes.kubeconfig import Access
from tfdash.sources.kubernetes.listwatch import ListWatch
from tfdash.sources.kubernetes.reading_rule import Served
from tfdash.sources.kubernetes.settings import KubernetesSettings
from tfdash.sources.kubernetes.source import KubernetesSource
from tfdash.sources.kubernetes.tables import TableCodec
from tfdash.views.kinds.base import Context
from tfdash.views.kinds.discovered import columns_of

NOW = 1_700_000_000.0  # 2023-11-14T22:13:20Z
CREATED = "2023-11-14T22:03:20Z"  # ten minutes before
CERTS = ApiResource("cert-manager.io", "v1", "certificates", "Certificate", verbs=("get", "list", "watch"))
COLUMNS = [
    {"name": "Name", "type": "string", "format": "name", "priority": 0},
    {"name": "Ready", "type": "string", "priority": 0},
    {"name": "Count", "type": "integer", "priority": 0},
    {"name": "Issuer", "type": "string", "priority": 1},
    {"name": "Renewed", "type": "date", "priority": 0},
    {"name": "Age", "type": "date", "priority": 0},
]


def metadata(name: str, version: str = "7", **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "namespace": "a",
        "uid": f"u-{name}",
        "resourceVersion": version,
        "creationTimestamp": CREATED,
        **more,
    }


def row(name: str, *cells: Any, **meta: Any) -> dict[str, Any]:
    about = {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata(name, **meta),
    }
    return {"cells": [name, *cells], "object": about}


def table(*rows: Any, columns: Any = COLUMNS, **meta: Any) -> dict[str, Any]:
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": "10", **meta},
        "columnDefinitions": columns,
        "rows": list(rows),
    }


def raw(document: Any) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(document).encode())


def codec() -> TableCodec:
    return TableCodec(CERTS.spec, lambda: NOW)


def page(document: Any) -> tuple[TableCodec, list[Any]]:
    made = codec()
    _, found = made.page(json.dumps(document).encode())
    return made, found


FULL = row("web", "True", 3, "letsencrypt", "3d", "10m")


def test_a_table_is_rows_with_the_metadata_of_their_objects() -> None:
    _, (obj,) = page(table(FULL))
    assert obj == PrintedRow(
        namespace="a",
        name="web",
        uid="u-web",
        resource_version="7",
        created=NOW - 600,
        columns=(
            TableColumn("Ready"),
            TableColumn("Count", "integer"),
            TableColumn("Issuer", priority=1),
            TableColumn("Renewed", "date", ages=True),
            TableColumn("Age", "date", ages=True),
        ),
        cells=("True", 3, "letsencrypt", NOW - 3 * 86400, NOW - 600),
    )


def test_what_may_repeat_a_secret_is_not_kept() -> None:
    notes = {"kubectl.kubernetes.io/last-applied-configuration": '{"data":{"password":"aHVudGVyMg=="}}'}
    managed = [{"manager": "aHVudGVyMg==", "fieldsV1": {"f:data": {"f:password": {}}}}]
    _, (as_row,) = page(table(row("web", annotations=notes, managedFields=managed)))
    whole = {"metadata": metadata("web", annotations=notes), "data": {"password": "aHVudGVyMg=="}}
    _, (as_object,) = page({"kind": "SecretList", "metadata": {}, "items": [whole]})
    for found in (as_row, as_object, codec().item(raw({"kind": "Secret", **whole}))):
        assert "aHVudGVyMg" not in repr(found) and "password" not in repr(found)


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        ("10m", NOW - 600),
        ("9m58s", NOW - 600),  # the server's clock is a little behind: it is the creation
        ("3d", NOW - 3 * 86400),  # it is something else that has this age
        ("<unknown>", "<unknown>"),
        ("<invalid>", "<invalid>"),
        ("", ""),
        (None, ""),
        (7, "7"),
        ("2023-11-14", "2023-11-14"),
    ],
)
def test_an_age_is_held_as_a_time_so_that_it_grows(cell: Any, kept: Any) -> None:
    _, (obj,) = page(table(row("web", "True", 3, "i", "1s", cell)))
    assert obj.cells[-1] == kept


@pytest.mark.parametrize(
    ("cell", "kept"),
    [(True, "true"), (False, "false"), (None, None), (1.5, 1.5), ({"a": 1}, '{"a": 1}'), ([1], "[1]")],
)
def test_cells_are_what_kubectl_prints(cell: Any, kept: Any) -> None:
    _, (obj,) = page(table(row("web", cell)))
    assert obj.cells[0] == kept
    assert len(obj.cells) == 5, "what is missing is empty"


def test_too_many_cells_are_no_harm() -> None:
    _, (obj,) = page(table(row("web", *range(20))))
    assert len(obj.cells) == 5


@pytest.mark.parametrize("kind", ["CertificateList", "List", "PartialObjectMetadataList"])
def test_without_a_table_name_and_age_are_known(kind: str) -> None:
    _, (obj,) = page({"kind": kind, "metadata": {}, "items": [{"metadata": metadata("web"), "spec": {}}]})
    assert (obj.name, obj.created, obj.columns, obj.cells) == ("web", NOW - 600, (), ())


@pytest.mark.parametrize(
    "document",
    [
        {"kind": "Status", "metadata": {}, "message": "no"},
        {"kind": "CertificateList", "metadata": {}, "items": None},
        {"kind": "CertificateList", "metadata": {}},
        {"kind": "Certificate", "metadata": {"name": "web"}},
        {},
        {"kind": "Table", "rows": 7},
        [],
    ],
)
def test_what_is_no_list_is_no_empty_list(document: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        page(document)


def test_an_empty_table_may_have_no_rows_at_all() -> None:
    assert page({**table(), "rows": None})[1] == []


@pytest.mark.parametrize(
    ("odd", "names", "unreadable", "lost"),
    [
        ({"cells": ["x"], "object": None}, [], 0, 1),
        ({"cells": ["x"]}, [], 0, 1),
        ({"cells": ["x"], "object": {"metadata": {"name": ""}}}, [], 0, 1),
        ({"cells": ["x"], "object": {"metadata": {"name": "odd", "labels": 7}}}, ["odd"], 1, 0),
        ({"cells": 7, "object": {"metadata": {"name": "odd"}}}, [], 0, 1),
        ("x", [], 0, 1),
    ],
)
def test_an_odd_row_costs_itself(odd: Any, names: list[str], unreadable: int, lost: int) -> None:
    made, found = page(table(odd, FULL))
    assert [o.name for o in found if isinstance(o, Unreadable)] == names
    assert [o.name for o in found if isinstance(o, PrintedRow)] == ["web"]
    assert (len(made.malformed), made.lost) == (unreadable, lost)


def test_in_a_watch_the_columns_stand_in_the_first_event_alone() -> None:
    made = codec()
    first, second = made.item(raw(table(FULL))), made.item(raw(table(row("two", "False"), columns=None)))
    assert isinstance(first, PrintedRow) and isinstance(second, PrintedRow)
    assert second.columns is first.columns and second.cells[0] == "False"
    changed = made.item(raw(table(row("two", 1), columns=[COLUMNS[0], COLUMNS[2]])))
    assert isinstance(changed, PrintedRow) and changed.columns == (TableColumn("Count", "integer"),)
    assert made.gone(raw(table(row("two"), columns=None))) == Key("a", "two")


def test_a_failed_transformation_sends_the_object_itself() -> None:
    made = codec()
    whole = {"kind": "Certificate", "metadata": metadata("web"), "spec": {}}
    obj = made.item(raw(whole))
    assert isinstance(obj, PrintedRow) and (obj.name, obj.columns) == ("web", ())
    assert made.gone(raw(whole)) == Key("a", "web")
    assert made.item(raw({"kind": "Certificate"})) is None
    assert made.item(raw(table())) is None and made.gone(raw(table())) is None


# -- list and watch over the wire ---------------------------------------------------------------------------------


class Clock:
    def now(self) -> float:
        return NOW


class Seen:
    def __init__(self) -> None:
        self.last: Observation[Objects] = Observation()

    def __call__(self, seen: Observation[Objects], changed: frozenset[Key] | None) -> None:
        self.last = seen

    @property
    def cells(self) -> dict[str, Any]:
        rows = self.last.value or {}
        return {k.name: o.cells[:1] for k, o in rows.items() if isinstance(o, PrintedRow)}


def watch(reader: Any, seen: Seen, resource: ApiResource = CERTS) -> ListWatch:
    tuning = KubernetesSettings(backoff_first=0.05, backoff_longest=0.1)
    return ListWatch(reader, resource.spec, None, seen, Clock(), tuning)


async def test_pages_then_a_watch_all_as_tables() -> None:
    pages = {
        "": table(row("one", "True"), **{"continue": "more", "remainingItemCount": 1}),
        "more": table(row("two", "True")),
    }
    told = [
        event("MODIFIED", table(row("one", "False", resourceVersion="11"))),
        event(
            "BOOKMARK",
            table({"cells": [""] * 6, "object": {"metadata": {}}}, columns=None, resourceVersion="12"),
        ),
        event("DELETED", table(row("two", resourceVersion="13"), columns=None)),
        event("ADDED", {"kind": "Certificate", "metadata": metadata("three", "14")}),
        event("ADDED", table(row("four", "True", resourceVersion="15"), columns=None)),
    ]
    watches = [Answer(told), Answer(hold=True)]

    def say(asked: Asked) -> Answer:
        assert asked.query["includeObject"] == "Metadata"
        if "watch" in asked.query:
            return watches.pop(0) if len(watches) > 1 else watches[0]
        assert "limit" in asked.query
        return Answer([json.dumps(pages[asked.query.get("continue", "")]).encode()])

    seen = Seen()
    async with scripted(say, served=Served([CERTS])) as (reader, asked), running(watch(reader, seen).run()):
        await until(lambda: len(asked) == 4)
        assert seen.cells == {"one": ("False",), "three": (), "four": ("True",)}
        assert [a.query.get("resourceVersion") for a in asked if "watch" in a.query] == ["10", "15"]
        assert seen.last.problem is None and seen.last.unreadable == 0


async def test_an_error_in_the_stream_is_a_status_whatever_was_asked_for() -> None:
    watches = [Answer([event("ERROR", status(410, "Expired"))]), Answer(hold=True)]
    lists = [table(row("one")), table(row("two"))]

    def say(asked: Asked) -> Answer:
        if "watch" in asked.query:
            return watches.pop(0) if len(watches) > 1 else watches[0]
        return Answer([json.dumps(lists.pop(0)).encode()])

    seen = Seen()
    async with scripted(say, served=Served([CERTS])) as (reader, _), running(watch(reader, seen).run()):
        await until(lambda: set(seen.cells) == {"two"})


async def test_what_cannot_be_watched_is_listed_again() -> None:
    metrics = ApiResource("metrics.k8s.io", "v1beta1", "nodes", "NodeMetrics", "", (), False, ("get", "list"))
    lists = [table(row("one"), resourceVersion=""), table(row("two"), resourceVersion="")]

    def say(asked: Asked) -> Answer:
        assert "watch" not in asked.query
        return Answer([json.dumps(lists.pop(0) if len(lists) > 1 else lists[0]).encode()])

    seen = Seen()
    async with scripted(say, served=Served([metrics])) as (reader, _):
        work = watch(reader, seen, metrics)
        async with running(work.run()):
            await until(lambda: set(seen.cells) == {"one"})
            work.retry_now()
            await until(lambda: set(seen.cells) == {"two"})


# -- a cluster ----------------------------------------------------------------------------------------------------

REF = ClusterRef("production", "eu-1")
ID = "certificates.cert-manager.io"


def discovered(*groups: Any) -> Answer:
    return Answer([json.dumps({"kind": "APIGroupDiscoveryList", "items": list(groups)}).encode()])


def group(name: str, version: str, resource: str, kind: str) -> dict[str, Any]:
    verbs = ["get", "list", "watch"]
    one = {"resource": resource, "responseKind": {"kind": kind}, "verbs": verbs}
    return {"metadata": {"name": name}, "versions": [{"version": version, "resources": [one]}]}


async def followed(say: Any, *kinds: str) -> tuple[Any, list[Asked]]:
    """A board with one cluster that answers by ``say``, once all of ``kinds`` have come or failed."""
    async with scripted(say) as (reader, asked):
        source = KubernetesSource(REF, Access(reader.access.server), SystemClock())
        board = Board([source], None, SystemClock())
        board.want("test", dict.fromkeys(kinds, ALL))
        board.start()
        try:
            await until(
                lambda: all(
                    (o := board.picture.clusters[REF].kinds.get(k)) and (o.complete or o.problem)
                    for k in kinds
                )
            )
            return board.picture.clusters[REF].kinds, asked
        finally:
            await asyncio.to_thread(board.stop, 5.0)


async def test_a_kind_by_its_id_is_found_listed_and_watched_and_one_that_is_not_there_is_said_to_be_absent() -> (
    None
):
    def say(asked: Asked) -> Answer:
        match asked.path:
            case "/api":
                return discovered()
            case "/apis":
                return discovered(group("cert-manager.io", "v1", "certificates", "Certificate"))
            case "/apis/cert-manager.io/v1/certificates":
                hold = "watch" in asked.query
                return Answer(hold=True) if hold else Answer([json.dumps(table(FULL)).encode()])
        return failing(404)

    kinds, asked = await followed(say, ID, "widgets.odd.io")
    assert [k.name for k in kinds[ID].value] == ["web"]
    assert kinds["widgets.odd.io"].note == "this cluster does not serve it"
    assert [a.path for a in asked].count("/api") == 1


async def test_nobody_who_looks_at_no_such_kind_pays_for_discovery() -> None:
    _, asked = await followed(lambda asked: failing(403), "Pod")
    assert "/api" not in [a.path for a in asked]


async def test_where_discovery_fails_the_kind_says_so() -> None:
    kinds, _ = await followed(lambda asked: failing(403, "you may not"), ID)
    assert kinds[ID].problem is not None and "you may not" in str(kinds[ID].problem)
    assert kinds[ID].value is None


@pytest.mark.parametrize("broken", [503, b'{"resources": 3}'])
async def test_a_group_that_does_not_say_what_it_serves_has_not_none_of_it(broken: int | bytes) -> None:
    """Where it was served before, its list must not turn to "there are none"."""

    def say(asked: Asked) -> Answer:
        match asked.path:
            case "/api":
                return Answer([b'{"kind": "APIVersions", "versions": []}'])
            case "/apis":
                groups = [
                    {"name": name, "versions": [{"version": "v1"}]} for name in ("cert-manager.io", "odd.io")
                ]
                return Answer([json.dumps({"kind": "APIGroupList", "groups": groups}).encode()])
            case "/apis/odd.io/v1":
                return Answer([b'{"resources": []}'])
            case "/apis/cert-manager.io/v1":
                return failing(broken) if isinstance(broken, int) else Answer([broken])
        return failing(404)

    kinds, _ = await followed(say, ID, "widgets.odd.io")
    assert kinds[ID].value is None and "not known" in str(kinds[ID].problem)
    assert kinds["widgets.odd.io"].note == "this cluster does not serve it"


@pytest.mark.parametrize("cell", ["9" * 400 + "y", "9" * 5000 + "s", "1s" * 5000, 10**400, -(10**18) * 100])
def test_absurd_figures_in_a_cell_take_nothing_from_the_others(cell: Any) -> None:
    columns = [{"name": "Name", "format": "name"}, {"name": "Age"}, {"name": "Size", "type": "integer"}]
    rows = [
        {"cells": [name, value, value], "object": {"metadata": {"name": name}}}
        for name, value in (("a", cell), ("b", "5m"))
    ]
    codec = TableCodec(ApiResource("odd.io", "v1", "widgets", "Widget").spec, lambda: 1e9)
    _, found = codec.page(json.dumps({"kind": "Table", "columnDefinitions": columns, "rows": rows}).encode())
    assert [obj.name for obj in found] == ["a", "b"]
    context = Context(now=1e9, cluster=ClusterRef("p", "c"), kind="widgets")
    for field in columns_of(found):
        assert sorted(found, key=lambda obj: field.sort_value(obj, context)) and all(
            isinstance(field.text(obj, context), str) for obj in found
        )
