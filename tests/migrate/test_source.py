"""What is not rewritten stays byte for byte: encodings, marks, line ends, tabs, and everything without a beta use."""

from __future__ import annotations

import ast
import pathlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grpc._migrate._judging import judge
from grpc._migrate._source import Unreadable

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

BEFORE = "# é\nfrom grpc.beta import interfaces\nif 1:\n\tx = 'é', interfaces.StatusCode, f'{interfaces}'\n"
AFTER = (
    "# é\nimport grpc\n"
    "# grpc-migrate: from grpc.beta import interfaces: import grpc (goes when nothing here uses it any more)\n"
    "from grpc.beta import interfaces\nif 1:\n"
    "\t# grpc-migrate: beta.interfaces: the module itself is handed on; name what is used of it\n"
    "\tx = 'é', grpc.StatusCode, f'{interfaces}'\n"
)


@pytest.mark.parametrize(
    ("cookie", "encoding"),
    [("", "utf-8"), ("", "utf-8-sig"), ("# coding: latin-1\n", "latin-1"), ("# -*- coding: cp1252 -*-\n", "cp1252")],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_encoding_mark_and_line_ends_are_kept(cookie: str, encoding: str, newline: str) -> None:
    before = (cookie + BEFORE).replace("\n", newline).encode(encoding)
    assert judge(before).data == (cookie + AFTER).replace("\n", newline).encode(encoding)


def test_lines_may_end_as_they_did_on_old_macintoshes() -> None:
    assert judge(BEFORE.replace("\n", "\r").encode()).data == AFTER.replace("\n", "\r").encode()


def test_mixed_line_ends_are_kept() -> None:
    before = b"import os\r\nfrom grpc.beta import interfaces\nprint(interfaces.StatusCode)\r\n"
    assert judge(before).data == b"import os\r\nimport grpc\nprint(grpc.StatusCode)\r\n"


def test_a_last_line_without_an_end_stays_without() -> None:
    assert judge(b"from grpc.beta import interfaces\ninterfaces.StatusCode").data == b"import grpc\ngrpc.StatusCode"


def test_an_import_after_the_last_line_begins_a_line() -> None:
    before = b"def f():\n  return a_pb2.beta_create_A_stub(c)\nimport a_pb2"
    after = b"def f():\n  return a_pb2_grpc.AStub(c)\nimport a_pb2\nimport a_pb2_grpc\n"
    assert judge(before).data == after


@pytest.mark.parametrize(
    "data",
    [
        b"print 'Python 2'\n",
        b"except:\n",
        b"x = (\n",
        b"# coding: no-such-encoding\n",
        b"x = '\xff'\n",
        b"# coding: ascii\nx = '\xc3'\n",
        b"x = 1\0\n",
        b"if 1:\n\tx\n        y\n",
        b"(" * 3000 + b")" * 3000,
    ],
    ids=repr,
)
def test_what_is_no_python_is_unreadable(data: bytes) -> None:
    with pytest.raises(Unreadable):
        judge(data)


def test_columns_count_characters() -> None:
    data = "from grpc.beta import interfaces\nx = 'é😀', interfaces.StatusCode\n".encode()
    places = [(finding.line, finding.column) for finding in judge(data).findings]
    assert places == [(1, 1), (2, 11)]


@pytest.mark.parametrize(
    "statement",
    ["x = 1; y = interfaces", "x = (1,\n  interfaces)", "x = '''a\n''', interfaces", "if interfaces: pass"],
)
def test_a_comment_stands_above_the_logical_line(statement: str) -> None:
    after = judge(f"from grpc.beta import interfaces\n{statement}\n".encode()).data.decode()
    assert after.endswith(f"name what is used of it\n{statement}\n")


# ------------------------------------------------------------ properties

_TEXTS = sorted(path for folder in ("grpc/_values", "grpc/_links") for path in (ROOT / folder).glob("*.py"))
_TEXTS = [path for path in _TEXTS if b"grpc.framework" not in path.read_bytes()]


@pytest.mark.parametrize("path", _TEXTS, ids=lambda path: path.name)
def test_a_file_without_beta_use_is_untouched(path: pathlib.Path) -> None:
    data = path.read_bytes()
    judgement = judge(data)
    assert (judgement.findings, judgement.data) == ((), data)


_PIECES = (
    "from grpc.beta import implementations, interfaces",
    "from grpc.beta.interfaces import StatusCode as S",
    "import grpc.beta.utilities",
    "import grpc",
    "import a_pb2",
    "from p import a_pb2 as b",
    "from grpc.framework.interfaces.face import face",
    "channel = implementations.insecure_channel('h', port)",
    "stub = a_pb2.beta_create_A_stub(channel)",
    "stub = None",
    "with_call = stub.M(r, 5, None, True)",
    "stub.M.event(r, s, t, 1)",
    "server = b.beta_create_A_server(object())",
    "x = S.OK, interfaces.StatusCode.OK, f'{S}'; y = interfaces",
    "grpc = None",
    "class D:\n    interfaces = interfaces.ChannelConnectivity",
    "def h():\n    import grpc.beta.interfaces\n    return grpc.beta.interfaces.StatusCode",
    "class C(a_pb2.BetaAServicer):\n    def M(self, r, c):\n        c.code(S.OK); c.f(c)",
    "try:\n    stub.M(r, 5)\nexcept face.AbortionError as e:\n    print(e.code, e)",
    "def f():\n    from grpc.beta import interfaces\n    return interfaces.StatusCode",
    "def g(interfaces, implementations=implementations):\n    return [S for S in interfaces.StatusCode]",
    "# a comment",
    "",
)


@pytest.mark.slow
@given(st.lists(st.sampled_from(_PIECES), max_size=9), st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=150, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_it_is_the_result_is_python_and_a_second_run_changes_nothing(pieces: list[str], newline: str) -> None:
    before = "".join(f"{piece}\n" for piece in pieces).replace("\n", newline).encode()
    first = judge(before)
    ast.parse(first.data)
    second = judge(first.data)
    assert second.data == first.data
    assert bool(second.left) == bool(first.left)
    assert not any("would not be sound" in finding.hint for finding in first.findings)
