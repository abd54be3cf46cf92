"""Import statements: which of them nothing needs once the rest is rewritten, and which are needed instead."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Set, Union

from grpc._migrate import _table
from grpc._migrate._findings import MARK, Edit
from grpc._migrate._program import Addition, Program

if TYPE_CHECKING:
    from grpc._migrate._source import Logical

_Import = Union[ast.Import, ast.ImportFrom]

_WIDTH = 79  # of the lines that are made here: what style guides of that era ask for
_GENERATED = (_table.CREATE_STUB, _table.CREATE_SERVER, _table.SERVICER, _table.STUB)
_LATER = "goes when nothing here uses it any more"


def find(program: Program) -> List[Edit]:
    """Report the imports of beta names, and give the edits of all import statements, new ones included.

    It comes last: an import goes when all that is made of it has a finding whose edits replace it.
    """
    statements = [node for node in ast.walk(program.source.tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    statements.sort(key=lambda node: program.source.span(node))
    gone: Dict[int, Set[int]] = {}  # the aliases that go, by statement
    anchor = None
    for statement in statements:
        beta = [alias for alias in statement.names if _is_beta(statement, alias)]
        if beta and anchor is None and program.parent(statement) is program.source.tree:
            anchor = statement
        gone[id(statement)] = {id(alias) for alias in beta if _judge(program, statement, alias)}
    after = _additions(program)
    before = _anchors_of_grpc(program, statements, anchor, gone)
    edits = []
    for statement in statements:
        first = ["import grpc"] if statement in before else []
        edits += _edits(program, statement, gone, first, after.get(id(statement), []))
    for other in before:
        if not isinstance(other, (ast.Import, ast.ImportFrom)):
            begin = min(program.source.span(node)[0] for node in (*getattr(other, "decorator_list", ()), other))
            edits += _inserted(program, program.source.logical_at(begin), ["import grpc"])
    return edits


# ------------------------------------------------------------ what goes


def _origin(statement: _Import) -> str:
    return "" if isinstance(statement, ast.Import) else "." * statement.level + (statement.module or "")


def _is_beta(statement: _Import, alias: ast.alias) -> bool:
    if isinstance(statement, ast.Import):
        return _table.is_beta(alias.name)
    origin = _origin(statement)
    if any(pattern.fullmatch(alias.name) for pattern in _GENERATED):
        return alias.name.startswith("beta_create_") or origin.endswith(("_pb2", "_pb2_grpc"))
    return _table.is_beta(origin) or _table.is_beta(f"{origin}.{alias.name}")


def _judge(program: Program, statement: _Import, alias: ast.alias) -> bool:
    """Report the import of one name; tell whether it goes."""
    code = ast.unparse(_with(statement, [alias]))
    if alias.name == "*":
        program.report(statement, code, "import grpc", "which names come from it is not known: name them")
        return False
    reason = _reason_to_stay(program, statement, alias)
    generated = isinstance(statement, ast.ImportFrom) and not _table.is_beta(_origin(statement) + "." + alias.name)
    instead = "the *_pb2_grpc module" if generated else "no import" if "grpc.framework" in code else "import grpc"
    program.report(statement, code, instead, reason, None if reason else ())
    return not reason


def _reason_to_stay(program: Program, statement: _Import, alias: ast.alias) -> str:
    parent = program.parent(statement)
    name = alias.asname or (alias.name.split(".")[0] if isinstance(statement, ast.Import) else alias.name)
    for reference in program.references(alias, name):
        finding = program.by_root.get(id(reference))
        if finding is not None and not finding.mechanical:
            return _LATER
        if finding is None and (name != "grpc" or not isinstance(statement, ast.Import)):
            return _LATER
    if name in _exported(program):
        return "__all__ lists it"
    plain = isinstance(parent, (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef))
    if not plain or not program.source.stands_alone(statement):
        return _LATER
    if program.source.has_comment(*program.source.span(statement)):
        return "a comment stands in the way"
    return ""


def _exported(program: Program) -> Set[str]:
    """The names in `__all__`, as far as they are written out."""
    found = set()
    for node in ast.walk(program.source.tree):
        if isinstance(node, (ast.Assign, ast.AugAssign)) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
                found |= {str(one.value) for one in ast.walk(node.value) if isinstance(one, ast.Constant)}
    return found


# ------------------------------------------------------------ what comes


def _additions(program: Program) -> Dict[int, List[str]]:
    """The imports of generated modules that edits need, by the statement that they follow."""
    found: Dict[int, List[str]] = {}
    for finding in program.findings:
        addition = program.additions.get(id(finding))
        if isinstance(addition, Addition) and finding.mechanical:
            texts = found.setdefault(id(addition.statement), [])
            if addition.text not in texts:
                texts.append(addition.text)
    return found


def _anchors_of_grpc(
    program: Program, statements: Sequence[_Import], anchor: Optional[_Import], gone: Dict[int, Set[int]]
) -> List[ast.stmt]:
    """The statements before which, or in whose place, `import grpc` stands."""
    found: Dict[int, ast.stmt] = {}  # by the function, class or module that they are in
    bound = {
        id(_owner(program, node)) for node in statements if isinstance(node, ast.Import) and _binds_grpc(node, gone)
    }
    for node in statements:
        # `import grpc.beta.implementations` binds grpc, and others may rely on that.
        goes = [alias for alias in node.names if id(alias) in gone[id(node)] and not alias.asname]
        owner = id(_owner(program, node))
        if isinstance(node, ast.Import) and goes and owner not in bound:
            found.setdefault(owner, node)
    module = id(program.source.tree)
    if any(finding.mechanical and id(finding) in program.wants_grpc for finding in program.findings):
        first = anchor or _first_statement(program.source.tree)
        if found.get(module) is None or first.lineno < found[module].lineno:
            found[module] = first
    return list(found.values())


def _owner(program: Program, node: ast.AST) -> ast.AST:
    return program.above(node, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef) or program.source.tree


def _first_statement(tree: ast.Module) -> ast.stmt:
    """The first import that is not from the future; where there is none, the first statement after the docstring."""
    rest = [node for node in tree.body if getattr(node, "module", "") != "__future__"]
    if ast.get_docstring(tree, clean=False) is not None:
        rest = rest[1:]
    return next((node for node in rest if isinstance(node, (ast.Import, ast.ImportFrom))), rest[0])


def _binds_grpc(statement: ast.Import, gone: Dict[int, Set[int]]) -> bool:
    kept = [alias for alias in statement.names if id(alias) not in gone[id(statement)]]
    return any(not alias.asname and alias.name.split(".")[0] == "grpc" for alias in kept)


# ------------------------------------------------------------ edits


def _with(statement: _Import, names: List[ast.alias]) -> _Import:
    if isinstance(statement, ast.Import):
        return ast.Import(names=names)
    return ast.ImportFrom(module=statement.module, names=names, level=statement.level)


def _edits(
    program: Program, statement: _Import, gone: Dict[int, Set[int]], before: List[str], after: List[str]
) -> List[Edit]:
    source = program.source
    start, end = source.span(statement)
    line = source.logical_at(start)
    indent = source.text[line.begin : line.start]
    kept = [alias for alias in statement.names if id(alias) not in gone[id(statement)]]
    edits = []
    if not kept:
        edits += _without_marks(program, line.begin)
        lines = before + after
        if not lines and _empties(program, statement, gone):
            lines = ["pass"]
        if lines:
            return [*edits, Edit(start, end, (source.newline + indent).join(lines))]
        return [*edits, Edit(line.begin, line.end, "")]
    edits += _inserted(program, line, before)
    if len(kept) < len(statement.names):
        edits.append(Edit(start, end, _rebuilt(program, statement, kept, indent)))
    if after:
        text = "".join(indent + text + source.newline for text in after)
        missing = "" if source.text[: line.end].endswith(("\n", "\r")) else source.newline
        edits.append(Edit(line.end, line.end, missing + text))
    return edits


def _inserted(program: Program, line: Logical, texts: Sequence[str]) -> List[Edit]:
    """What puts lines before a logical line and the tool's comments on that."""
    indent = program.source.text[line.begin : line.start]
    above = _above_marks(program, line.begin)
    return [Edit(above, above, "".join(indent + text + program.source.newline for text in texts))] if texts else []


