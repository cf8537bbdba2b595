"""PromQL text to its tree, refused in Prometheus's manner where it is wrong or asks for what we do not evaluate."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import promql_parser as promql

from tfdash.demo.prometheus.series import NAME, Matcher, Matchers, QueryError

_OPS = (
    (promql.MatchOp.Equal, "="),
    (promql.MatchOp.NotEqual, "!="),
    (promql.MatchOp.Re, "=~"),
    (promql.MatchOp.NotRe, "!~"),
)  # the library's enumerations cannot be keys
EXPERIMENTAL = frozenset(
    {
        "mad_over_time",
        "ts_of_min_over_time",
        "ts_of_max_over_time",
        "ts_of_last_over_time",
        "first_over_time",
        "ts_of_first_over_time",
        "sort_by_label",
        "sort_by_label_desc",
        "info",
        "double_exponential_smoothing",
    }
)  # Prometheus has them behind --enable-feature=promql-experimental-functions


def parse(text: str) -> Any:
    """The expression. Raises ``QueryError`` of kind bad_data."""
    try:
        return promql.parse(text)
    except ValueError as error:
        raise QueryError("bad_data", f'invalid parameter "query": 1:1: parse error: {error}') from None


def _op(op: Any) -> str:
    return next(sign for known, sign in _OPS if known == op)


def matchers_of(selector: Any) -> Matchers:
    """The conditions of a vector selector, its name among them."""
    groups = selector.matchers.or_matchers
    if groups:
        raise QueryError(
            "bad_data", 'invalid parameter "query": parse error: unexpected <or> in label matching'
        )
    found = [Matcher(m.name, _op(m.op), m.value) for m in selector.matchers.matchers]
    if selector.name is not None:
        found.insert(0, Matcher(NAME, "=", selector.name))
    return tuple(found)


@lru_cache(maxsize=256)
def selector(text: str) -> Matchers:
    """The conditions of a ``match[]`` parameter. Raises ``QueryError``."""
    try:
        tree = promql.parse(text)
    except ValueError as error:
        raise QueryError("bad_data", f'invalid parameter "match[]": 1:1: parse error: {error}') from None
    if not isinstance(tree, promql.VectorSelector) or tree.offset is not None or tree.at is not None:
        raise QueryError("bad_data", f'invalid parameter "match[]": {text} is no plain selector')
    return matchers_of(tree)


def bare(tree: Any) -> Any:
    """``tree`` without the parentheses around it."""
    while isinstance(tree, promql.ParenExpr):
        tree = tree.expr
    return tree
