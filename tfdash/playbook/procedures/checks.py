"""What a procedure names must be there, and what it says must hold together."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from tfdash.model.procedure import Ask, Branch, Input, Pairs, Procedure, Step, StepKind
from tfdash.playbook.procedures.fields import At, Faults
from tfdash.playbook.procedures.inputs import INPUT_TYPES, unfit_value
from tfdash.playbook.procedures.losing import Names, known_beforehand
from tfdash.playbook.procedures.placeholders import EACH, NUMBER, OWN, is_one, named_in
from tfdash.playbook.procedures.vocabulary import Vocabulary
from tfdash.playbook.schedule.policy import parse_local, parse_time
from tfdash.spelling import nearest

MOST_STEPS = 1000
PLACES = {"host": "hosts", "job": "", "pipeline": "pipelines"}
"""Where else than here: the first word of ``place``, and what of the vocabulary has their names."""
WINDOW = "window release"
_HAND = "there is no way by hand either: add by_hand = ..., or configure it"


def check(procedure: Procedure, vocabulary: Vocabulary, faults: Faults) -> None:
    """Add to ``faults`` what is wrong with ``procedure`` beyond the shape of its tables."""
    _Check(procedure, vocabulary, faults).all()


def every(steps: Sequence[Step], at: At = (), key: str = "steps") -> Iterator[tuple[At, Step]]:
    """Each step with its place in the file, groups before what is in them, and then what takes it back."""
    for i, step in enumerate(steps):
        here = (*at, key, str(i))
        yield here, step
        yield from every(step.steps, here)
        yield from every(step.undo, here, "undo")


class _Check:
    def __init__(self, procedure: Procedure, vocabulary: Vocabulary, faults: Faults) -> None:
        self._procedure = procedure
        self._known = vocabulary
        self._add = faults.add
        self._inputs = {one.id: one for one in procedure.inputs}
        self._roles = dict(procedure.roles)

    def all(self) -> None:
        own = self._procedure
        self._remembered()
        self._each_once((("inputs", str(i)), one.id) for i, one in enumerate(own.inputs))
        for i, one in enumerate(own.inputs):
            self._input(("inputs", str(i)), one)
        if all(one.type in INPUT_TYPES for one in own.inputs):  # else nothing can be said of places
            steps = list(every(own.steps))
            if len(steps) > MOST_STEPS:
                self._add(
                    ("steps",), f"are {len(steps):,}", f"at most {MOST_STEPS:,} can be shown; make two of it"
                )
            self._each_once((at, step.id) for at, step in steps)
            for key in ("title", "purpose"):
                self._text((key,), getattr(own, key))
            for i, subject in enumerate(own.holds):
                self._subject(("holds", str(i)), subject, None, lists=True)
            self._asks(("ready",), own.ready, None, known_beforehand(own))
            self._scenario()
            self._list(own.steps, ("steps",), None)

    def _remembered(self) -> None:
        """A run keeps the file, and what looks like a secret is kept nowhere."""
        text, kept = self._procedure.text, self._known.remembered
        if kept is None:
            return
        told = "holds what looks like a secret, which the audit log would not keep"
        if kept(text) != text:
            line = next((i for i, one in enumerate(text.splitlines(), 1) if kept(one) != one), 0)
            self._add((), told, 'write it without "=" or ":" behind the word, or by another word', line)
        for i, one in enumerate(self._procedure.inputs):
            given: list[object] = [{one.id: "some value"}, {one.id: ["some value"]}]
            if kept(given) != given:
                told = f'"{one.id}" is named like a secret, and what is chosen stands in the audit log'
                self._add(("inputs", str(i), "id"), told, "a secret is no input; else take another id")

    def _each_once(self, ids: Iterator[tuple[At, str]]) -> None:
        seen: set[str] = set()
        for at, id in ids:
            if id in seen:
                self._add((*at, "id"), f'"{id}" stands there twice', "give one of them another id")
            seen.add(id)

    # -- inputs, scenario ------------------------------------------------------------------------------------------

    def _input(self, at: At, one: Input) -> None:
        if one.id in (EACH, *OWN):
            self._add((*at, "id"), f'"{one.id}" is what each run knows by itself', "take another id")
        if one.type not in INPUT_TYPES:
            self._add((*at, "type"), f'there is no type "{one.type}"', nearest(one.type, INPUT_TYPES))
            return
        if one.type == "choice" and not one.choices:
            self._add(at, "is a choice and has no choices", 'add choices = ["...", "..."]')
        if one.choices and one.type != "choice":
            self._add((*at, "choices"), f"are of a choice, and this is a {one.type}", 'write type = "choice"')
        if len(set(one.choices)) != len(one.choices):
            self._add((*at, "choices"), "one of them stands there twice", "leave one out")
        for i, choice in enumerate(one.choices):
            if why := unfit_value(one, choice):
                self._add((*at, "choices", str(i)), why, "write another")
        if one.default and (why := unfit_value(one, one.default)):
            self._add((*at, "default"), why, "write another")

    def _scenario(self) -> None:
        scenario = self._procedure.scenario
        if scenario is None:
            return
        self._asks(("scenario", "signs"), scenario.signs, None, ())
        self._asks(("scenario", "against"), scenario.against, None, ())
        self._needs(("scenario", "loses"), scenario.loses)

    # -- steps -----------------------------------------------------------------------------------------------------

    def _list(self, steps: Sequence[Step], at: At, each: Input | None, parallel: bool = False) -> None:
        ids = [step.id for step in steps]
        taken: dict[str, str] = {}
        for i, step in enumerate(steps):
            here = (*at, str(i))
            self._step(here, step, each)
            if parallel and step.no_return:
                told = "is a point of no return, and stands in a parallel group"
                self._add((*here, "no_return"), told, "put the step behind the group")
            for n, branch in enumerate(step.branches):
                self._branch((*here, "branches", str(n)), step, branch, ids[i + 1 :], taken, each)
            inner = self._group(here, step, each) if step.each else each
            self._list(step.steps, (*here, "steps"), inner, parallel or step.parallel)
            self._undo(here, step, each)

    def _step(self, at: At, step: Step, each: Input | None) -> None:
        for key in ("title", "text", "by_hand", "alone", "no_return"):
            self._text((*at, key), getattr(step, key), each)
        for key in ("asks", "before", "after"):
            self._asks((*at, key), getattr(step, key), each)
        self._needs((*at, "needs"), step.needs, each)
        if step.role and step.role not in self._roles:
            told = nearest(step.role, self._roles) if self._roles else "add it to [roles]"
            self._add((*at, "role"), f'"{step.role}" is none of the roles', told)
        if step.retries and step.kind in (StepKind.ACTION, StepKind.COMMAND) and not step.idempotent:
            remedy = "take it out; where it does no harm twice write idempotent = true"
            self._add((*at, "retries"), "repeats by itself what may not be done twice", remedy)
        if step.again and not step.after:
            self._add((*at, "again"), "has no end", "add after = [...]: it is done until that is so")
        for i, name in enumerate(step.given):
            if each is not None and name.startswith(f"{EACH}."):
                self._names((*at, "given", str(i)), f"{{{name}}}", each)
                continue
            found = self._inputs.get(name)
            if found is None:
                self._add((*at, "given", str(i)), f'there is no input "{name}"', nearest(name, self._inputs))
            elif not found.optional:
                self._add(
                    (*at, "given", str(i)),
                    f"{name} is given always",
                    "take it out, or write optional = true there",
                )
        if step.evidence and step.kind is not StepKind.MANUAL and not step.by_hand:
            self._add(
                (*at, "evidence"),
                "is of what is signed, and this is not",
                "add by_hand = ..., or take it out",
            )
        if step.optional and step.no_return:
            self._add((*at, "optional"), "is a point of no return, too", "take one of the two out")
        for_kind = {
            StepKind.ACTION: self._action,
            StepKind.COMMAND: self._command,
            StepKind.APPROVAL: self._approval,
            StepKind.DECISION: self._decision,
            StepKind.WAIT: self._wait,
            StepKind.NOTIFY: self._notify,
        }.get(step.kind)
        if for_kind is not None:
            for_kind(at, step, each)

    def _action(self, at: At, step: Step, each: Input | None) -> None:
        self._subject((*at, "subject"), step.subject, each)
        self._pairs((*at, "arguments"), step.arguments, each)
        self._names((*at, "cluster"), step.cluster, each)
        known = self._known.actions
        if known is None:
            return
        if step.action not in known:
            self._add((*at, "action"), f'there is no action "{step.action}"', nearest(step.action, known))
            return
        may, must = known[step.action]
        given = dict(step.arguments)
        for name in given:
            if name not in may:
                told = nearest(name, may) if may else "it takes none"
                self._add((*at, "arguments", name), f"{step.action} takes no such argument", told)
        for name in must:
            if name not in given:
                self._add(at, f"{step.action} needs {name}", f'add arguments = {{ {name} = "..." }}')
            elif (left := self._may_lack(given[name])) and left not in step.given:
                told = f"{step.action} needs {name}, and {left} may be left out"
                self._add((*at, "arguments", name), told, f'add given = ["{left}"]')

    def _may_lack(self, text: str) -> str:
        """The input that a text is and that may be left out, "" where there is none."""
        name = next(named_in(text), ("", ""))[0] if is_one(text) else ""
        found = self._inputs.get(name)
        return name if found is not None and found.optional and not found.default else ""

    def _command(self, at: At, step: Step, each: Input | None) -> None:
        self._pairs((*at, "arguments"), step.arguments, each)
        for i, word in enumerate(step.words):
            where = (*at, "words", str(i))
            if any(named_in(word)) and not is_one(word):
                self._add(where, "puts an input into a word of its own", 'an input is a whole word: "{name}"')
            else:
                self._names(where, word, each, lists=True)
        kind, _, name = step.place.partition(" ")
        if step.place != "here" and (kind not in PLACES or not name.strip()):
            self._add(
                (*at, "place"),
                f'"{step.place}" is no place',
                'write "here", "host NAME", "job CLUSTER" or "pipeline NAME"',
            )
            return
        self._names((*at, "place"), step.place, each)
        if any(named_in(step.place)):
            return
        listed = getattr(self._known, PLACES[kind]) if PLACES.get(kind) else None
        if listed is not None and name not in listed and not step.by_hand:
            self._add(
                (*at, "place"),
                f'no {kind} "{name}" is configured',
                f"{nearest(name, listed)} {_HAND}".strip(),
            )
        commands = self._known.commands
        if commands is not None and step.command not in commands and not step.by_hand:
            told = f"{nearest(step.command, commands)} {_HAND}".strip()
            self._add((*at, "command"), f'"{step.command}" is not in [procedures.commands]', told)
        given = {*self._inputs, *OWN, *(name for name, _ in step.arguments), *((EACH,) if each else ())}
        for name in (commands or {}).get(step.command, ()):
            if name not in given:
                told = f'add an input {name}, or arguments = {{ {name} = "..." }}'
                self._add(
                    (*at, "command"), f"{step.command} speaks of {{{name}}}, which is not known here", told
                )

    def _approval(self, at: At, step: Step, each: Input | None) -> None:
        if not step.alone and (self._procedure.recovery or step.alone_after):
            told = f"{'has alone_after' if step.alone_after else 'is an approval within a recovery'}, and nobody who is alone could pass it"
            self._add(at, told, "add alone = ... with what one person does, and that it is reviewed later")

    def _decision(self, at: At, step: Step, each: Input | None) -> None:
        if len(step.branches) < 2:
            self._add((*at, "branches"), "is one answer only", "a decision has two at least")
        self._each_once(((*at, "branches", str(i)), one.id) for i, one in enumerate(step.branches))

    def _wait(self, at: At, step: Step, each: Input | None) -> None:
        if not (step.asks or step.until or step.lasts or step.lasts_as):
            self._add(at, "waits for nothing", "add asks = [...], until = ... or lasts = ...")
        span = self._inputs.get(step.lasts_as[1:-1])
        if step.lasts_as and (span is None or span.type != "duration" or self._may_lack(step.lasts_as)):
            self._add((*at, "lasts"), f"{step.lasts_as} is no time span", 'write "5m", or a needed duration')
        if step.until and step.until != WINDOW and not any(named_in(step.until)):
            try:
                parse_time(step.until)
            except ValueError:
                try:
                    parse_local(step.until)
                except ValueError:
                    told = f'write "10:00", "2026-12-01 10:00" or "{WINDOW}"'
                    self._add((*at, "until"), f'"{step.until}" is no time', told)
        self._names((*at, "until"), step.until, each)

    def _notify(self, at: At, step: Step, each: Input | None) -> None:
        for key, given, known in (
            ("message", (step.message,), self._known.messages),
            ("to", step.to, self._known.channels),
        ):
            for name in given if known is not None else ():
                if name not in (known or ()) and not any(named_in(name)) and not step.by_hand:
                    self._add((*at, key), f'there is no "{name}"', nearest(name, known or ()))

    def _branch(
        self,
        at: At,
        step: Step,
        branch: Branch,
        behind: Collection[str],
        taken: dict[str, str],
        each: Input | None,
    ) -> None:
        self._text((*at, "title"), branch.title, each)
        self._asks((*at, "when"), branch.when, each)
        for i, id in enumerate(branch.steps):
            where = (*at, "steps", str(i))
            if id not in behind:
                told = f'"{id}" is no step behind it in the same list'
                self._add(where, told, nearest(id, behind) or "put the steps of its branches behind it")
            elif taken.setdefault(id, step.id) != step.id:
                self._add(
                    where, f'"{id}" hangs on the decision {taken[id]} already', "a step hangs on one decision"
                )

    def _group(self, at: At, step: Step, each: Input | None) -> Input | None:
        if each is not None:
            self._add((*at, "each"), "stands within another group each", "put one of them further out")
        found = self._inputs.get(step.each)
        if found is None:
            self._add((*at, "each"), f'there is no input "{step.each}"', nearest(step.each, self._inputs))
        elif not found.many:
            self._add(
                (*at, "each"), f"{step.each} is one value only", f"write many = true at the input {step.each}"
            )
        return found

    def _undo(self, at: At, step: Step, each: Input | None) -> None:
        for i, inner in enumerate(step.undo):
            if inner.undo or inner.kind in (StepKind.DECISION, StepKind.GROUP):
                told = "is taken back by a plain list of steps, without groups, decisions and an undo of their own"
                self._add((*at, "undo", str(i)), told, "write its steps one after the other")
        self._list(step.undo, (*at, "undo"), each)

    # -- what is named ---------------------------------------------------------------------------------------------

    def _needs(self, at: At, needs: Sequence[str], each: Input | None = None) -> None:
        known = self._known.needs
        for i, need in enumerate(needs):
            self._names((*at, str(i)), need, each)
            id, _, name = need.partition(" ")
            if known is None:
                continue
            if id not in known:
                self._add((*at, str(i)), f'there is no "{need}" to be needed', nearest(id, known))
            elif name and not known[id][0]:
                self._add(
                    (*at, str(i)), f"{id} is one thing only, and {name} names none of it", f'write "{id}"'
                )
            elif not name and known[id][1]:
                self._add((*at, str(i)), f"which {id}?", f'write "{id} NAME"')

    def _asks(self, at: At, asks: Sequence[Ask], each: Input | None, of: Names = None) -> None:
        for i, ask in enumerate(asks):
            here = (*at, str(i))
            if of is not None and any(n not in of for _, t in ask.arguments for n, _ in named_in(t)):
                told = "asks before anything was chosen, so that no input can stand in it"
                self._add(here, told, "ask of all of them, or take it out")
            self._pairs(here, ask.arguments, each)
            self._probe(here, ask, of is not None)

    def _probe(self, at: At, ask: Ask, plain: bool) -> None:
        if self._known.probes is None:
            return
        probe = self._known.probes.get(ask.probe)
        if probe is None:
            self._add(
                (*at, "probe"), f'there is no probe "{ask.probe}"', nearest(ask.probe, self._known.probes)
            )
            return
        known = {one.id: one for one in probe.arguments}
        given = dict(ask.arguments)
        for name, text in given.items():
            if name not in known:
                told = nearest(name, known) if known else "it takes none"
                self._add((*at, name), f"{ask.probe} takes no such argument", told)
            elif known[name].choices and text not in known[name].choices and not any(named_in(text)):
                self._add((*at, name), f'there is no "{text}"', nearest(text, known[name].choices))
        for one in probe.arguments:
            if one.needed and one.id not in given and not plain:
                self._add(at, f"{ask.probe} needs {one.id}", f'add {one.id} = "..."')

    def _subject(self, at: At, subject: str, each: Input | None, *, lists: bool = False) -> None:
        self._names(at, subject, each, lists=lists and is_one(subject))
        kind, _, name = subject.partition(" ")
        if not is_one(subject) and not (kind[:1].isupper() and name.strip()):
            told = 'write "Deployment {namespace}/{name}", "Node {node}" or an input that is one: "{service}"'
            self._add(at, f'"{subject}" is no object', told)

    def _pairs(self, at: At, pairs: Pairs, each: Input | None) -> None:
        for name, text in pairs:
            self._names((*at, name), text, each)

    def _text(self, at: At, text: str, each: Input | None = None) -> None:
        self._names(at, text, each, lists=True)

    def _names(self, at: At, text: str, each: Input | None, *, lists: bool = False) -> None:
        """The inputs that stand in a text; ``lists``: one that is many may."""
        for name, part in named_in(text):
            if name in OWN and not part:
                continue
            found = each if name == EACH else self._inputs.get(name)
            if found is None:
                told = "it is the value of a group each" if name == EACH else nearest(name, self._inputs)
                self._add(at, f"there is no input {{{name}}}", told or "add it to [[inputs]]")
                continue
            parts = (*INPUT_TYPES[found.type].parts, *((NUMBER,) if name == EACH else ()))
            if part and part not in parts:
                told = nearest(part, parts) if parts else f"a {found.type} has no parts"
                self._add(at, f"there is no {{{name}.{part}}}", told)
            if found.many and name != EACH and (part or not lists):
                told = f'write it into a group with each = "{name}", as {{each}}'
                self._add(at, f"{name} is a list, and one is asked for here", told)
