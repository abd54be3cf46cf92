"""Calls of stubs: their arguments, what they return, and the errors that they raise."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Iterator, List, Optional, Sequence, Set, Tuple

from grpc._migrate import _table
from grpc._migrate._findings import Edit, Finding

if TYPE_CHECKING:
    from grpc._migrate._program import Program

_LEFT_STUB = "it goes together with the channels and stubs of this file, of which some are left"
_EVENT = "stub.Method.future(request, timeout=...).add_done_callback(done), or a loop over the responses in a thread"


def find(program: Program) -> None:
    """Report the calls of stubs, and decide on what has been found of channels, stubs and errors."""
    _hold_together(program)
    beta = bool(program.findings) or program.imports_beta()
    known: Set[int] = set()  # the calls of stubs, by id
    for node in ast.walk(program.source.tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        style = _style(program, node.func)
        if style is not None:
            known.add(id(node))
            _known_call(program, node, node.func, style)
        elif beta:
            _unknown_call(program, node, node.func)
    _values_of_calls(program, known)
    _errors(program, known)
    _contexts(program)


def _hold_together(program: Program) -> None:
    """Leave all channels and stubs of a file to hand if one of them is: a stub of either era needs its channel."""
    client = [finding for finding in program.findings if finding.client]
    if any(not finding.mechanical for finding in client) or any(
        finding.beta.endswith(("dynamic_stub", "generic_stub")) for finding in program.findings
    ):
        for finding in client:
            if finding.mechanical:
                finding.leave(_LEFT_STUB)


# ------------------------------------------------------------ which expressions are stubs


def maker_of(program: Program, node: ast.expr, makers: dict[int, Finding]) -> Optional[Finding]:
    """The finding of the only call, among some, whose value an expression can have."""
    if not makers:
        return None
    if isinstance(node, ast.Call):
        return makers.get(id(node))
    values: List[Optional[ast.expr]] = []
    if isinstance(node, ast.Name):
        values = [binding.value for binding in program.scopes.bindings(node)]
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
        values = list(_assigned_in_class(program, node))
    found = [makers.get(id(value)) for value in values]
    return found[0] if found and None not in found else None


def _assigned_in_class(program: Program, attribute: ast.Attribute) -> Iterator[Optional[ast.expr]]:
    """All that a class assigns to an attribute of its instances; None for what is no plain assignment."""
    owner = program.above(attribute, ast.ClassDef)
    for node in ast.walk(owner) if owner is not None else ():
        if not isinstance(node, ast.Attribute) or node.attr != attribute.attr or isinstance(node.ctx, ast.Load):
            continue
        if isinstance(node.value, ast.Name) and node.value.id == "self":
            parent = program.parent(node)
            plain = isinstance(parent, ast.Assign) and len(parent.targets) == 1
            yield parent.value if plain and isinstance(parent, ast.Assign) else None


def _style(program: Program, function: ast.Attribute) -> Optional[str]:
    """How a function calls a stub that is rewritten: `blocking`, `future` or `event`; None if it is no such call."""
    maker = maker_of(program, function.value, program.stub_makers)
    if maker is not None:
        return "blocking" if maker.mechanical else None
    if function.attr in ("future", "event") and isinstance(function.value, ast.Attribute):
        maker = maker_of(program, function.value.value, program.stub_makers)
        return function.attr if maker is not None and maker.mechanical else None
    return None


# ------------------------------------------------------------ arguments


class _Difficult(Exception):
    """A call cannot be rewritten; the text says why."""


def _known_call(program: Program, call: ast.Call, function: ast.Attribute, style: str) -> None:
    name = ast.unparse(function)
    if style == "event":
        program.report(call, name, _EVENT)
        return
    names = _table.BLOCKING_ARGUMENTS if style == "blocking" else _table.FUTURE_ARGUMENTS
    try:
        edits, words = _arguments(program, call, names)
    except _Difficult as difficulty:
        program.report(call, name, "the arguments timeout=, metadata=, credentials=, compression=", str(difficulty))
        return
    if not edits:
        return
    with_call = "with_call" in words
    if with_call:
        end = program.source.span(function)[1]
        edits.append(Edit(end, end, ".with_call"))
    new = name + (".with_call" if with_call else "") + "(request"
    shown = "".join(f", {word}" for word in words if word != "with_call")
    program.report(call, f"{name}(request, ...)", f"{new}{shown})", "", edits)


def _arguments(program: Program, call: ast.Call, names: Sequence[str]) -> Tuple[List[Edit], List[str]]:
    """The edits that make a call's arguments modern ones, and the words that are then among them."""
    if any(isinstance(argument, ast.Starred) for argument in call.args):
        raise _Difficult("its arguments are unpacked")
    if any(keyword.arg is None for keyword in call.keywords):
        raise _Difficult("its arguments are unpacked")
    if len(call.args) > 1 + len(names):
        raise _Difficult("it has too many arguments")
    edits: List[Edit] = []
    words: List[str] = []
    items: List[Tuple[Optional[str], ast.expr, ast.AST]] = [(None, value, value) for value in call.args[1:]]
    items += [(keyword.arg, keyword.value, keyword) for keyword in call.keywords]
    before: Optional[ast.AST] = call.args[0] if call.args else None
    # Timeout and metadata have their positions in the modern API too: where naming them is difficult, nothing is lost.
    named = all(_side_by_side(program, one, other) for one, other in zip(call.args, call.args[1:3]))
    for index, (keyword, value, node) in enumerate(items):
        name = keyword or names[index]
        if name in ("with_call", "protocol_options"):
            if before is None:
                raise _Difficult("its request is a named argument")
            if not _side_by_side(program, before, node):
                raise _Difficult("a parenthesis or a comment stands between its arguments")
            edits += _special(program, name, value, node, before, words)
        elif keyword is None and named:
            start = program.source.span(node)[0]
            edits.append(Edit(start, start, f"{name}="))
            words.append(f"{name}=...")
        before = node
    return edits, words


