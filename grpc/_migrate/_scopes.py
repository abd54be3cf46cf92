"""Which import a name stands for: the scopes of a module, and everything that binds a name in each.

A name counts as an import only where everything that binds it in its scope is that import: what is also assigned
somewhere, or imported in two ways, is reported and left alone.
"""

from __future__ import annotations

import ast
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple, Union

_Function = Union[ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda]
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Binding(NamedTuple):
    """One place that binds a name.

    Attributes:
      node: The place.
      statement: The import statement; None for all that is no import.
      dotted: The full name that an import binds, with a dot for each level when it is relative; else None.
      value: What an assignment to this name alone assigns; else None.
    """

    node: ast.AST
    statement: Optional[ast.stmt] = None
    dotted: Optional[str] = None
    value: Optional[ast.expr] = None


class Scope:
    """A module, class, function or comprehension with the names that it binds."""

    __slots__ = ("_elsewhere", "names", "node", "parent")

    def __init__(self, node: ast.AST, parent: Optional[Scope]) -> None:
        self.node = node
        self.parent = parent
        self.names: Dict[str, List[Binding]] = {}
        self._elsewhere: Dict[str, Scope] = {}  # what `global` and `nonlocal` say

    def bind(self, name: str, binding: Binding) -> None:
        """Note a binding where `global` and `nonlocal` put it."""
        self._elsewhere.get(name, self).names.setdefault(name, []).append(binding)

    def bind_elsewhere(self, name: str, scope: Scope) -> None:
        """Note that bindings of a name here belong to another scope."""
        self._elsewhere[name] = scope

    def find(self, name: str) -> Optional[Scope]:
        """The scope that a name read here belongs to; None for a builtin or unknown one."""
        scope: Optional[Scope] = self._elsewhere.get(name, self)
        while scope is not None:
            visible = scope is self or not isinstance(scope.node, ast.ClassDef)
            if visible and name in scope.names:
                return scope
            scope = scope.parent
        return None


class Scopes(ast.NodeVisitor):
    """The scopes of one module."""

    def __init__(self, tree: ast.Module) -> None:
        self.module = Scope(tree, None)
        self._now = self.module
        self._of: Dict[int, Scope] = {}
        self._names: List[ast.Name] = []
        self.generic_visit(tree)

    def of(self, name: ast.Name) -> Scope:
        """The scope that a name stands in."""
        return self._of[id(name)]

    def home(self, name: ast.Name) -> Optional[Scope]:
        """The scope that a name belongs to; None for a builtin or unknown one."""
        return self._of[id(name)].find(name.id)

    def _homes(self, name: ast.Name) -> List[Scope]:
        """All scopes that a name may belong to: a class reads a name from outside until it binds that itself."""
        home = self.home(name)
        found = []
        while home is not None:
            found.append(home)
            in_class = isinstance(home.node, ast.ClassDef) and isinstance(name.ctx, ast.Load)
            home = home.parent.find(name.id) if in_class and home.parent is not None else None
        return found

    def bindings(self, name: ast.Name) -> List[Binding]:
        """All that binds a name, as it is read at its place."""
        return [binding for home in self._homes(name) for binding in home.names[name.id]]

    def references(self, scope: Scope, name: str) -> Iterator[ast.Name]:
        """Every place that reads or writes a name of a scope, other than import statements."""
        return (node for node in self._names if node.id == name and scope in self._homes(node))

    def __iter__(self) -> Iterator[Scope]:
        """Every scope that binds a name which is read or written somewhere, and the module."""
        found = {id(scope): scope for scope in self._of.values()}
        found[id(self.module)] = self.module
        return iter(found.values())

    # ------------------------------------------------------------ places that open a scope

    def _inside(self, node: ast.AST, children: List[ast.AST]) -> None:
        before, self._now = self._now, Scope(node, self._now)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            arguments = node.args
            for argument in (
                *arguments.posonlyargs,
                *arguments.args,
                *arguments.kwonlyargs,
                *(one for one in (arguments.vararg, arguments.kwarg) if one is not None),
            ):
                self._now.bind(argument.arg, Binding(argument))
        for child in children:
            self.visit(child)
        self._now = before

    def _visit_function(self, node: _Function) -> None:
        arguments = node.args
        outside: List[Optional[ast.AST]] = [*arguments.defaults, *arguments.kw_defaults]
        plain = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
        outside += [argument.annotation for argument in plain]
        outside += [one.annotation for one in (arguments.vararg, arguments.kwarg) if one is not None]
        if isinstance(node, ast.Lambda):
            body: List[ast.AST] = [node.body]
        else:
            self._now.bind(node.name, Binding(node))
            outside += [*node.decorator_list, node.returns]
            body = [*getattr(node, "type_params", ()), *node.body]
        for child in outside:
            if child is not None:
                self.visit(child)
        self._inside(node, body)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._visit_function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._visit_function(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._visit_function(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._now.bind(node.name, Binding(node))
        for child in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(child)
        self._inside(node, [*getattr(node, "type_params", ()), *node.body])

    def generic_visit(self, node: ast.AST) -> None:
        if isinstance(node, _COMPREHENSIONS):
            first = node.generators[0]
            self.visit(first.iter)  # outside: the rest is a function of its own
            results = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
            self._inside(node, [first.target, *first.ifs, *node.generators[1:], *results])
        else:
            self._bind_strings(node)
            super().generic_visit(node)

    # ------------------------------------------------------------ places that bind a name

    def _bind_strings(self, node: ast.AST) -> None:
        """Nodes whose names are plain strings: handlers, patterns and type parameters."""
        kind = type(node).__name__
        name = getattr(node, "rest" if kind == "MatchMapping" else "name", None)
        if isinstance(name, str) and kind != "alias":
            self._now.bind(name, Binding(node))

    def _see(self, node: ast.Name) -> None:
        self._of[id(node)] = self._now
        self._names.append(node)

    def visit_Name(self, node: ast.Name) -> None:
        self._see(node)
        if not isinstance(node.ctx, ast.Load):
            self._now.bind(node.id, Binding(node))

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self._see(node.target)
        scope = self._now
        while isinstance(scope.node, _COMPREHENSIONS) and scope.parent is not None:
            scope = scope.parent
        scope.bind(node.target.id, Binding(node.target))
        self.visit(node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        if len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            self._see(node.targets[0])
            self._now.bind(node.targets[0].id, Binding(node.targets[0], value=node.value))
        else:
            for target in node.targets:
                self.visit(target)

    def visit_Global(self, node: ast.Global) -> None:
        for name in node.names:
            self._now.bind_elsewhere(name, self.module)

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        for name in node.names:
            outer = self._now.parent.find(name) if self._now.parent is not None else None
            self._now.bind_elsewhere(name, outer or self.module)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            dotted = alias.name if alias.asname else alias.name.split(".")[0]
            self._now.bind(alias.asname or dotted, Binding(alias, node, dotted))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            origin = "." * node.level + (node.module or "")
            dotted = origin + alias.name if origin.endswith(".") else f"{origin}.{alias.name}"
            self._now.bind(alias.asname or alias.name, Binding(alias, node, dotted))


def split_module(dotted: str) -> Tuple[str, str]:
    """The package, dots of a relative import included, and the last name of a full name."""
    bare = dotted.lstrip(".")
    dots = dotted[: len(dotted) - len(bare)]
    package, _, last = bare.rpartition(".")
    return dots + package, last
