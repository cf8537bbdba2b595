"""What is bound for nothing is found, and what another module's name keeps alive is not."""

from __future__ import annotations

import ast

from tests.ci.bindings import twice, unused


def test_what_nobody_takes_from_its_own_module_is_dead_whatever_others_call_so() -> None:
    trees = {
        "a": ast.parse("KINDS = 1\n_OLD = 2\nDECODERS = {}\nUSED = 3\nASKED = 4\ndef inner(): return USED"),
        "b": ast.parse("from a import inner\nimport a as other\nKINDS = 5\nprint(KINDS, other.ASKED)"),
    }
    assert list(unused(trees, trees)) == ["a:1: KINDS is used by nobody", "a:2: _OLD is used by nobody"]


def test_what_is_bound_twice_in_one_scope_is_found() -> None:
    source = "_OLD = 1\n_OLD = 1\nclass A:\n    x: int\n    def x(self): ...\n    @property\n    def y(self): ...\n    @y.setter\n    def y(self): ..."
    assert list(twice({"a": ast.parse(source)}, ["a"])) == [
        "a:2: _OLD is bound a second time",
        "a:5: x is bound a second time",
    ]