def _side_by_side(program: Program, before: ast.AST, node: ast.AST) -> bool:
    """Whether nothing but a comma stands between two arguments: no parenthesis, no comment."""
    between = program.source.text[program.source.span(before)[1] : program.source.span(node)[0]]
    return between.strip() == ","


def _special(
    program: Program, name: str, value: ast.expr, node: ast.AST, before: Optional[ast.AST], words: List[str]
) -> List[Edit]:
    assert before is not None
    start, end = program.source.span(node)
    gone = Edit(program.source.span(before)[1], end, "")
    if name == "with_call":
        if not isinstance(value, ast.Constant) or not isinstance(value.value, bool):
            raise _Difficult("whether with_call is true is not known")
        if value.value:
            words.append("with_call")
        return [gone]
    if isinstance(value, ast.Constant) and value.value is None:
        return [gone]
    options = _table.INTERFACES + "grpc_call_options"
    if not isinstance(value, ast.Call) or program.dotted(value.func) != options or value.args:
        raise _Difficult("protocol_options become credentials= and compression=")
    if len(value.keywords) != 1 or value.keywords[0].arg not in ("credentials", "disable_compression"):
        raise _Difficult("protocol_options become credentials= and compression=")
    return _options(program, value, value.keywords[0], (start, end), words)


def _options(
    program: Program, value: ast.Call, option: ast.keyword, span: Tuple[int, int], words: List[str]
) -> List[Edit]:
    """What makes an argument of the call of the one option that a call of `grpc_call_options` has."""
    root = value.func
    while isinstance(root, ast.Attribute):
        root = root.value
    assert isinstance(root, ast.Name)
    if option.arg == "credentials":
        inner = program.source.span(option)
        edits = [Edit(span[0], inner[0], ""), Edit(inner[1], span[1], "")]
        words.append("credentials=...")
    else:
        if not isinstance(option.value, ast.Constant) or option.value.value is not True:
            raise _Difficult("whether compression is disabled is not known")
        called, wanted = program.grpc_at(root)
        if called is None or wanted:
            raise _Difficult("protocol_options become credentials= and compression=")
        edits = [Edit(span[0], span[1], f"compression={called}.Compression.NoCompression")]
        words.append("compression=...")
    if any(program.source.has_comment(edit.start, edit.end) for edit in edits):
        raise _Difficult("a comment stands in the way")
    # The name of the options has a finding of its own, which this one takes care of.
    options = program.by_root[id(root)]
    options.mechanical = True
    return edits