def _rebuilt(program: Program, statement: _Import, kept: List[ast.alias], indent: str) -> str:
    text = ast.unparse(_with(statement, kept))
    if isinstance(statement, ast.Import) or len(indent) + len(text) <= _WIDTH:
        return text
    newline = program.source.newline + indent
    head = text[: text.index(" import ")] + " import ("
    names = [f"    {ast.unparse(ast.Import(names=[alias]))[len('import ') :]}," for alias in kept]
    return newline.join([head, *names, ")"])


def _empties(program: Program, statement: _Import, gone: Dict[int, Set[int]]) -> bool:
    """Whether a statement is the first of a function whose statements all go."""
    parent = program.parent(statement)
    if isinstance(parent, ast.Module):
        return False
    body: List[ast.stmt] = getattr(parent, "body", [])
    goes = [
        isinstance(one, (ast.Import, ast.ImportFrom)) and all(id(alias) in gone[id(one)] for alias in one.names)
        for one in body
    ]
    return all(goes) and body[0] is statement


def _above_marks(program: Program, offset: int) -> int:
    """Where a line goes that is to stand before another one and before the tool's comments on that."""
    for comment in program.source.comments_above(offset):
        if not comment.text.startswith(MARK):
            break
        offset = program.source.line_start(comment.start)
    return offset


def _without_marks(program: Program, offset: int) -> List[Edit]:
    """The edit that takes away the tool's comments on a line."""
    above = _above_marks(program, offset)
    return [Edit(above, offset, "")] if above < offset else []
