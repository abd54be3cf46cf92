"""Every name of the beta API and of its generated code that a text uses, with what its row in the table says."""

from __future__ import annotations

import ast
import re
from typing import Callable, Dict, List, Optional, Tuple

from grpc._migrate import _table
from grpc._migrate._findings import Edit, Finding
from grpc._migrate._program import Program, Use, is_module
from grpc._migrate._table import How, Rule

_TAKEN = "the name grpc stands for something else here"
_PLAIN_HOST = re.compile(r"[\w.\-:/\[\]%]*", re.ASCII)


def find(program: Program) -> None:
    """Report every such name, import statements aside."""
    for chain in program.chains():
        names, binding, certain = program.resolve(chain)
        if binding is None:
            continue
        root = chain[-1]
        assert isinstance(root, ast.Name)
        if not isinstance(root.ctx, ast.Load):
            continue
        for node, dotted in zip(chain, names):
            use = Use(node, root, dotted, certain, binding)
            finding = _in_table(program, use) or _in_generated_code(program, use)
            if finding is None and node is chain[-1] and _table.is_beta(names[0]):
                # Nothing of the chain is known: it is judged as a whole.
                whole = Use(chain[0], root, names[0], certain, binding)
                rule = _table.AS_VALUE if is_module(names[0]) else _table.UNKNOWN
                finding = _by_hand(program, whole, rule)
            if finding is not None:
                program.by_root[id(root)] = finding
                break
    _in_strings(program)


def _short(dotted: str) -> str:
    """A name with the module that it is in, as people speak of it."""
    return ".".join(dotted.split(".")[-2:])


# ------------------------------------------------------------ names of the table


def _in_table(program: Program, use: Use) -> Optional[Finding]:
    rule = _table.RULES.get(use.dotted)
    if rule is None:
        return None
    if not use.certain:
        return _by_hand(program, use, rule, "the name is bound in more than one way")
    return _OF_RULE[rule.how](program, use, rule)


def _by_hand(program: Program, use: Use, rule: Rule, reason: str = "") -> Finding:
    hint = "; ".join(part for part in (rule.hint, reason) if part)
    finding = program.report(use.node, _short(use.dotted), rule.modern, hint)
    finding.client = rule.how in (How.CHANNEL, How.READY) or rule.modern == "grpc.Channel"
    return finding


def _renamed(program: Program, use: Use, rule: Rule) -> Finding:
    edit, wanted = program.modern(use.node, use.root, rule.modern)
    if edit is None:
        return _by_hand(program, use, rule, _TAKEN)
    finding = program.report(use.node, _short(use.dotted), rule.modern, rule.hint, [edit])
    if wanted:
        program.wants_grpc.add(id(finding))
    finding.client = rule.how in (How.CHANNEL, How.READY) or rule.modern == "grpc.Channel"
    return finding


def _called_with(program: Program, use: Use) -> Optional[ast.Call]:
    parent = program.parent(use.node)
    return parent if isinstance(parent, ast.Call) and parent.func is use.node else None


def _type(program: Program, use: Use, rule: Rule) -> Finding:
    parent = program.parent(use.node)
    if isinstance(parent, ast.ClassDef) and use.node in parent.bases:
        return _by_hand(program, use, rule, "it is inherited from")
    if _called_with(program, use) is not None:
        return _by_hand(program, use, rule, "it is called")
    return _renamed(program, use, rule)


def _call(program: Program, use: Use, rule: Rule) -> Finding:
    call = _called_with(program, use)
    if call is not None and call.keywords:
        return _by_hand(program, use, rule, "its arguments are positional in the modern API")
    return _renamed(program, use, rule)


def _abortion(program: Program, use: Use, rule: Rule) -> Finding:
    finding = _by_hand(program, use, rule)
    program.errors.append((use, finding))
    return finding


# ------------------------------------------------------------ channels


