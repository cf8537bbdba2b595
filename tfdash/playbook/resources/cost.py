"""What a month of a pool of nodes, and of the whole cluster, costs at list price: how much of it is asked for, is used, and is asked
for by nobody. A node without a price makes the cost unknown, never less."""

from __future__ import annotations

from fractions import Fraction

from tfdash.durations import write_duration
from tfdash.model import resource_rules
from tfdash.model.kubecluster import Node
from tfdash.model.usage import Usage, UsageHistory, usage_key
from tfdash.model.verdict import Level, UnknownKind, Verdict
from tfdash.nouns import counted
from tfdash.playbook.resources.pool_nodes import called, has_nodes, nodes_of
from tfdash.playbook.resources.pricing import MONTH, Rate, Unpriced, mean_rate, money, rate_of
from tfdash.playbook.rule import Case, Rule, RuleResult
from tfdash.playbook.staleness import Unread
from tfdash.quantities import amount

ID = resource_rules.COST


def _judge(case: Case[Usage]) -> RuleResult | None:
    if not case.policies.resources.prices:
        return None
    nodes = nodes_of(case, case.obj)
    if nodes is None:
        return None
    if isinstance(nodes, Unread):
        return _unknown(case, f"its nodes are not known: {nodes.cause}", nodes.unknown)
    rates = {node.name: rate_of(node, case.policies) for node in nodes}
    together = mean_rate(rates.values())
    if together is None:
        return None
    if isinstance(together, Unpriced):
        several = sum(isinstance(rate, Unpriced) for rate in rates.values())
        more = f", nor {counted(several - 1, 'other')}" if several > 1 else ""
        kind = UnknownKind.NO_DATA if together.comparable else UnknownKind.NOT_COMPARABLE
        return _unknown(case, f"its cost is not known: {together.why}{more}", kind)
    whole = asked = Fraction()
    for node in nodes:
        rate = rates[node.name]
        assert isinstance(rate, Rate)
        whole += rate.hourly(node.allocatable) * MONTH
        there = case.maybe(Usage, usage_key("Node", "", node.name))
        asked += rate.hourly(there.asked) * MONTH if there is not None else 0
    currency = together.currency
    if not case.obj.pods:
        told = f"{money(whole, currency)} a month at list price; no pods are counted on {counted(len(nodes), 'node')}"
        return _told(case, told, None, currency)
    idle = max(Fraction(), whole - asked)
    used = _used(case, nodes, rates, together)
    sentence = (
        f"{money(idle, '')} of {money(whole, currency)} a month at list price are asked for by nobody; "
        f"{money(asked, '')} asked for, {used} used{_saved(case, together)}"
    )
    return _told(case, sentence, float(idle), currency)


def _used(
    case: Case[Usage], nodes: tuple[Node, ...], rates: dict[str, Rate | Unpriced], together: Rate
) -> str:
    """By its pods; of nodes with several prices, at the mean of what is allocatable on them."""
    usage = case.obj
    if len(set(rates.values())) == 1:
        return money(together.hourly(usage.used) * MONTH, "")
    value = Fraction()
    for resource in ("cpu", "memory"):
        whole = paid = Fraction()
        for node in nodes:
            rate, there = rates[node.name], amount(node.allocatable, resource) or 0
            assert isinstance(rate, Rate)
            alone = rate.hourly(((resource, there),))
            whole, paid = whole + there, paid + alone
        used = amount(usage.used, resource) or 0
        value += paid * used / whole if whole else 0
    return f"about {money(value * MONTH, '')}"


def _saved(case: Case[Usage], rate: Rate) -> str:
    """What is asked for less than before is freed; so much of it as went away with nodes since is realised. The largest of whole
    days are compared, since every night asks for less; at today's prices."""
    usage = case.obj
    history = case.maybe(UsageHistory, usage_key(usage.of, "", usage.called))
    if history is None or len(history.days) < 2:
        return ""
    before, lately = history.days[0], history.days[-1]
    freed = (rate.hourly(before.asked) - rate.hourly(lately.asked)) * MONTH
    if freed <= 0:
        return ""
    gone = before.nodes - lately.nodes
    paid = (rate.hourly(before.allocatable) - rate.hourly(lately.allocatable)) * MONTH
    realised = min(freed, max(Fraction(), paid)) if gone > 0 else Fraction()
    told = f"; of {money(freed, rate.currency)} freed in {write_duration(lately.at - before.at)} "
    if not realised:
        return f"{told}nothing is realised: no node went away"
    return f"{told}{money(realised, '')} are realised by {counted(gone, 'node')} that went away"


def _told(case: Case[Usage], words: str, idle: float | None, currency: str) -> RuleResult:
    sentence = f"{called(case)}: {words}"
    return RuleResult(
        (
            Verdict(
                level=Level.OK,
                rule=ID,
                subject=case.subject,
                sentence=sentence,
                measured=idle,
                unit=currency,
            ),
        )
    )


def _unknown(case: Case[Usage], words: str, kind: UnknownKind) -> RuleResult:
    sentence = f"{called(case)}: {words}"
    verdict = Verdict(level=Level.UNKNOWN, rule=ID, subject=case.subject, sentence=sentence, unknown=kind)
    return RuleResult((verdict,))


RULE = Rule(ID, (Usage,), _judge, uses=(Node, UsageHistory), whom=has_nodes)
