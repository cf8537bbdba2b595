"""What the model may hold passes by one walk: a name in any field of any type, one that comes tomorrow too, is gone behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, get_type_hints

import msgspec
import pytest

from tests.leaks import leaks_of, names_in
from tests.tui.recorded import INFO, REF
from tests.unit.recording.test_codec import sample
from tests.unit.recording.test_recording import said
from tests.unit.recording.worlds import Lived, opened
from tfdash.anonymise.anonymiser import Anonymiser
from tfdash.anonymise.fields import BY_NAME, BY_TYPE, NAME, TextRole, role_of
from tfdash.model.assessment import Assessment
from tfdash.model.cert_manager import Bundle
from tfdash.model.kube import Condition, Object, Owner, Pod
from tfdash.model.kubecluster import Event
from tfdash.model.picture import AbsentNamespace, ServerInfo, SourceInfo
from tfdash.model.store_state import Entry, EntryKind, StoreState
from tfdash.model.subject import Subject
from tfdash.model.traffic import Query, Signals
from tfdash.model.verdict import Level, Verdict
from tfdash.model.versions import DeprecatedApi
from tfdash.recording.codec import object_types, schema
from tfdash.recording.entries import BODIES
from tfdash.recording.frames import RecordingHeader
from tfdash.recording.measured import Roster
from tfdash.views.changes import Altered

PLANTED = "acme-planted-name"
KINDS: list[Any] = [
    *object_types().values(),
    ServerInfo,
    SourceInfo,
    StoreState,
    Assessment,
    Signals,
    Entry,
    RecordingHeader,
]


def standing(value: Any, where: str = "", role: Any = NAME) -> Iterator[tuple[str, Any]]:
    """Where the planted name still stands, and by which role."""
    if isinstance(value, str):
        if PLANTED in value:
            yield where, role
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from standing(key, where, role)
            yield from standing(one, where, role)
    elif isinstance(value, msgspec.Struct) or hasattr(value, "_fields"):
        names = getattr(value, "__struct_fields__", None) or value._fields
        for name in names:
            at = f"{type(value).__name__}.{name}"
            yield from standing(getattr(value, name), at, role_of(type(value).__name__, name))
    elif isinstance(value, tuple | list | frozenset | set):
        for one in value:
            yield from standing(one, where, role)


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_name_is_in_no_field_but_those_that_are_our_own(kind: Any, known: bool) -> None:
    """Where nothing else tells that it is one, our own sentences keep it."""
    ours = (TextRole.OWN,) if known else (TextRole.OWN, TextRole.TEXT)
    hints = get_type_hints(kind)
    for name in kind.__struct_fields__:
        value = msgspec.structs.replace(kind(**_least(kind)), **{name: sample(hints[name], text=PLANTED)})
        anonymiser = Anonymiser()
        if known:
            anonymiser.table.alias(PLANTED, "name")
        left = {where for where, role in standing(anonymiser.value(value)) if role not in ours}
        assert not left, name


def _least(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    names = kind.__struct_fields__
    needed = names[: len(names) - len(kind.__struct_defaults__)]
    needed += tuple(
        n
        for n, d in zip(names[len(needed) :], kind.__struct_defaults__, strict=True)
        if d is msgspec.NODEFAULT
    )
    return {name: sample(hints[name], text=PLANTED) for name in needed}


def test_a_field_that_nobody_named_holds_a_name() -> None:
    class Tomorrow(Object, frozen=True, gc=False, kw_only=True):
        KIND = "Tomorrow"
        brought_by: str = ""
        parts: tuple[str, ...] = ()

    one = Tomorrow(namespace="n", name="x", brought_by=PLANTED, parts=(PLANTED,))
    made = Anonymiser().value(one)
    assert made.brought_by.startswith("name-") and made.parts == (made.brought_by,)


def test_a_type_that_nobody_knows_is_refused() -> None:
    class Holder:
        name = PLANTED

    with pytest.raises(TypeError, match=r"Holder cannot be anonymised"):
        Anonymiser().value({"a": (Holder(),)})


def test_each_field_that_is_named_is_one() -> None:
    """A role for what is no field any more would hide that its successor has none."""
    ours = schema() | {
        of.__name__: list(getattr(of, "__struct_fields__", None) or of._fields)
        for of in (
            Roster,
            *BODIES.values(),
            RecordingHeader,
            ServerInfo,
            SourceInfo,
            DeprecatedApi,
            AbsentNamespace,
            Altered,
        )
    }
    named = {name for fields in ours.values() for name in fields} | {
        f"{of}.{name}" for of in ours for name in ours[of]
    }
    assert sorted({*BY_NAME, *BY_TYPE} - named) == []


def test_a_world_is_told_by_other_names_and_hangs_together(tmp_path: Any) -> None:
    lived = Lived(None)  # type: ignore[arg-type]
    lived.world()
    picture, judged = lived.fold.picture, said(1, Level.BREACH)
    anonymiser = Anonymiser()
    shown, told = anonymiser.shown(picture, judged)
    path = tmp_path / "picture.json"
    path.write_text(json.dumps(_plain(shown)) + json.dumps(_plain(told)), errors="backslashreplace")
    # an alias may be called like what is met later, by chance
    assert leaks_of(path, names_in(picture) - set(anonymiser.table.aliases.values())) == {}
    [before], [after] = picture.clusters.values(), shown.clusters.values()
    assert {k: len(seen.value or ()) for k, seen in before.kinds.items()} == {
        k: len(seen.value or ()) for k, seen in after.kinds.items()
    }
    nodes = {key.name for key in after.objects("Node")}
    pods = [one for one in after.objects("Pod").values() if isinstance(one, Pod)]
    assert pods and all(one.node in nodes for one in pods if one.node)
    by_uid = {one.uid: one for kind in ("ReplicaSet", "Deployment") for one in after.objects(kind).values()}
    owned = [one for one in pods if one.owner is not None and one.owner.uid in by_uid]
    assert owned and all(by_uid[one.owner.uid].name == one.owner.name for one in owned if one.owner)
    assert all(one.name.startswith(f"{one.owner.name}-") for one in owned if one.owner)
    assert [s.namespace for s in told.verdicts] == [next(iter(told.verdicts.values()))[0].subject.namespace]
    again, _ = anonymiser.shown(picture, judged)
    assert again == shown and again.clusters[next(iter(again.clusters))].kinds["Pod"] is after.kinds["Pod"]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return [[_plain(k), _plain(v)] for k, v in value.items()]
    if isinstance(value, msgspec.Struct):
        return [_plain(getattr(value, name)) for name in value.__struct_fields__]
    if isinstance(value, tuple | list | frozenset | set):
        return [_plain(one) for one in value]
    return value if isinstance(value, str | int | float | None) else repr(type(value))


def test_a_sentence_is_rewritten_by_names_that_come_behind_it() -> None:
    event = Event(
        namespace="shop",
        name="cart.18eb",
        involved_kind="Pod",
        involved_name="cart-0",
        message="put on bignode by boss",
    )
    node = sample(object_types()["Node"], text="x")
    node = msgspec.structs.replace(node, namespace="", name="bignode")
    anonymiser = Anonymiser()
    anonymiser.learn(event, node)
    assert "bignode" not in anonymiser.value(event).message


def test_a_workload_that_is_called_like_a_word_has_no_name_in_its_sentences() -> None:
    subject = Subject(REF, "Deployment", "web", "api")
    verdict = Verdict(
        level=Level.OK,
        rule="r",
        subject=subject,
        sentence="api serves, 3 of 3 available, see the api of others",
    )
    made = Anonymiser().value(verdict)
    assert made.subject.name in made.sentence and "api" not in made.sentence


def test_selectors_choose_what_they_chose() -> None:
    kinds = object_types()
    pod = Pod(namespace="shop", name="cart-1", labels={"app": "cart", "acme.example/line": "gold", "le": "5"})
    deployment = kinds["Deployment"]
    selector = deployment(namespace="shop", name="cart").selector
    selector = msgspec.structs.replace(
        selector, match={"app": "cart"}, expressions=(("acme.example/line", "In", ("gold", "tin")),)
    )
    anonymiser = Anonymiser()
    seen, chosen = anonymiser.value(pod), anonymiser.value(selector)
    assert chosen.match["app"] == seen.labels["app"] != "cart"
    [(key, operator, values)] = chosen.expressions
    assert operator == "In" and seen.labels[key] == values[0] and "acme" not in key
    assert "app" in seen.labels and seen.labels["le"] == "5"


def test_an_audit_entry_keeps_its_form() -> None:
    entry = Entry(
        version=1,
        terminal="boss-laptop",
        sequence=3,
        at=1.0,
        kind=EntryKind.INTENT,
        actor="boss@acme.example",
        environment="production",
        target="Deployment shop/cart",
        action="workload.restart",
        sentence="boss@acme.example restarts cart",
        data=json.dumps(
            {"reason": "cart is ill", "of": {"cart": 3}, "plan": '{"name":"cart"}', "late": True}
        ),
        hash="ab" * 32,
    )
    anonymiser = Anonymiser()
    anonymiser.table.alias("shop", "namespace")
    anonymiser.table.alias("cart", "workload")
    made = anonymiser.value(entry)
    text = json.dumps(msgspec.to_builtins(made))
    assert made.action == entry.action and made.sequence == 3 and json.loads(made.data)["late"] is True
    assert not [word for word in ("boss", "acme", "shop", "cart", "abab", "production") if word in text]


def test_a_recording_by_aliases_is_played(tmp_path: Any) -> None:
    from tfdash.recording.places import OneFile

    path = tmp_path / "a.tfrec"
    anonymiser = Anonymiser()
    about = RecordingHeader(environment=REF.environment, terminal="boss-laptop")
    lived = Lived(OneFile(path, about, anonymiser=anonymiser), whole_every=3.0, anonymiser=anonymiser)
    lived.world()
    lived.turn()
    lived.judge(said(1, Level.OK))
    lived.put("put_info", REF, msgspec.structs.replace(lived.fold.picture.clusters[REF].info, value=INFO))
    lived.turn()
    lived.judge(said(2, Level.BREACH))
    lived.put("put_objects", REF, "widgets.acme.example", lived.fold.picture.clusters[REF].kinds["Pod"], None)
    lived.turn()
    lived.end()
    names = names_in(lived.fold.picture) | {"boss-laptop", "widgets.acme.example"}
    assert leaks_of(path, names - set(anonymiser.table.aliases.values())) == {}
    read = opened(path)
    assert read.header.anonymised and not read.cut
    shown = read.picture_at(read.end)
    [cluster] = shown.clusters.values()
    assert len(cluster.objects("Pod")) == len(lived.fold.picture.clusters[REF].objects("Pod"))
    assert "widgets.acme.example" not in cluster.kinds
    assert [change.after for change in read.verdict_changes] == [Level.BREACH]
    told = read.judged_at(read.end)
    assert told is not None and {s.namespace for s in told.verdicts} <= {
        key.name for key in cluster.objects("Namespace")
    }


def test_what_was_said_of_a_kind_that_is_owned() -> None:
    pod = Pod(
        namespace="shop",
        name="cart-x",
        owner=Owner("ReplicaSet", "cart", "u"),
        conditions=(Condition("Ready", "False", message="cart-x"),),
    )
    made = Anonymiser().value(pod)
    assert (
        made.owner is not None
        and made.name.startswith(f"{made.owner.name}-")
        and made.conditions[0].message == made.name
    )


def test_a_metric_that_a_company_named_is_told_by_an_alias() -> None:
    """A query stayed as it was but for its labels."""
    text = 'sum(rate(acmecorp_checkout_requests_total{namespace="shop"}[5m])) / sum(acmecorp:http:rate5m)'
    made = Anonymiser().value(Query("requests", text))
    assert "acmecorp" not in made.text and "checkout" not in made.text
    assert made.text.startswith("sum(rate(") and "[5m]" in made.text


def test_the_key_that_a_bundle_is_written_to_is_a_name() -> None:
    made = Anonymiser().value(Bundle(namespace="", name="roots", config_map_key="acmecorp-roots.pem"))
    assert "acmecorp" not in made.config_map_key


def test_what_an_old_entry_tells_of_is_a_name_though_nothing_else_does() -> None:
    entry = Entry(
        version=1,
        terminal="desk",
        sequence=1,
        at=0.0,
        kind=EntryKind.INTENT,
        actor="anna",
        target="Deployment otter/dodo",
    )
    made = Anonymiser().value(entry)
    kind, _, where = made.target.partition(" ")
    assert kind == "Deployment" and where.startswith("namespace-") and "/workload-" in where


def test_a_document_of_ours_keeps_its_members_and_no_names_among_them() -> None:
    anonymiser = Anonymiser()
    anonymiser.table.alias("node", "namespace")
    told = {"in_flight": False, "versions": {"8ff7f5c4": 5}, "bounds": {"0.25": 1}, "node": {"desk.lan": 1}}
    made = json.loads(anonymiser.document(json.dumps(told)))
    assert list(made) == list(told) and list(made["bounds"]) == ["0.25"]
    assert not {"8ff7f5c4", "desk.lan"} & {*made["versions"], *made["node"]}
