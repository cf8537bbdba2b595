"""Who looks again and again (a wall): what did not change is not walked again, and never keeps a name that became known since."""

from __future__ import annotations

import subprocess
import sys
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from tests.tui.recorded import REF
from tests.unit.recording.test_codec import sample
from tests.unit.recording.worlds import Lived
from tfdash.anonymise.anonymiser import Anonymiser
from tfdash.changes.gather import RecentChanges
from tfdash.model.assessment import Assessment
from tfdash.model.capacity import StorageClass
from tfdash.model.kube import Pod
from tfdash.model.observation import Observation
from tfdash.model.picture import Picture
from tfdash.model.subject import Key, Subject
from tfdash.model.verdict import Level, Verdict
from tfdash.recording.codec import object_types
from tfdash.report.shown import ALL, ReportAsked, anonymised
from tfdash.views.changes import Altered

NEWCOMER = "bignode"  # a word that nothing makes a name but the node of that name
TOLD = f"not enough room: {NEWCOMER} is full"


def a_node(name: str) -> Any:
    return msgspec.structs.replace(sample(object_types()["Node"], text="x"), namespace="", name=name)


def a_pod(name: str) -> Pod:
    return Pod(namespace="shop", name=name, message=TOLD)


def seen(*objects: Any) -> Observation[Any]:
    return Observation(value={Key(one.namespace, one.name): one for one in objects}, complete=True)


def judged(*sentences: str) -> Assessment:
    subject = Subject(REF, "Deployment", "shop", "cart")
    said = [
        Verdict(level=Level.WARN, rule="r", subject=subject, sentence=one) for one in sentences or (TOLD,)
    ]
    return Assessment(
        at=1.0, number=1, sections=(), verdicts={subject: tuple(said)}, workloads={}, releases={}
    )


def pictures(**kinds: Observation[Any]) -> Picture:
    lived = Lived(None)  # type: ignore[arg-type]
    for kind, observation in kinds.items():
        lived.put("put_objects", REF, kind, observation, None)
    return lived.fold.picture


def test_what_became_a_name_since_stands_in_nothing_that_was_shown_before() -> None:
    first, cart = Anonymiser(), a_pod("cart-0")
    pods, said = seen(cart), judged()
    shown, told = first.shown(pictures(Pod=pods), said)
    assert NEWCOMER in str(told), "nothing told of it yet"
    assert NEWCOMER not in str(shown), "what servers say has no word that may be a name"
    shown, told = first.shown(pictures(Pod=pods, Node=seen(a_node(NEWCOMER))), said)
    assert NEWCOMER not in str(shown)
    assert NEWCOMER not in str(told)


def test_a_name_that_only_a_later_text_makes_one_stands_in_none_before_it() -> None:
    """Of a verdict and of an object."""
    quoted = f'no "{NEWCOMER}" is there'
    classes = [
        StorageClass(namespace="", name=name, shown=text) for name, text in (("a", TOLD), ("b", quoted))
    ]
    nodes = pictures(Node=seen(a_node("n1")))
    for picture, said in (
        (nodes, judged(TOLD, quoted)),
        (pictures(StorageClass=seen(*classes)), judged("well")),
    ):
        assert NEWCOMER not in str(Anonymiser().shown(picture, said))


def test_nor_a_name_that_stands_among_what_changed_alone() -> None:
    """Of what is gone nothing else tells."""
    changed = Altered(1.0, Subject(REF, "Deployment", "shop", NEWCOMER), "", "scaled")
    asked = ReportAsked(
        pictures(), judged(), ALL, 1.0, ZoneInfo("UTC"), changes=RecentChanges((changed,), ())
    )
    shown = anonymised(asked, Anonymiser())
    assert shown.changes is not None and shown.changes.changes[0].subject.name.startswith("workload-")
    assert NEWCOMER not in str(shown)


def test_who_gives_no_other_names_loads_nothing_of_it() -> None:
    """Each terminal keeps a ring, and each headless command is waited for."""
    code = "import sys, tfdash.recording.recorder, tfdash.recording.places, tfdash.recording.reading, tfdash.report.shown"
    code += "; print([m for m in sys.modules if m.startswith('tfdash.anonymise.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['tfdash.anonymise.fields']\n"


def test_nor_in_an_object_that_is_the_same_in_a_list_that_is_another() -> None:
    first, cart = Anonymiser(), a_pod("cart-0")
    first.shown(pictures(Pod=seen(cart)), judged())
    shown, _ = first.shown(pictures(Pod=seen(cart, a_pod("cart-1")), Node=seen(a_node(NEWCOMER))), judged())
    assert NEWCOMER not in str(shown)


def test_what_is_shown_again_is_what_is_shown_afresh() -> None:
    first = Anonymiser()
    cart, nodes = a_pod("cart-0"), seen(a_node("n1"))
    looks = [
        pictures(Pod=seen(cart), Node=nodes),
        pictures(Pod=seen(cart, a_pod("cart-1")), Node=nodes),
        pictures(Pod=seen(cart), Node=seen(a_node("n1"), a_node(NEWCOMER))),
        pictures(Pod=Observation(source="Pod"), Node=nodes),
        pictures(Pod=seen(cart), Node=nodes),
    ]
    for picture in looks:
        again = first.shown(picture, judged())
        assert again == Anonymiser(first.table).shown(picture, judged())


def test_a_pod_that_comes_makes_nothing_be_walked_again() -> None:
    """Of thousands each minute brings some; sentences about one are rewritten by its owner's name."""
    first = Anonymiser()
    first.table.alias("cart-7d9f8", "workload")
    grown = first.table.grown
    assert first.table.below_of("cart-7d9f8-abcde", "cart-7d9f8", "pod") and first.table.grown == grown


def test_kinds_of_which_only_the_cluster_knows_the_columns_are_not_shown() -> None:
    shown, _ = Anonymiser().shown(
        pictures(Pod=seen(a_pod("cart-0")), **{"widgets.acme.example": seen()}), judged()
    )
    [cluster] = shown.clusters.values()
    assert list(cluster.kinds) == ["Pod"]
