"""Small changes of a module, one at a time: what a mistake of one word would have written.

Sentences for people are left alone (golden screens hold them), and so are annotations, which mypy reads.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from types import CodeType
from typing import Any, NamedTuple

_OTHER: dict[type, type] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Div, ast.Mod: ast.Div,
    ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr, ast.Break: ast.Continue, ast.Continue: ast.Break,
}  # fmt: skip
_OTHER_NAME = {"min": "max", "max": "min", "any": "all", "all": "any"}


class Mutant(NamedTuple):
    """``change`` reads ``old -> new``; the rest says where in the tree."""

    line: int
    change: str
    tree: ast.Module
    parent: ast.AST
    field: str
    at: int | None
    old: ast.AST
    new: ast.AST

    def compiled(self, path: str) -> CodeType:
        """The module with the change, as it would be in ``path``."""
        self._put(self.new)
        try:
            return compile(self.tree, path, "exec")
        finally:
            self._put(self.old)

    def _put(self, node: ast.AST) -> None:
        if self.at is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.at] = node


def mutants(tree: ast.Module) -> Iterator[Mutant]:
    """Every one, in the order of the source."""
    for parent, field, at, node in _places(tree):
        for new in _instead(node, parent):
            line = int(getattr(node, "lineno", None) or getattr(parent, "lineno", 0))
            yield Mutant(
                line,
                _change(node, new),
                tree,
                parent,
                field,
                at,
                node,
                ast.fix_missing_locations(new),
            )


def _places(node: ast.AST) -> Iterator[tuple[ast.AST, str, int | None, ast.AST]]:
    """Each node with its parent, the field it stands in, and its place there; annotations, imports and bare strings left out."""
    if isinstance(node, ast.If) and _said(node.test) == "TYPE_CHECKING":
        return
    for name, value in ast.iter_fields(node):
        for at, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST) and name not in ("annotation", "returns") and not _left(child):
                yield node, name, at, child
                yield from _places(child)


def _left(node: ast.AST) -> bool:
    """Imports, bare strings, names of types, and what a package shows."""
    match node:
        case ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant()):
            return True
        case ast.Assign(targets=[ast.Name(id="__all__")]):
            return True
        case ast.AnnAssign():
            return _said(node.annotation) == "TypeAlias"
    return False


def _instead(node: ast.AST, parent: ast.AST) -> Iterator[ast.AST]:
    if type(node) in _OTHER and not (isinstance(node, ast.operator) and _text(parent)):
        yield _OTHER[type(node)]()
    match node:
        case ast.Constant(value=bool() as value):
            yield _like(node, ast.Constant(not value))
        case ast.Constant(value=int() | float() as value):
            yield _like(node, ast.Constant(value + 1))
        case ast.Constant(value=str() as value) if " " not in value and not isinstance(parent, ast.JoinedStr):
            yield _like(node, ast.Constant(f"XX{value}XX"))
        case ast.Name(id=str() as name) if name in _OTHER_NAME and isinstance(parent, ast.Call):
            yield _like(node, ast.Name(_OTHER_NAME[name], node.ctx))
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield node.operand
        case ast.Call(keywords=[_, *_]):
            for keyword in node.keywords:
                if not _text(keyword.value):
                    left = [k for k in node.keywords if k is not keyword]
                    yield _like(node, ast.Call(node.func, node.args, left))
        case ast.IfExp():
            yield node.body
            yield node.orelse
        case ast.Return(value=ast.expr() as value) if not _none(value):
            yield _like(node, ast.Return(ast.Constant(None)))
        case ast.Expr(value=ast.Call() | ast.Await()) | ast.AugAssign() | ast.Raise():
            yield _like(node, ast.Pass())
        case ast.Match():
            for case in node.cases[:-1]:
                yield _like(node, ast.Match(node.subject, [c for c in node.cases if c is not case]))
    asked = isinstance(parent, ast.If | ast.While | ast.IfExp) and node is parent.test
    asked = asked or (isinstance(parent, ast.comprehension) and node in parent.ifs)
    if asked and not isinstance(node, ast.Compare | ast.BoolOp | ast.UnaryOp):
        yield _like(node, ast.UnaryOp(ast.Not(), node))


def _like(old: Any, new: Any) -> Any:
    return ast.copy_location(new, old)


def _none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _text(node: ast.AST) -> bool:
    """A sentence, or made of some."""
    parts = (n.value for n in ast.walk(node) if isinstance(n, ast.Constant))
    return isinstance(node, ast.JoinedStr | ast.Constant | ast.BinOp) and any(
        isinstance(p, str) and " " in p for p in parts
    )


def _change(old: ast.AST, new: ast.AST) -> str:
    if isinstance(old, ast.Call) and isinstance(new, ast.Call):
        [left] = {k.arg for k in old.keywords} - {k.arg for k in new.keywords}
        return f"{_said(old.func)}(...) without {left}"
    return f"{_said(old)} -> {_said(new)}"


def _said(node: ast.AST) -> str:
    """The source of it on one line; of an operator, its name."""
    whole = (
        " ".join(ast.unparse(node).split())
        if not isinstance(node, ast.operator | ast.boolop | ast.cmpop)
        else type(node).__name__
    )
    return whole if len(whole) <= 90 else f"{whole[:60]} ... {whole[-25:]}"
