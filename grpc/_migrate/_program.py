"""A text with its scopes: what a name in it stands for, and how a modern name can be written at a place of it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Sequence, Set, Tuple, Union

from grpc._migrate import _table
from grpc._migrate._findings import Edit, Finding
from grpc._migrate._scopes import Binding, Scopes, split_module

if TYPE_CHECKING:
    from grpc._migrate._source import Source

Chain = List[ast.expr]  # of `a.b.c`: the nodes of a.b.c, a.b and a


class Use(NamedTuple):
    """A name of the beta API, or of the generated code of that era, at one place.

    Attributes:
      node: The node that spells it.
      root: The name that the node begins with.
      dotted: Its full name.
      certain: Whether nothing but one import binds that name.
      binding: The import.
    """

    node: ast.expr
    root: ast.Name
    dotted: str
    certain: bool
    binding: Binding


class Addition(NamedTuple):
    """An import that is to stand after another one."""

    statement: ast.stmt
    text: str


class Program:
    """One text and what is known of it.

    Attributes:
      source: The text.
      scopes: Its scopes.
      findings: What has been found so far.
      by_root: The finding of the use that begins with a name, by the name's id.
      stub_makers: The finding of each call that makes a stub, by the call's id.
      server_makers: Likewise for servers.
      wants_grpc: The ids of the findings whose edits name `grpc` where nothing imports it yet.
      additions: Imports of generated modules that edits need, by the finding's id.
      errors: The uses of `AbortionError`, with their findings.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.scopes = Scopes(source.tree)
        self.findings: List[Finding] = []
        self.by_root: Dict[int, Finding] = {}
        self.stub_makers: Dict[int, Finding] = {}
        self.server_makers: Dict[int, Finding] = {}
        self.wants_grpc: Set[int] = set()
        self.additions: Dict[int, Addition] = {}
        self.errors: List[Tuple[Use, Finding]] = []
        self._parents: Dict[int, ast.AST] = {}
        for node in ast.walk(source.tree):
            for child in ast.iter_child_nodes(node):
                self._parents[id(child)] = node

    # ------------------------------------------------------------ the tree

    def parent(self, node: ast.AST) -> Optional[ast.AST]:
        """What a node is a part of; None for the module."""
        return self._parents.get(id(node))

    def above(self, node: ast.AST, *kinds: type) -> Optional[ast.AST]:
        """The nearest node of some kinds that a node is a part of."""
        found = self.parent(node)
        while found is not None and not isinstance(found, kinds):
            found = self.parent(found)
        return found

    def chains(self) -> List[Chain]:
        """Every `a.b.c` in the text, as long as it gets, that begins with a name."""
        found = []
        for node in ast.walk(self.source.tree):
            if isinstance(node, (ast.Name, ast.Attribute)) and not isinstance(self.parent(node), ast.Attribute):
                chain: Chain = [node]
                while isinstance(chain[-1], ast.Attribute):
                    chain.append(chain[-1].value)
                if isinstance(chain[-1], ast.Name):
                    found.append(chain)
        return found

    def resolve(self, chain: Chain) -> Tuple[List[str], Optional[Binding], bool]:
        """The full names of a chain's nodes, the import that they begin with, and whether it is the only binding."""
        root = chain[-1]
        assert isinstance(root, ast.Name)
        bindings = self.scopes.bindings(root)
        imports = [binding for binding in bindings if binding.dotted is not None]
        if not imports:
            return [], None, False
        names = [imports[0].dotted or ""]
        for node in reversed(chain[:-1]):
            assert isinstance(node, ast.Attribute)
            names.append(f"{names[-1]}.{node.attr}")
        certain = len(imports) == len(bindings) and len({binding.dotted for binding in imports}) == 1
        return names[::-1], imports[0], certain

    def dotted(self, node: ast.expr) -> str:
        """The full name of an expression that is an imported thing; empty for any other."""
        chain: Chain = [node]
        while isinstance(chain[-1], ast.Attribute):
            chain.append(chain[-1].value)
        if not isinstance(chain[-1], ast.Name):
            return ""
        names, _, certain = self.resolve(chain)
        return names[0] if certain else ""

    def references(self, alias: ast.alias, name: str) -> List[ast.Name]:
        """Every place that reads or writes a name that an import binds."""
        for scope in self.scopes:
            if any(binding.node is alias for binding in scope.names.get(name, ())):
                return list(self.scopes.references(scope, name))
        return []  # a scope that reads no name at all

    # ------------------------------------------------------------ findings

    def report(
        self, node: ast.AST, beta: str, replacement: str, hint: str = "", edits: Optional[Sequence[Edit]] = None
    ) -> Finding:
        """Add a finding; edits that could lose a comment, or lie in an f-string, are not made."""
        # The parser of 3.11 and before gives no usable places within an f-string.
        literal = self.above(node, ast.JoinedStr)
        while literal is not None and self.above(literal, ast.JoinedStr) is not None:
            literal = self.above(literal, ast.JoinedStr)
        start = self.source.span(literal if literal is not None else node)[0]
        finding = Finding(start, self.source.position(start), beta, replacement, hint, edits)
        if edits is not None and literal is not None:
            finding.leave("within an f-string")
        elif any(self.source.has_comment(edit.start, edit.end) for edit in finding.edits):
            finding.leave("a comment stands in the way")
        self.findings.append(finding)
        return finding

    def text(self, node: ast.expr) -> str:
        """How an expression that is a chain of names is spelled, without space."""
        return ast.unparse(node)

    # ------------------------------------------------------------ naming modern things

    def grpc_at(self, name: ast.Name) -> Tuple[Optional[str], bool]:
        """How `grpc` is called where a name stands, None if that is something else, and whether it must be imported."""
        scope = self.scopes.of(name)
        home = scope.find("grpc")
        if home is not None:
            statements = [one.statement for one in home.names["grpc"] if one.dotted == "grpc" and one.statement]
            if len(statements) < len(home.names["grpc"]):
                return None, False
            return "grpc", all(statement.lineno > name.lineno for statement in statements)
        for local, bindings in self.scopes.module.names.items():
            if all(one.dotted == "grpc" for one in bindings) and scope.find(local) is self.scopes.module:
                return local, False
        return "grpc", True

    def modern(self, node: ast.expr, root: ast.Name, name: str) -> Tuple[Optional[Edit], bool]:
        """The edit that makes a node a name of `grpc`, if it can be named there, and whether that must be imported."""
        called, wanted = self.grpc_at(root)
        if called is None:
            return None, False
        return Edit(*self.source.span(node), called + name[len("grpc") :]), wanted

    def generated(self, use: Use, name: str) -> Tuple[str, str, Optional[Addition]]:
        """How to spell a name of the modern generated module that goes with the module of a beta name.

        Returns:
          The spelling; why it is not known, or nothing; the import that is to be added, or None for none.
        """
        module = use.dotted.rpartition(".")[0]
        package, last = split_module(module)
        grpc_module = last if last.endswith("_pb2_grpc") else last + "_grpc"
        spelled = f"{grpc_module}.{name}"
        if not last.endswith(("_pb2", "_pb2_grpc")):
            return f"{name}", "the module that has it is not known", None
        by_path = isinstance(use.binding.statement, ast.Import) and use.binding.dotted == module.split(".")[0]
        if isinstance(use.node, ast.Attribute) and last.endswith("_pb2_grpc"):
            return f"{self.text(use.node.value)}.{name}", "", None
        if by_path and isinstance(use.node, ast.Attribute) and package:
            wanted = f"{module}_grpc"
            statement = f"import {wanted}"
            here = [alias.name for node in self._imports() if isinstance(node, ast.Import) for alias in node.names]
            spelled = f"{self.text(use.node.value)}_grpc.{name}"
            return (spelled, "", None) if wanted in here else self._with_import(use, spelled, statement)
        full = package + grpc_module if not package or package.endswith(".") else f"{package}.{grpc_module}"
        home = self.scopes.home(use.root)
        assert home is not None
        for local, bindings in home.names.items():
            if [one.dotted for one in bindings] == [full] and self.scopes.of(use.root).find(local) is home:
                return f"{local}.{name}", "", None
        if any(grpc_module in scope.names for scope in self.scopes):
            return spelled, f"the name {grpc_module} is taken", None
        return self._with_import(use, spelled, f"from {package} import {grpc_module}" if package else f"import {full}")

    def _with_import(self, use: Use, spelled: str, text: str) -> Tuple[str, str, Optional[Addition]]:
        statement = use.binding.statement
        assert statement is not None
        if not self.source.stands_alone(statement):
            return spelled, "its import shares a line with other code", None
        return spelled, "", Addition(statement, text)

    def imports_beta(self) -> bool:
        """Whether anything of the beta API is imported, used or not."""
        return any(
            _table.is_beta(alias.name if isinstance(node, ast.Import) else f"{node.module}.{alias.name}")
            for node in self._imports()
            for alias in node.names
        )

    def _imports(self) -> List[Union[ast.Import, ast.ImportFrom]]:
        return [node for node in ast.walk(self.source.tree) if isinstance(node, (ast.Import, ast.ImportFrom))]


def context_of_arguments(node: ast.FunctionDef) -> Optional[str]:
    """The name of the third argument of a method that has just three; None for any other."""
    arguments = node.args
    plain = [*arguments.posonlyargs, *arguments.args]
    if len(plain) != 3 or arguments.vararg or arguments.kwarg or arguments.kwonlyargs:
        return None
    return plain[2].arg


def is_module(dotted: str) -> bool:
    """Whether a full name is a module of the beta API, with nothing of it named."""
    return dotted in _table.MODULES
