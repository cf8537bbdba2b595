"""What a month of a pool of nodes costs at list price: how much of it is asked for, is used, and is asked for by nobody."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from tfdash.model.usage import Usage
from tfdash.model.verdict import Level, Verdict
from tfdash.playbook.resources.policy import Price
from tfdash.playbook.rule import Case, Rule, RuleResult
from tfdash.quantities import NANO, Amounts, amount

ID = "resources.cost"
MONTH = 730.0  # hours


def price_of(pool: str, prices: Sequence[Price]) -> Price | None:
    """The first that fits."""
    return next((p for p in prices if fnmatchcase(pool, p.pool)), None)


def monthly(amounts: Amounts, price: Price) -> float:
    """In the price's currency."""
    cores = (amount(amounts, "cpu") or 0) / NANO
    gib = (amount(amounts, "memory") or 0) / NANO / 2**30
    return (cores * price.core_hour + gib * price.gib_hour) * MONTH


def _judge(case: Case[Usage]) -> RuleResult | None:
    usage = case.obj
    price = price_of(usage.called, case.policies.resources.prices) if usage.of == "NodePool" else None
    if price is None:
        return None
    whole, asked, used = (monthly(a, price) for a in (usage.allocatable, usage.asked, usage.used))
    idle = max(0.0, whole - asked)
    sentence = (
        f"pool {usage.called}: {idle:,.0f} of {whole:,.0f} {price.currency}".rstrip()
        + f" a month at list price are asked for by nobody; {asked:,.0f} asked for, {used:,.0f} used"
    )
    verdict = Verdict(
        level=Level.OK, rule=ID, subject=case.subject, sentence=sentence, measured=idle, unit=price.currency
    )
    return RuleResult((verdict,))


RULE = Rule(ID, (Usage,), _judge)
