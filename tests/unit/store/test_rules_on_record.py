"""By which rules the dated promises are kept is on record, so that nothing that closed is another by a line of TOML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.unit.playbook.making import REF, picture
from tests.unit.store.helpers import Clock, opened
from tfdash.config.load import parse
from tfdash.config.problems import ConfigError
from tfdash.judging.maintenance import MaintenanceRunner
from tfdash.model.assessment import Assessment
from tfdash.model.kube import Object
from tfdash.model.maintenance import ItemStanding, ItemState, PeriodVerdict, item_subject
from tfdash.model.observation import Observation
from tfdash.model.picture import Change
from tfdash.model.store_state import EntryKind
from tfdash.model.subject import Subject
from tfdash.playbook.maintenance.policy import MaintenanceRules, maintenance_in
from tfdash.playbook.policies import Policies
from tfdash.setting import read
from tfdash.store.log.maintenance_facts import rules_data
from tfdash.store.rules_recorder import RulesRecorder

DAY, HOUR = 86_400.0, 3600.0
NOW = 1_795_539_600.0  # Tue 24 Nov 2026 17:00Z
EVERYTHING = Change(keys={}, freshness=frozenset(), store=None)
DRILL = {"when": "each month", "title": "Drill", "grace": "1d", "start": "2026-08-01", "owner": "dba"}
HERE = item_subject("drill", REF.environment)
MISSED = ["missed", "missed", "missed"]  # August to October


class Terminal:
    """The runner and the recorder by some settings, over a store that others may share."""

    def __init__(self, made: Any, clock: Clock, **items: dict[str, Any]) -> None:
        self.made, self.clock = made, clock
        rules = read(MaintenanceRules, {"look_back": 24, "start": "", "items": items})
        self.runner = MaintenanceRunner(Policies(maintenance=maintenance_in("UTC", rules)))
        self.recorder = RulesRecorder(made.store)
        self.picture = picture()
        self.objects: tuple[Object, ...] = ()
        self.kinds: dict[str, Observation[Any]] = {}
        self.assessment = Assessment(at=NOW, number=1, verdicts={}, workloads={})

    async def looks(self, record: bool = True) -> dict[Subject, ItemState]:
        found = picture(*self.objects)
        cluster = found.clusters[REF]
        cluster = msgspec.structs.replace(cluster, kinds={**cluster.kinds, **self.kinds})
        self.picture = msgspec.structs.replace(
            found, clusters={REF: cluster}, store_state=self.made.store.state()
        )
        self.runner.assess(self.picture, EVERYTHING, self.clock.now())
        assert self.runner.states is not None
        self.assessment = msgspec.structs.replace(self.assessment, maintenance=self.runner.states)
        if record:
            await self.recorder.look(self)  # type: ignore[arg-type]  # a board that stands still
        return dict(self.runner.states)

    async def entries(self) -> list[str]:
        return [e.sentence for e in (await self.made.store.newest(100))[::-1]]

    async def signs(self, at: Subject, done: float, evidence: str = "signed") -> None:
        data = {"topic": "completion", "evidence": evidence, "done_at": done}
        await self.made.store.append(EntryKind.NOTE, actor="ann", subject=at, sentence="signed", data=data)


def closed(state: ItemState) -> list[str]:
    return [p.verdict.value for p in state.periods if p.verdict is not PeriodVerdict.OPEN]


async def test_what_nothing_was_recorded_of_keeps_its_verdicts_by_the_rule_of_then(tmp_path: Path) -> None:
    clock = Clock(NOW)
    made = opened(tmp_path, clock)
    first = Terminal(made, clock, drill=DRILL)
    assert closed((await first.looks())[HERE]) == MISSED
    assert await first.entries() == ["by which rules dated promises are kept: drill"]
    for _ in range(3):
        clock.at += 2 * HOUR
        await first.looks()
    await Terminal(made, clock, drill=DRILL).looks()  # another terminal
    assert len(await first.entries()) == 1
    for other in (
        {"grace": "27d"},
        {"when": "within 365d"},
        {"when": "each quarter"},
        {"start": "2026-11-01"},
    ):
        changed = Terminal(made, clock, drill=DRILL | other)
        assert closed((await changed.looks(record=False))[HERE])[:3] == MISSED
    clock.at += HOUR
    assert closed((await changed.looks())[HERE]) == MISSED
    assert len(await first.entries()) == 2
    assert closed((await changed.looks())[HERE]) == MISSED
    made.store.close()


@pytest.mark.parametrize(
    "items",
    [
        {"exercise": DRILL},
        {"drill": DRILL | {"enabled": False}},
        {"drill": DRILL | {"environments": ["x*"]}},
        {},
    ],
    ids=["another name", "disabled", "elsewhere", "left out"],
)
async def test_what_the_settings_have_no_longer_is_withdrawn_and_keeps_its_verdicts(
    tmp_path: Path, items: dict[str, dict[str, Any]]
) -> None:
    clock = Clock(NOW)
    made = opened(tmp_path, clock)
    assert HERE in await Terminal(made, clock, drill=DRILL).looks()
    clock.at += HOUR
    later = Terminal(made, clock, **{"other": DRILL, **items})
    state = (await later.looks(record=False))[HERE]  # a terminal that only reads
    assert (state.standing, state.title, state.owner) == (ItemStanding.WITHDRAWN, "Drill", "dba")
    assert closed(state) == MISSED and (state.kept, state.judged) == (0, 3)
    assert "not in the settings here" in state.words
    for _ in range(2):
        await later.looks()
    assert sum("kept no longer by the settings: drill (production)" in e for e in await later.entries()) == 1
    clock.at += 60 * DAY  # what had not closed is judged by nothing
    state = (await later.looks())[HERE]
    assert closed(state) == MISSED and "kept no longer since Tue 24 Nov 2026 18:00 UTC" in state.words
    back = Terminal(made, clock, drill=DRILL)
    assert closed((await back.looks())[HERE]) == MISSED  # nor by what is said when it is back
    made.store.close()


async def test_a_renamed_item_goes_on_with_the_history_of_its_former_name(tmp_path: Path) -> None:
    clock = Clock(NOW)
    made = opened(tmp_path, clock)
    first = Terminal(made, clock, drill=DRILL)
    await first.looks()
    await first.signs(HERE, NOW - DAY)
    await first.looks()
    renamed = Terminal(made, clock, exercise=DRILL | {"formerly": ["drill"], "grace": "27d"})
    states = await renamed.looks()
    [state] = states.values()  # the old one stands nowhere else
    assert state.subject == item_subject("exercise", REF.environment)
    assert [p.verdict.value for p in state.periods] == [*MISSED, "kept"]
    assert not any("no longer" in sentence for sentence in await renamed.entries())
    made.store.close()


async def test_what_was_done_for_all_was_done_for_each_and_not_the_other_way_round(tmp_path: Path) -> None:
    clock = Clock(NOW)
    made = opened(tmp_path, clock)
    wide = Terminal(made, clock, drill=DRILL | {"per": "platform"})
    await wide.looks()
    await wide.signs(item_subject("drill"), NOW - DAY)
    narrow = Terminal(made, clock, drill=DRILL)
    [state] = (await narrow.looks()).values()
    assert (state.subject, [p.verdict.value for p in state.periods]) == (HERE, [*MISSED, "kept"])
    await narrow.signs(HERE, NOW - DAY)
    clock.at += HOUR
    states = await Terminal(made, clock, drill=DRILL | {"per": "platform"}).looks()
    assert states[HERE].standing is ItemStanding.WITHDRAWN
    made.store.close()


async def test_what_goes_live_takes_its_history_along(tmp_path: Path) -> None:
    clock = Clock(NOW)
    made = opened(tmp_path, clock)
    promise = DRILL | {"per": "platform", "live": "root-ca"}
    signed = Terminal(made, clock, drill=promise)
    await signed.looks()
    await signed.signs(item_subject("drill"), NOW - DAY)
    [state] = (await Terminal(made, clock, drill=promise | {"evidence": "live"}).looks()).values()
    assert (state.subject, [p.verdict.value for p in state.periods]) == (HERE, [*MISSED, "kept"])
    made.store.close()


async def test_no_word_counts_where_a_record_of_another_system_is_asked_for(tmp_path: Path) -> None:
    clock = Clock(NOW - 60 * DAY)
    made = opened(tmp_path, clock)
    asked = DRILL | {"evidence": "imported"}
    by_word = Terminal(made, clock, drill=DRILL)
    await by_word.signs(HERE, NOW - 60 * DAY)  # September, by word, which counted then
    await by_word.looks()
    clock.at = NOW
    assert [p.verdict.value for p in (await by_word.looks())[HERE].periods][1] == "kept"
    terminal = Terminal(made, clock, drill=asked)
    assert [p.verdict.value for p in (await terminal.looks())[HERE].periods][1] == "kept"
    clock.at += HOUR
    await terminal.signs(HERE, NOW)
    assert (await terminal.looks())[HERE].standing is ItemStanding.OVERDUE
    await terminal.signs(HERE, NOW, "imported")
    state = (await terminal.looks())[HERE]
    assert state.standing is ItemStanding.DONE and state.last is not None
    assert state.last.evidence.value == "imported"
    made.store.close()


async def test_two_terminals_of_other_settings_do_not_answer_each_other_without_end(tmp_path: Path) -> None:
    clock = Clock(NOW)
    made = opened(tmp_path, clock)
    one, other = Terminal(made, clock, drill=DRILL), Terminal(made, clock, drill=DRILL | {"grace": "5d"})
    without = Terminal(made, clock, review=DRILL)
    for _ in range(60):
        clock.at += 10.0
        for terminal in (one, other, without):
            await terminal.looks()
    assert len(await one.entries()) <= 4
    clock.at += HOUR
    await one.looks()
    clock.at += 20 * DAY
    # one that lacks it withdraws nothing from others
    assert closed((await one.looks())[HERE]) == [*MISSED, "missed"]
    made.store.close()


async def test_many_are_on_record_by_few_entries(tmp_path: Path) -> None:
    clock = Clock(NOW)
    made = opened(tmp_path, clock)
    terminal = Terminal(made, clock, drill=DRILL | {"places": [f"db-{n}" for n in range(450)]})
    for _ in range(5):
        await terminal.looks()
    assert len(await terminal.entries()) == 3
    assert all(len(entry.data) < 20_000 for entry in await made.store.newest(100))
    made.store.close()


@pytest.mark.parametrize(
    "items", [1, [1, {"rule": 3}], [{"rule": {"when": "each month"}, "at": [[1, 2]]}], [{"at": [["a"] * 4]}]]
)
async def test_what_cannot_be_read_of_such_an_entry_says_nothing(tmp_path: Path, items: object) -> None:
    made = opened(tmp_path, Clock(NOW))
    data = rules_data([], []) | {"items": items, "withdrawn": [["a"], 3]}
    await made.store.append(EntryKind.NOTE, actor="tfdash", sentence="x", data=data)
    assert not made.store.projection.maintenance.rules
    made.store.close()


def test_a_former_name_that_is_used_still_is_refused() -> None:
    items = '[maintenance.items.a]\nwhen = "each month"\ntitle = "A"\n'
    for more, word in (
        (
            items + '[maintenance.items.b]\nwhen = "each month"\ntitle = "B"\nformerly = ["a"]\n',
            "is an item still",
        ),
        (
            items
            + 'formerly = ["old"]\n[maintenance.items.b]\nwhen = "each month"\ntitle = "B"\nformerly = ["old"]\n',
            '"old" is a now',
        ),
    ):
        with pytest.raises(ConfigError) as refused:
            parse(more, Path("x.toml"))
        assert word in str(refused.value)