def _unknown_call(program: Program, call: ast.Call, function: ast.Attribute) -> None:
    """Report what can only be a call of a beta stub, wherever that comes from."""
    named = {keyword.arg for keyword in call.keywords}
    name = ast.unparse(function)
    if "with_call" in named:
        program.report(call, name, f"{name}.with_call(request, timeout=...)", "where its stub comes from is not known")
    elif "protocol_options" in named:
        program.report(call, name, "the arguments credentials= and compression=", "its stub is not known")
    elif function.attr == "event" and isinstance(function.value, ast.Attribute) and len(call.args) >= 3:
        program.report(call, name, _EVENT)


# ------------------------------------------------------------ what calls return


def _values_of_calls(program: Program, known: Set[int]) -> None:
    """The methods of calls and futures that have other names now, where one variable holds the call."""
    for scope in program.scopes:
        for name, bindings in scope.names.items():
            if len(bindings) != 1 or not _is_call(program, bindings[0].node, known):
                continue
            for reference in program.scopes.references(scope, name):
                parent = program.parent(reference)
                if not isinstance(parent, ast.Attribute):
                    continue
                end = program.source.span(parent)[1]
                if parent.attr in _table.CALL:
                    new = _table.CALL[parent.attr]
                    edit = Edit(end - len(parent.attr), end, new)
                    program.report(parent, f"{name}.{parent.attr}", f"{name}.{new}", "", [edit])
                elif parent.attr in _table.CALL_BY_HAND:
                    program.report(parent, f"{name}.{parent.attr}", _table.CALL_BY_HAND[parent.attr])


def _is_call(program: Program, target: ast.AST, known: Set[int]) -> bool:
    parent = program.parent(target)
    if isinstance(parent, ast.Tuple) and len(parent.elts) == 2 and parent.elts[1] is target:
        target, parent = parent, program.parent(parent)  # response, call = stub.Method(..., with_call=True)
    return isinstance(parent, ast.Assign) and target in parent.targets and id(parent.value) in known


# ------------------------------------------------------------ errors


def _errors(program: Program, known: Set[int]) -> None:
    """`except face.AbortionError` is `except grpc.RpcError` where the calls that are tried are rewritten."""
    for use, finding in program.errors:
        handler = program.parent(use.node)
        if not use.certain or not isinstance(handler, ast.ExceptHandler) or handler.type is not use.node:
            continue
        tried = program.parent(handler)
        if not any(id(node) in known for statement in getattr(tried, "body", ()) for node in ast.walk(statement)):
            continue
        edits = _attributes(program, handler)
        edit, wanted = program.modern(use.node, use.root, "grpc.RpcError")
        if edit is None or edits is None or program.source.has_comment(edit.start, edit.end):
            continue
        finding.mechanical = True
        finding.edits = [edit, *edits]
        if wanted:
            program.wants_grpc.add(id(finding))


def _attributes(program: Program, handler: ast.ExceptHandler) -> Optional[List[Edit]]:
    """The edits of what a handler reads of its error; None if it reads what cannot be rewritten."""
    edits = []
    for node in ast.walk(handler):
        if not isinstance(node, ast.Name) or node.id != handler.name:
            continue
        parent = program.parent(node)
        if not isinstance(parent, ast.Attribute):
            continue
        if parent.attr not in _table.ERROR or program.above(parent, ast.JoinedStr) is not None:
            return None
        end = program.source.span(parent)[1]
        edits.append(Edit(end - len(parent.attr), end, _table.ERROR[parent.attr]))
    return edits


def _contexts(program: Program) -> None:
    """A beta stub can be the subject of `with`, a modern one cannot: there, the channel is."""
    for node in ast.walk(program.source.tree):
        if isinstance(node, (ast.With, ast.AsyncWith)):
            for item in node.items:
                if maker_of(program, item.context_expr, program.stub_makers) is not None:
                    program.report(
                        item.context_expr, "with stub", "with grpc.insecure_channel(...) as channel, or no with"
                    )