def _channel(program: Program, use: Use, rule: Rule) -> Finding:
    call = _called_with(program, use)
    if call is None:
        return _by_hand(program, use, rule, "it is handed on; the target is one argument, host:port")
    joined = _joined(program, call)
    if joined is None:
        return _by_hand(program, use, rule, "join host and port to one target, host:port")
    finding = _renamed(program, use, rule)
    if finding.mechanical:
        if program.source.has_comment(joined.start, joined.end):
            finding.leave("a comment stands in the way")
        else:
            finding.edits.append(joined)
            finding.replacement = f"{rule.modern}({joined.text}{', ...' if len(call.args) > 2 else ''})"
    return finding


def _joined(program: Program, call: ast.Call) -> Optional[Edit]:
    """What makes one target of the first two arguments; None where that takes more than writing them side by side."""
    arguments: List[Tuple[Optional[str], ast.expr, ast.AST]] = [(None, value, value) for value in call.args]
    arguments += [(keyword.arg or "**", keyword.value, keyword) for keyword in call.keywords]
    if len(arguments) < 2 or arguments[0][0] not in (None, "host") or arguments[1][0] not in (None, "port"):
        return None
    (_, host, first), (_, port, last) = arguments[:2]
    between = program.source.text[program.source.span(host)[1] : program.source.span(last)[0]]
    if isinstance(host, ast.Starred) or isinstance(port, ast.Starred) or between.strip() != ",":
        return None
    target = _target(program, host, port)
    if target is None:
        return None
    return Edit(program.source.span(first)[0], program.source.span(port)[1], target)


def _target(program: Program, host: ast.expr, port: ast.expr) -> Optional[str]:
    if isinstance(port, ast.Constant) and port.value is None:
        return program.source.code(host) if _is_simple(host) or _plain_host(host) is not None else None
    head, tail = _plain_host(host), _plain_port(port)
    if head is not None and tail is not None:
        quote = program.source.code(host)[-1]
        return f"{quote}{head}:{tail}{quote}"
    parts = []
    for node, plain in ((host, head), (port, tail)):
        if plain is None and not _is_simple(node):
            return None
        parts.append(plain if plain is not None else "{" + ast.unparse(node) + "}")
    text = ":".join(parts)
    if "\\" in text or "\n" in text:
        return None
    # Before Python 3.12 an f-string may not hold its own quotes.
    quotes = [quote for quote in ("'", '"') if quote not in text]
    return f"f{quotes[0]}{text}{quotes[0]}" if quotes else None


