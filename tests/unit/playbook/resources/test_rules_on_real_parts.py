"""The table of what the real parts are made to show (``tests/trials/rules``) leaves out no rule of resources."""

from __future__ import annotations

from tests.trials.rules.table import ALL, ELSEWHERE, INFORM
from tfdash.playbook.registry import RULES
from tfdash.playbook.waivers import RESOURCE_RULES


def test_the_table_has_a_line_for_every_rule_of_resources_true_and_false() -> None:
    rules = {line.rule for line in ALL}
    assert rules == set(RESOURCE_RULES)
    judged = {rule.id for rule in RULES if rule.id.startswith("resources.")}
    unheard = {rule for rule in judged if not any(r == rule or r.startswith(f"{rule}.") for r in rules)}
    assert not unheard, "rules that the judge runs, of which the table has no line"
    for rule in sorted(rules):
        found = {line.finds for line in ALL if line.rule == rule}
        assert found == ({False} if rule in INFORM else {True, False}), rule
    assert all(ELSEWHERE.values())
