"""How a kind describes its rows: fields, each written, sorted and coloured by pure functions of one object.

A field that the API server prints too carries the printer's column name (``printer``): a row of a server-printed
Table, which has no object yet, then shows the printer's own cell there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from tfdash.figures import beyond
from tfdash.model.assessment import EMPTY_ASSESSMENT, Assessment
from tfdash.model.kinds import KINDS
from tfdash.model.kube import Container, Labels, Object, Provisional, Selector, Unreadable
from tfdash.model.picture import Objects
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.verdict import Level, Verdict
from tfdash.model.workload import WorkloadState
from tfdash.quantities import NANO
from tfdash.text import safe
from tfdash.views.age import parse_duration, since

SortValue: TypeAlias = float | str
UTC = ZoneInfo("UTC")


class NodeUse(NamedTuple):
    """What the pods of one node that have not ended ask for, in billionths but for ``pods``."""

    nano_cpu: int = 0
    nano_memory: int = 0
    pods: int = 0

    @property
    def cpu(self) -> float:
        return self.nano_cpu / NANO

    @property
    def memory(self) -> float:
        return self.nano_memory / NANO


@dataclass(frozen=True, slots=True)
class Context:
    """What a row is written from, besides its object. ``use`` is by node name, and filled for nodes alone."""

    now: float
    cluster: ClusterRef
    kind: str
    assessment: Assessment = EMPTY_ASSESSMENT
    zone: ZoneInfo = UTC
    use: Mapping[str, NodeUse] = field(default_factory=dict)
    measured: Objects = field(default_factory=dict)  # by key: what each uses, where the view has it

    def subject(self, obj: Object) -> Subject:
        return Subject(self.cluster, self.kind, obj.namespace, obj.name)

    def workload(self, obj: Object) -> WorkloadState | None:
        """What was said of this workload, under its name or its name and uid."""
        told = self.assessment.workloads
        plain = self.subject(obj)
        return told.get(plain) or (told.get(plain._replace(uid=obj.uid)) if obj.uid else None)

    def verdicts(self, obj: Object) -> tuple[Verdict, ...]:
        """What its own list tells of it: ``told_by_lists``."""
        told = self.assessment.verdicts
        plain = self.subject(obj)
        found = told.get(plain) or (told.get(plain._replace(uid=obj.uid), ()) if obj.uid else ())
        return tuple(v for v in found if told_by_lists(v))

    def told(self, obj: Object, rule: str) -> Verdict | None:
        """What one rule said of it; where that was more, the worst, and of equals what is furthest from its bounds."""
        told = self.assessment.verdicts
        plain = self.subject(obj)
        found = told.get(plain) or (told.get(plain._replace(uid=obj.uid), ()) if obj.uid else ())
        mine = [v for v in found if v.rule == rule]
        return max(
            mine, key=lambda v: (v.level, beyond(v.measured, *(v.band or (None, v.limit)))), default=None
        )


def told_by_lists(verdict: Verdict) -> bool:
    """Whether the list of a kind tells it of its objects: whether they serve, run to their end, are ready. Whether they stay
    within bands and quotas is another question, which the page of the resources answers."""
    return not verdict.rule.startswith("resources.")


Write: TypeAlias = Callable[[Any, Context], str]
Sort: TypeAlias = Callable[[Any, Context], SortValue]
Paint: TypeAlias = Callable[[Any, Context], str]
"""The token of a cell, from what the object says: it is not given the text that people read."""


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a kind. ``width`` in terminal cells; ``flexible`` ones share what is left.

    ``priority``: the highest is dropped first where room is short, 0 never. ``clock`` marks text that changes by time
    alone; with ``counts`` its leading number is what changes. ``value`` is the typed value of reports, where it is not
    the text itself; ``level`` what a cell that judges says. ``measured`` marks what each poll of metrics.k8s.io changes: its
    ``value`` is a number or None, which filters compare, and it neither brightens nor is searched as text. Texts that come from outside are made safe by the writer;
    ``sort`` sees the raw values.
    """

    id: str
    title: str
    width: int
    write: Write
    sort: Sort | None = None
    paint: Paint | None = None
    value: Callable[[Any, Context], Any] | None = None
    level: Callable[[Any, Context], Level] | None = None
    printer: str = ""
    right: bool = False
    flexible: bool = False
    priority: int = 0
    clock: bool = False
    counts: bool = False
    measured: bool = False

    def text(self, obj: Object, context: Context) -> str:
        if isinstance(obj, Unreadable):  # its name, and behind it what is odd: a name is on every screen
            return f"{safe(obj.name)}  ? unreadable: {safe(obj.field)}" if self.id == "name" else ""
        if isinstance(obj, Provisional):
            return safe(printed(obj, self.printer)) if self.printer else ""
        return self.write(obj, context)

    def sort_value(self, obj: Object, context: Context) -> SortValue:
        if isinstance(obj, Provisional):
            return self._printed_sort(obj, context)
        return self.sort(obj, context) if self.sort is not None else self.write(obj, context)

    def _printed_sort(self, obj: Provisional, context: Context) -> SortValue:
        text = printed(obj, self.printer) if self.printer else ""
        if self.clock and not self.counts:
            seconds = parse_duration(text)
            return 0.0 if seconds is None else seconds - context.now
        if self.sort is None or not self.right:
            return text
        match = _NUMBER.match(text)
        return float(match[0]) if match else -1.0

    def token(self, obj: Object, context: Context) -> str:
        return self.paint(obj, context) if self.paint is not None else ""

    def mark(self, obj: Object, context: Context) -> SortValue:
        """What is compared to tell whether a cell changed: its text, without what time alone changes."""
        if self.measured:
            return ""
        if not self.clock:
            return self.text(obj, context)
        return self.sort_value(obj, context) if self.counts else ""

    def typed(self, obj: Object, context: Context) -> Any:
        """The value of a report: a number, a string, or a small structure of them."""
        if self.value is not None and not isinstance(obj, Provisional):
            return self.value(obj, context)
        if isinstance(obj, Unreadable):
            return safe(obj.name) if self.id == "name" else None
        text = self.text(obj, context)
        return int(text) if self.right and text.isdecimal() else text