def _plain_host(node: ast.expr) -> Optional[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and _PLAIN_HOST.fullmatch(node.value):
        return node.value
    return None


def _plain_port(node: ast.expr) -> Optional[str]:
    is_number = isinstance(node, ast.Constant) and isinstance(node.value, int) and not isinstance(node.value, bool)
    return str(node.value) if is_number and isinstance(node, ast.Constant) else None


def _is_simple(node: ast.expr) -> bool:
    """Whether an expression reads well within braces: names, attributes, items, and calls of these."""
    if isinstance(node, ast.Name):
        return True
    if isinstance(node, ast.Attribute):
        return _is_simple(node.value)
    if isinstance(node, ast.Subscript):
        return _is_simple(node.value) and isinstance(node.slice, (ast.Constant, ast.Name))
    if isinstance(node, ast.Call):
        return _is_simple(node.func) and not node.keywords and all(_is_simple(one) for one in node.args)
    return False


_OF_RULE: Dict[How, Callable[[Program, Use, Rule], Finding]] = {
    How.NAME: _renamed,
    How.TYPE: _type,
    How.CALL: _call,
    How.CHANNEL: _channel,
    How.READY: _renamed,
    How.ABORTION: _abortion,
    How.BY_HAND: _by_hand,
}


# ------------------------------------------------------------ names of generated code


def _in_generated_code(program: Program, use: Use) -> Optional[Finding]:
    last = use.dotted.rpartition(".")[2]
    for pattern, judge in _OF_PATTERN.items():
        match = pattern.fullmatch(last)
        if match and (pattern not in _CLASSES or _is_messages(use.dotted)):
            return judge(program, use, match.group(1))
    return None


# Many a class begins with Beta: these two have to come from a generated module.
_CLASSES = (_table.SERVICER, _table.STUB)


def _is_messages(dotted: str) -> bool:
    return dotted.rpartition(".")[0].endswith(("_pb2", "_pb2_grpc"))


def _generated(program: Program, use: Use, name: str) -> Finding:
    """A name of the modern generated module in the place of a beta name."""
    beta = use.dotted.rpartition(".")[2]
    spelled, unknown, addition = program.generated(use, name)
    if not use.certain:
        unknown = "the name is bound in more than one way"
    if unknown:
        return program.report(use.node, beta, spelled, unknown)
    finding = program.report(use.node, beta, spelled, "", [Edit(*program.source.span(use.node), spelled)])
    if addition is not None:
        program.additions[id(finding)] = addition
    return finding


def _create_stub(program: Program, use: Use, service: str) -> Finding:
    call = _called_with(program, use)
    finding = _generated(program, use, f"{service}Stub")
    finding.client = True
    if call is None:
        finding.leave("it is handed on")
    elif len(call.args) != 1 or call.keywords or isinstance(call.args[0], ast.Starred):
        finding.leave(
            "host is the channel option 'grpc.default_authority', metadata_transformer a client interceptor; "
            "pools are not needed"
        )
    if call is not None:
        program.stub_makers[id(call)] = finding
    return finding


def _create_server(program: Program, use: Use, service: str) -> Finding:
    call = _called_with(program, use)
    spelled, _, _ = program.generated(use, f"add_{service}Servicer_to_server")
    servicer, hint = "servicer", ""
    if call is not None:
        program.server_makers[id(call)] = finding = program.report(use.node, use.dotted.rpartition(".")[2], "")
        if call.args and not isinstance(call.args[0], ast.Starred):
            servicer = program.source.code(call.args[0])
        if len(call.args) + len(call.keywords) > 1:
            hint = "pool_size is max_workers; timeouts: see context.time_remaining()"
    else:
        finding = program.report(use.node, use.dotted.rpartition(".")[2], "")
    server = _assigned_to(program, call) or "server"
    finding.replacement = (
        f"{server} = grpc.server(futures.ThreadPoolExecutor(max_workers=8)); {spelled}({servicer}, {server})"
    )
    finding.hint = hint
    return finding


def _assigned_to(program: Program, call: Optional[ast.Call]) -> Optional[str]:
    """How a call's value is called after it, if it is a plain name or attribute."""
    parent = program.parent(call) if call is not None else None
    if isinstance(parent, ast.Assign) and len(parent.targets) == 1:
        target = parent.targets[0]
        return ast.unparse(target) if isinstance(target, (ast.Name, ast.Attribute)) else None
    return None


def _servicer(program: Program, use: Use, service: str) -> Finding:
    return _generated(program, use, f"{service}Servicer")


def _stub(program: Program, use: Use, service: str) -> Finding:
    return _generated(program, use, f"{service}Stub")


_OF_PATTERN: Dict[re.Pattern[str], Callable[[Program, Use, str], Finding]] = {
    _table.CREATE_STUB: _create_stub,
    _table.CREATE_SERVER: _create_server,
    _table.SERVICER: _servicer,
    _table.STUB: _stub,
}


# ------------------------------------------------------------ names in strings


def _in_strings(program: Program) -> None:
    """Strings that are the full name of something beta: patches of tests, dynamic imports."""
    for node in ast.walk(program.source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _table.is_beta(node.value):
            if not re.fullmatch(r"[\w.]+", node.value) or isinstance(program.parent(node), ast.JoinedStr):
                continue
            rule = _table.RULES.get(node.value, _table.UNKNOWN)
            program.report(node, _short(node.value), rule.modern, "a name in a string")
