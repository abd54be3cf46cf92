"""How modules, files and names that are no words are called."""

from __future__ import annotations

import pytest

from grpc._codegen import _names


@pytest.mark.parametrize(
    ("proto", "module", "alias", "file"),
    [
        ("greeter.proto", "greeter_pb2", "greeter__pb2", "greeter_pb2_grpc.py"),
        ("a/b/c.proto", "a.b.c_pb2", "a_dot_b_dot_c__pb2", "a/b/c_pb2_grpc.py"),
        ("a-b/c-d.proto", "a_b.c_d_pb2", "a__b_dot_c__d__pb2", "a_b/c_d_pb2_grpc.py"),
        ("a/b.c.proto", "a.b.c_pb2", "a_dot_b_dot_c__pb2", "a/b/c_pb2_grpc.py"),
        ("old.protodevel", "old_pb2", "old__pb2", "old_pb2_grpc.py"),
        ("odd.txt", "odd.txt_pb2", "odd_dot_txt__pb2", "odd/txt_pb2_grpc.py"),
        ("2fa/x.proto", "2fa.x_pb2", "_2fa_dot_x__pb2", "2fa/x_pb2_grpc.py"),
    ],
)
def test_modules_are_called_as_protoc_calls_them(proto: str, module: str, alias: str, file: str) -> None:
    assert _names.module_name(proto) == module
    assert _names.module_alias(module) == alias
    assert _names.file_name(proto, "_grpc.py") == file


def test_two_modules_never_have_one_alias() -> None:
    assert _names.module_alias("a.b_pb2") != _names.module_alias("a_dot_b_pb2")


@pytest.mark.parametrize("name", ["None", "import", "async", "__hidden", "2fa"])
def test_what_is_no_word_is_got_by_its_name(name: str) -> None:
    assert _names.attribute("owner", name) == f'getattr(owner, "{name}")'


@pytest.mark.parametrize("name", ["Greet", "print", "match", "_hidden", "self"])
def test_a_word_is_an_attribute(name: str) -> None:
    assert _names.attribute("owner", name) == f"owner.{name}"
    assert _names.python_name(name, []) == name


@pytest.mark.parametrize(
    ("name", "taken", "word"),
    [("import", [], "import_"), ("import", ["import_"], "import__"), ("__init__", [], "init_"), ("__", [], "rpc_")],
)
def test_what_is_no_word_gets_one_that_is_free(name: str, taken: list[str], word: str) -> None:
    assert _names.python_name(name, taken) == word


@pytest.mark.parametrize(("module", "can"), [("a.b_pb2", True), ("a.import.b_pb2", False), ("2fa.b_pb2", False)])
def test_which_modules_an_import_statement_can_name(module: str, can: bool) -> None:
    assert _names.is_importable(module) is can
