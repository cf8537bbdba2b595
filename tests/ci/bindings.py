"""What the modules of the program bind at their top: by nobody used from there, or twice. Vulture goes by names alone, so that the ``KINDS``
of one module keeps that of another alive.
"""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

FOUND_BY_NAME = frozenset(
    {"command", "DECODERS", "AGAIN", "VIEWS", "RULE", "SECTION", "ACTIONS", "PROBES", "ask", "write"}
)
"""Looked for in every module of a package, or named by a table as text; so are pages."""
_PAGES = "screens.pages."


def bound(body: Iterable[ast.stmt]) -> Iterator[tuple[str, int]]:
    """Names and their lines; what is decorated may be bound once more (``overload``, ``property``)."""
    for node in body:
        if isinstance(node, ast.Assign):
            yield from ((t.id, node.lineno) for t in node.targets if isinstance(t, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id, node.lineno
        elif isinstance(node, ast.ClassDef) or (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.decorator_list
        ):
            yield node.name, node.lineno


def taken(trees: Mapping[str, ast.Module]) -> Mapping[str, set[str]]:
    """By module: what others import from it, or ask it for."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for tree in trees.values():
        modules: dict[str, str] = {}
        nodes = list(ast.walk(tree))
        for node in nodes:
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    found[node.module].add(alias.name)
                    if (whole := f"{node.module}.{alias.name}") in trees:
                        modules[alias.asname or alias.name] = whole
            elif isinstance(node, ast.Import):
                modules |= {alias.asname: alias.name for alias in node.names if alias.asname}
        for node in nodes:
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id in modules
            ):
                found[modules[node.value.id]].add(node.attr)
    return found


def unused(trees: Mapping[str, ast.Module], of: Iterable[str]) -> Iterator[str]:
    """``module:line: name`` of what is bound in ``of`` and used by nobody, itself included."""
    others = taken(trees)
    for module in of:
        tree = trees[module]
        own = Counter(n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))
        for name, line in bound(tree.body):
            known = name in FOUND_BY_NAME or name.startswith("__") or module.startswith(_PAGES)
            if not known and not own[name] and name not in others[module]:
                yield f"{module}:{line}: {name} is used by nobody"


def twice(trees: Mapping[str, ast.Module], of: Iterable[str]) -> Iterator[str]:
    """What one scope binds twice, one line after the other: the first is for nothing."""
    for module in of:
        for scope in (trees[module], *(n for n in ast.walk(trees[module]) if isinstance(n, ast.ClassDef))):
            seen = set[str]()
            for name, line in bound(scope.body):
                if name in seen:
                    yield f"{module}:{line}: {name} is bound a second time"
                seen.add(name)