_NUMBER = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class KindView:
    """One kind, or several shown together. ``noun`` is its plural in titles; ``search`` gives raw text, any case."""

    id: str
    kinds: tuple[str, ...]
    noun: str
    fields: tuple[Field, ...]
    search: Callable[[Any, Context], str]
    namespaced: bool = True
    needs: tuple[str, ...] = ()  # further kinds whose objects the cells read
    judged: bool = False  # whether its cells show what the playbook says
    order: str = "name"  # the field that sorts it at first
    descending: bool = False
    measured_by: str = ""  # the kind whose object of the same key says what it uses
    columns_of: Callable[[Iterable[Object]], tuple[Field, ...]] | None = (
        None  # where the objects bring their own
    )

    def search_text(self, obj: Object, context: Context) -> str:
        """What a filter is tried on: lower case, raw (never shown)."""
        if isinstance(obj, Provisional):
            why = f"{obj.name} unreadable {obj.field}" if isinstance(obj, Unreadable) else ""
            return f"{obj.namespace} {' '.join(obj.cells)}{why}".lower()
        return self.search(obj, context).lower()


def kind_view(
    kind: str,
    *,
    fields: tuple[Field, ...],
    search: Callable[[Any, Context], str],
    needs: tuple[str, ...] = (),
    judged: bool = False,
    order: str = "name",
    descending: bool = False,
    measured_by: str = "",
) -> KindView:
    """The view of one kind; what ``tfdash.model.kinds`` says of it is not said again."""
    spec = KINDS[kind]
    return KindView(
        spec.id,
        (kind,),
        spec.noun,
        fields,
        search,
        spec.namespaced,
        needs,
        judged,
        order,
        descending,
        measured_by,
    )


# -- the printer's columns, in order; the second layout of a kind is that of older servers --------------------------

