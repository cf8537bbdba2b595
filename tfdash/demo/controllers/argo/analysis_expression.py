"""Conditions of analyses, ``result[0] >= 0.95 || isNaN(result[0])``: the part of expr-lang that they are written in.

expr-lang.org/docs/language-definition; Argo Rollouts adds asInt, asFloat, isNaN, isInf, isNil and default.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+)|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<text>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')|(?P<sign>&&|\|\||==|!=|<=|>=|\*\*|\?\?|[-+*/%<>!()\[\]{},.?:#]))"
)
_BINARY: dict[str, tuple[int, Callable[[Any, Any], Any]]] = {
    "==": (3, lambda a, b: a == b),
    "!=": (3, lambda a, b: a != b),
    "<": (4, lambda a, b: a < b),
    "<=": (4, lambda a, b: a <= b),
    ">": (4, lambda a, b: a > b),
    ">=": (4, lambda a, b: a >= b),
    "in": (4, lambda a, b: a in b),
    "+": (5, lambda a, b: a + b),
    "-": (5, lambda a, b: a - b),
    "*": (6, lambda a, b: a * b),
    "/": (6, lambda a, b: _divided(a, b)),
    "%": (6, lambda a, b: math.fmod(a, b)),
}


class Wrong(Exception):
    """A condition that cannot be read or does not fit the result; the text says why."""


def _divided(a: float, b: float) -> float:
    if b == 0:
        return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a)
    return a / b


def _none(value: Any) -> bool:
    return value is None


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "isNaN": lambda v: isinstance(v, float) and math.isnan(v),
    "isInf": lambda v: isinstance(v, float) and math.isinf(v),
    "isNil": _none,
    "default": lambda v, other: other if v is None else v,
    "len": len,
    "abs": abs,
    "asFloat": float,
    "asInt": lambda v: int(float(v)),
    "min": min,
    "max": max,
    "sum": sum,
    "mean": lambda v: sum(v) / len(v) if v else 0,
    "int": lambda v: int(float(v)),
    "float": float,
}
_OVER: dict[str, Callable[[list[Any]], Any]] = {
    "all": all,
    "any": any,
    "none": lambda found: not any(found),
    "one": lambda found: sum(map(bool, found)) == 1,
    "count": lambda found: sum(map(bool, found)),
    "map": lambda found: found,
}
Node = Callable[[dict[str, Any]], Any]


def evaluate(text: str, result: Any) -> bool:
    """Whether the condition holds. Raises ``Wrong``."""
    try:
        value = _Reader(text).whole()({"result": result})
    except (TypeError, ValueError, AttributeError) as error:
        raise Wrong(str(error)) from error
    if not isinstance(value, bool):
        raise Wrong(f"expected bool, but got {type(value).__name__}")
    return value


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        place = 0
        text = text.rstrip()
        while place < len(text):
            found = _TOKEN.match(text, place)
            if found is None:
                raise Wrong(f"unexpected token {text[place:].strip()[:1]!r}")
            kind = found.lastgroup or ""
            self._tokens.append((kind, found.group(kind)))
            place = found.end()
        self._at = 0

    def whole(self) -> Node:
        node = self._choice()
        if self._at < len(self._tokens):
            raise Wrong(f"unexpected token {self._peek()!r}")
        return node

    def _peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _take(self, sign: str) -> bool:
        if self._peek() == sign:
            self._at += 1
            return True
        return False

    def _need(self, sign: str) -> None:
        if not self._take(sign):
            raise Wrong(f"unexpected token {self._peek() or 'EOF'!r}, expected {sign!r}")

    def _choice(self) -> Node:
        test = self._either()
        if self._take("?"):
            yes = self._choice()
            self._need(":")
            no = self._choice()
            return lambda names: yes(names) if test(names) else no(names)
        if self._take("??"):
            other = self._choice()
            return lambda names: other(names) if test(names) is None else test(names)
        return test

    def _either(self) -> Node:
        node = self._both()
        while self._peek() in ("||", "or"):
            self._at += 1
            node = _or(node, self._both())
        return node

    def _both(self) -> Node:
        node = self._binary(3)
        while self._peek() in ("&&", "and"):
            self._at += 1
            node = _and(node, self._binary(3))
        return node

    def _binary(self, least: int) -> Node:
        node = self._unary()
        while (known := _BINARY.get(self._peek())) is not None and known[0] >= least:
            self._at += 1
            node = _combined(known[1], node, self._binary(known[0] + 1))
        return node

    def _unary(self) -> Node:
        if self._take("!") or self._take("not"):
            inner = self._unary()
            return lambda names: not inner(names)
        if self._take("-"):
            inner = self._unary()
            return lambda names: -inner(names)
        return self._reached(self._single())

    def _reached(self, node: Node) -> Node:
        while True:
            if self._take("["):
                node = _indexed(node, self._choice())
                self._need("]")
            elif self._take("."):
                node = _indexed(node, _constant(self._peek()))
                self._at += 1
            else:
                return node

    def _single(self) -> Node:
        if self._at >= len(self._tokens):
            raise Wrong("unexpected token EOF")
        kind, word = self._tokens[self._at]
        self._at += 1
        if kind == "number":
            value: Any = float(word) if not word.isdigit() else int(word)
            return lambda names: value
        if kind == "text":
            said = word[1:-1]
            return lambda names: said
        if word == "(":
            node = self._choice()
            self._need(")")
            return node
        if word == "[":
            items: list[Node] = []
            while not self._take("]"):
                if items:
                    self._need(",")
                items.append(self._choice())
            return lambda names: [item(names) for item in items]
        if word == "#":
            return lambda names: names["#"]
        if word in ("true", "false", "nil"):
            return lambda names: {"true": True, "false": False, "nil": None}[word]
        if kind == "name" and self._take("("):
            return self._call(word)
        if kind == "name":
            return lambda names: _known(names, word)
        raise Wrong(f"unexpected token {word!r}")

    def _call(self, name: str) -> Node:
        inner: list[Node] = []
        while not self._take(")"):
            if inner:
                self._need(",")
            braced = self._take("{")
            inner.append(self._choice())
            if braced:
                self._need("}")
        if name in _OVER and len(inner) == 2:
            over, of, each = _OVER[name], inner[0], inner[1]
            return lambda names: over([each({**names, "#": item}) for item in of(names)])
        if name == "filter" and len(inner) == 2:
            return lambda names: [i for i in inner[0](names) if inner[1]({**names, "#": i})]
        if name not in _FUNCTIONS:
            raise Wrong(f"unknown name {name}")
        return lambda names: _FUNCTIONS[name](*(part(names) for part in inner))


def _known(names: dict[str, Any], word: str) -> Any:
    if word not in names:
        raise Wrong(f"unknown name {word}")
    return names[word]


def _or(left: Node, right: Node) -> Node:
    return lambda names: bool(left(names)) or bool(right(names))


def _and(left: Node, right: Node) -> Node:
    return lambda names: bool(left(names)) and bool(right(names))


def _combined(how: Callable[[Any, Any], Any], left: Node, right: Node) -> Node:
    return lambda names: how(left(names), right(names))


def _constant(value: Any) -> Node:
    return lambda names: value


def _indexed(node: Node, index: Node) -> Node:
    def found(names: dict[str, Any]) -> Any:
        value, key = node(names), index(names)
        if isinstance(value, list):
            if not isinstance(key, int) or not -len(value) <= key < len(value):
                raise Wrong(f"index out of range: {key} (array length is {len(value)})")
            return value[key]
        if isinstance(value, dict):
            return value.get(key)
        raise Wrong(f"cannot fetch {key} from {type(value).__name__}")

    return found
