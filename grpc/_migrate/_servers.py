"""Servicers and servers: base classes, the contexts that their methods are given, and how a server is stopped."""

from __future__ import annotations

import ast
from typing import Dict, List

from grpc._migrate import _table
from grpc._migrate._clients import maker_of
from grpc._migrate._findings import Edit, Finding
from grpc._migrate._program import Program, context_of_arguments


def find(program: Program) -> None:
    """Report what methods of beta servicers do with their contexts, and what is done with beta servers."""
    for node in _servicers(program):
        for statement in node.body:
            if isinstance(statement, ast.FunctionDef):
                _method(program, statement)
    _note_servers(program)
    for found in ast.walk(program.source.tree):
        if isinstance(found, ast.Call) and isinstance(found.func, ast.Attribute) and found.func.attr == "stop":
            _stop(program, found, found.func)
        elif isinstance(found, (ast.With, ast.AsyncWith)):
            for item in found.items:
                if maker_of(program, item.context_expr, program.server_makers) is not None:
                    program.report(
                        item.context_expr, "with server", "server.start(), and server.stop(None).wait() in a finally"
                    )


# ------------------------------------------------------------ servicers


def _servicers(program: Program) -> List[ast.ClassDef]:
    """The classes that inherit a servicer whose base class is rewritten, directly or from one another."""
    classes = [node for node in ast.walk(program.source.tree) if isinstance(node, ast.ClassDef)]
    found: Dict[int, ast.ClassDef] = {}
    grown = -1
    while grown != len(found):
        grown = len(found)
        for node in classes:
            if id(node) not in found and any(_is_servicer(program, base, found) for base in node.bases):
                found[id(node)] = node
    return list(found.values())


def _is_servicer(program: Program, base: ast.expr, found: Dict[int, ast.ClassDef]) -> bool:
    root = base
    while isinstance(root, ast.Attribute):
        root = root.value
    finding = program.by_root.get(id(root))
    if finding is not None:
        return finding.mechanical and _table.SERVICER.fullmatch(finding.beta) is not None
    if isinstance(base, ast.Name):
        bindings = program.scopes.bindings(base)
        return len(bindings) == 1 and id(bindings[0].node) in found
    return False


def _method(program: Program, method: ast.FunctionDef) -> None:
    name = context_of_arguments(method)
    if name is None:
        return
    references = [node for node in ast.walk(method) if isinstance(node, ast.Name) and node.id == name]
    homes = {id(home): home for home in map(program.scopes.home, references) if home is not None}
    own = [home for home in homes.values() if home.node is method]
    if not own:
        return
    if len(own[0].names[name]) > 1:
        program.report(method, name, "grpc.ServicerContext", "the argument is assigned anew")
        return
    for reference in references:
        if program.scopes.home(reference) is own[0]:
            _context(program, reference)


def _context(program: Program, reference: ast.Name) -> None:
    """One place where a method names its context."""
    parent = program.parent(reference)
    if not isinstance(parent, ast.Attribute):
        if not _goes_to_super(parent):
            program.report(
                reference,
                reference.id,
                "grpc.ServicerContext",
                "it is handed on: what receives it calls set_code, set_details, send_initial_metadata, "
                "set_trailing_metadata",
            )
        return
    name, end = parent.attr, program.source.span(parent)[1]
    shown = f"{reference.id}.{name}"
    if name in _table.CONTEXT:
        new = _table.CONTEXT[name]
        program.report(parent, shown, f"{reference.id}.{new}", "", [Edit(end - len(name), end, new)])
    elif name in _table.CONTEXT_BY_HAND:
        edits = _protocol_context(program, reference, parent)
        if edits:
            program.report(parent, shown, f"{reference.id}{edits[0].text}", "", edits)
        else:
            program.report(parent, shown, _table.CONTEXT_BY_HAND[name])


def _goes_to_super(parent: object) -> bool:
    """Whether a call is one of the method that this one overrides."""
    return (
        isinstance(parent, ast.Call)
        and isinstance(parent.func, ast.Attribute)
        and isinstance(parent.func.value, ast.Call)
        and isinstance(parent.func.value.func, ast.Name)
        and parent.func.value.func.id == "super"
    )


def _protocol_context(program: Program, reference: ast.Name, attribute: ast.Attribute) -> List[Edit]:
    """`context.protocol_context().peer()` is `context.peer()`."""
    call = program.parent(attribute)
    method = program.parent(call) if isinstance(call, ast.Call) and call.func is attribute else None
    if not isinstance(method, ast.Attribute) or method.attr not in _table.PROTOCOL_CONTEXT:
        return []
    start, end = program.source.span(reference)[1], program.source.span(method)[1]
    return [Edit(start, end, "." + _table.PROTOCOL_CONTEXT[method.attr])]


# ------------------------------------------------------------ servers


def _note_servers(program: Program) -> None:
    """Calls of `implementations.server` make servers as well."""
    for node in ast.walk(program.source.tree):
        if isinstance(node, ast.Call) and program.dotted(node.func) == _table.IMPLEMENTATIONS + "server":
            root: ast.AST = node.func
            while isinstance(root, ast.Attribute):
                root = root.value
            finding: Finding = program.by_root[id(root)]
            program.server_makers[id(node)] = finding


def _stop(program: Program, call: ast.Call, function: ast.Attribute) -> None:
    if maker_of(program, function.value, program.server_makers) is None:
        return
    grace = call.args[0] if call.args else None
    if isinstance(grace, ast.Constant) and grace.value in (0, None):
        name = ast.unparse(function)
        program.report(
            call, f"{name}({grace.value})", f"{name}(None).wait()", "the modern one does not wait for the end by itself"
        )