PRINTED: dict[str, tuple[str, ...]] = {kind: spec.printed for kind, spec in KINDS.items() if spec.printed}
_LAYOUTS: dict[tuple[str, int], dict[str, int]] = {
    (kind, len(names)): {name: index for index, name in enumerate(names)}
    for kind, layouts in PRINTED.items()
    for names in (layout.split("|") for layout in layouts)
}


def printed(obj: Provisional, column: str) -> str:
    """The printer's cell of that column; "" where this server prints none."""
    if column == "Name":
        return obj.name
    layout = _LAYOUTS.get((obj.kind, len(obj.cells)))
    index = None if layout is None else layout.get(column)
    return "" if index is None else obj.cells[index]


# -- fields that many kinds have ------------------------------------------------------------------------------------


def name_field(title: str = "NAME", width: int = 22) -> Field:
    return Field(
        "name", title, width, lambda o, c: safe(o.name), lambda o, c: o.name, printer="Name", flexible=True
    )


def age_field(
    when: Callable[[Any], float | None] = lambda o: o.created,
    *,
    id: str = "age",
    title: str = "AGE",
    printer: str = "Age",
    priority: int = 1,
) -> Field:
    """A time shown as its age; sorts youngest first; in reports the seconds since the epoch."""
    return Field(
        id,
        title,
        7,
        lambda o, c: since(when(o), c.now),
        lambda o, c: -(when(o) or 0.0),
        value=lambda o, c: when(o) or None,
        printer=printer,
        right=True,
        priority=priority,
        clock=True,
    )


def count_field(
    id: str,
    title: str,
    count: Callable[[Any], int | None],
    *,
    printer: str = "",
    width: int = 0,
    priority: int = 2,
    paint: Paint | None = None,
) -> Field:
    return Field(
        id,
        title,
        width or max(len(title), 5),
        lambda o, c: "" if (n := count(o)) is None else str(n),
        lambda o, c: -1.0 if (n := count(o)) is None else float(n),
        paint,
        value=lambda o, c: count(o),
        printer=printer,
        right=True,
        priority=priority,
    )


def text_field(
    id: str,
    title: str,
    width: int,
    text: Callable[[Any], str],
    *,
    printer: str = "",
    priority: int = 2,
    flexible: bool = False,
    paint: Paint | None = None,
) -> Field:
    """A text from outside, made safe on the way to the screen."""
    return Field(
        id,
        title,
        width,
        lambda o, c: safe(text(o)),
        paint=paint,
        printer=printer,
        priority=priority,
        flexible=flexible,
    )


def none(text: str) -> str:
    """The printers' word for an empty text."""
    return text or "<none>"


def images_of(containers: tuple[Container, ...]) -> str:
    return ",".join(c.image for c in containers if not c.init)


def names_of(containers: tuple[Container, ...]) -> str:
    return ",".join(c.name for c in containers if not c.init)


def labels_text(labels: Labels) -> str:
    """``a=1,b=2`` in the order of the keys, as the printers write a label set."""
    return none(",".join(f"{k}={v}" for k, v in sorted(labels.items())))


def selector_text(selector: Selector) -> str:
    """A selector as kubectl writes it: ``app=web,tier in (a,b),!old``."""
    parts = [(key, f"{key}={value}") for key, value in selector.match.items()]
    for key, operator, values in selector.expressions:
        listed = ",".join(sorted(values))
        word = {"In": f"{key} in ({listed})", "NotIn": f"{key} notin ({listed})", "Exists": key}.get(
            operator, f"!{key}"
        )
        parts.append((key, word))
    return none(",".join(text for _, text in sorted(parts)))


def worst_verdict(verdicts: tuple[Verdict, ...]) -> Verdict | None:
    """The verdict that wants attention most; of equals the first."""
    return max(verdicts, key=lambda v: v.level, default=None)


def finding(obj: Object, context: Context) -> str:
    """The sentence of the worst verdict, where it says more than that all is well."""
    worst = worst_verdict(context.verdicts(obj))
    return safe(worst.sentence) if worst is not None and worst.level >= Level.UNKNOWN else ""
