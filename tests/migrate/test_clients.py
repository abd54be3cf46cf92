"""Stubs and their calls: rewritten where the stub is known to be rewritten, left with a comment where not."""

from __future__ import annotations

import pytest

from tests.migrate.conftest import Outcome, code_of, migrated

HEAD = "import greeter_pb2\nstub = greeter_pb2.beta_create_Greeter_stub(channel)\n"
NEW_HEAD = "import greeter_pb2\nimport greeter_pb2_grpc\nstub = greeter_pb2_grpc.GreeterStub(channel)\n"


def call(text: str) -> str:
    outcome = migrated(f"{HEAD}{text}\n")
    assert outcome.text.startswith(NEW_HEAD)
    return outcome.text[len(NEW_HEAD) :].rstrip("\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("stub.Greet(r, 5)", "stub.Greet(r, timeout=5)"),
        ("stub.Greet(r, 5, m)", "stub.Greet(r, timeout=5, metadata=m)"),
        ("stub.Greet(r, 5, m, True)", "stub.Greet.with_call(r, timeout=5, metadata=m)"),
        ("stub.Greet(r, 5, m, False, None)", "stub.Greet(r, timeout=5, metadata=m)"),
        ("stub.Greet(r, 5, with_call=True)", "stub.Greet.with_call(r, timeout=5)"),
        ("stub.Greet(r, with_call=True, timeout=5)", "stub.Greet.with_call(r, timeout=5)"),
        ("stub.Greet(r, timeout=5)", "stub.Greet(r, timeout=5)"),
        ("stub.Greet.future(r, 5)", "stub.Greet.future(r, timeout=5)"),
        ("stub.Greet.future(r, 5, m, None)", "stub.Greet.future(r, timeout=5, metadata=m)"),
        ("stub.Greet((x for x in y), 5)", "stub.Greet((x for x in y), timeout=5)"),
        ("stub.Greet(r, (5))", "stub.Greet(r, (5))"),  # positions are the same in the modern API
        ("stub.Greet(r,  # why\n  5)", "stub.Greet(r,  # why\n  5)"),
    ],
)
def test_the_arguments_of_a_known_stub(before: str, after: str) -> None:
    assert call(before) == after


@pytest.mark.parametrize(
    "before",
    [
        "stub.Greet(r, 5, with_call=w)",
        "stub.Greet(*everything)",
        "stub.Greet(r, **everything)",
        "stub.Greet(r, 5, protocol_options=o)",
        "stub.Greet(r, (5), with_call=True)",
        "stub.Greet.event(r, receiver, abort, 5)",
    ],
)
def test_a_call_that_takes_thinking_is_left(before: str) -> None:
    outcome = migrated(f"{HEAD}{before}\n")
    assert outcome.by_hand == [before.partition("(")[0]]
    assert code_of(outcome) == f"{NEW_HEAD}{before}\n"


def test_options_of_a_call_become_arguments() -> None:
    outcome = migrated(
        f"from grpc.beta import interfaces\n{HEAD}"
        "stub.Greet(r, 5, protocol_options=interfaces.grpc_call_options(credentials=make(interfaces.StatusCode.OK)))\n"
    )
    assert outcome.by_hand == []
    assert outcome.text.endswith("\nstub.Greet(r, timeout=5, credentials=make(grpc.StatusCode.OK))\n")


@pytest.mark.parametrize(
    "scope",
    [
        "class A:\n    def f(self):\n        self.stub = {maker}\n    def g(self):\n        self.stub{call}\n",
        "def f():\n    stub = {maker}\n    def g():\n        return stub{call}\n",
        "{maker}{call}\n",
    ],
)
def test_a_stub_is_known_in_its_class_its_scope_and_where_it_is_made(scope: str) -> None:
    before = scope.format(maker="greeter_pb2.beta_create_Greeter_stub(channel)", call=".Greet(r, 5, with_call=True)")
    after = scope.format(maker="greeter_pb2_grpc.GreeterStub(channel)", call=".Greet.with_call(r, timeout=5)")
    outcome = migrated(f"import greeter_pb2\n{before}")
    assert outcome.text == f"import greeter_pb2\nimport greeter_pb2_grpc\n{after}"


@pytest.mark.parametrize("other", ["stub = None\n", "def f(stub):\n    return stub.Greet(r, 5, with_call=True)\n"])
def test_a_stub_that_may_be_another_one_is_not_known(other: str) -> None:
    before = f"{HEAD}{other}stub.Greet(r, 5, with_call=True)\n" if "def" not in other else f"{HEAD}{other}"
    outcome = migrated(before)
    assert outcome.by_hand == ["stub.Greet"]
    assert "stub.Greet(r, 5, with_call=True)" in outcome.text


@pytest.mark.parametrize(
    "maker",
    [
        "greeter_pb2.beta_create_Greeter_stub(channel, host='h')",
        "greeter_pb2.beta_create_Greeter_stub(*channel)",
        "implementations.dynamic_stub(channel, 's', {})",
    ],
)
def test_channels_and_stubs_of_a_file_are_rewritten_together_or_not_at_all(maker: str) -> None:
    before = (
        "import greeter_pb2\nfrom grpc.beta import implementations\n"
        f"channel = implementations.insecure_channel('h', 1)\nstub = {maker}\nstub.Greet(r, 5)\n"
    )
    outcome = migrated(before)
    assert code_of(outcome) == before
    assert outcome.mechanical == []


def test_a_call_that_only_a_beta_stub_takes_is_found_though_its_stub_is_not_known() -> None:
    outcome = migrated(
        "from grpc.beta import interfaces\nself.stub.Greet(r, 5, with_call=True)\na.b.event(r, c, d, 1)\n"
    )
    assert outcome.by_hand == ["self.stub.Greet", "a.b.event"]


def test_metadata_of_a_call_are_trailing_ones() -> None:
    assert call("f = stub.Greet.future(r, 5)\nf.terminal_metadata()") == (
        "f = stub.Greet.future(r, timeout=5)\nf.trailing_metadata()"
    )


def error(handler: str, tried: str = "stub.Greet(r, timeout=5)") -> Outcome:
    return migrated(f"from grpc.framework.interfaces.face import face\n{HEAD}try:\n    {tried}\nexcept {handler}\n")


def test_an_error_is_rewritten_where_a_known_stub_is_tried() -> None:
    outcome = error("face.AbortionError as e:\n    print(e, e.code, e.terminal_metadata)")
    assert outcome.by_hand == []
    assert "except grpc.RpcError as e:\n    print(e, e.code(), e.trailing_metadata())\n" in outcome.text


@pytest.mark.parametrize(
    ("handler", "tried"),
    [
        ("face.AbortionError as e:\n    print(e.args)", "stub.Greet(r, timeout=5)"),
        ("face.AbortionError:\n    pass", "something()"),
        ("(face.AbortionError, OSError):\n    pass", "stub.Greet(r, timeout=5)"),
        ("face.ExpirationError:\n    pass", "stub.Greet(r, timeout=5)"),
    ],
)
def test_an_error_that_takes_thinking_is_left(handler: str, tried: str) -> None:
    outcome = error(handler, tried)
    assert len(outcome.by_hand) == 2  # the error, and the import that it needs
    assert f"except {handler}" in code_of(outcome)


def test_a_stub_as_a_context_manager_is_reported() -> None:
    assert migrated(f"{HEAD}with stub:\n    pass\n").by_hand == ["with stub"]


@pytest.mark.parametrize(
    ("statement", "spelled", "added", "new"),
    [
        ("import a_pb2", "a_pb2", "import a_pb2_grpc", "a_pb2_grpc"),
        ("import a_pb2 as a", "a", "import a_pb2_grpc", "a_pb2_grpc"),
        ("import p.a_pb2", "p.a_pb2", "import p.a_pb2_grpc", "p.a_pb2_grpc"),
        ("import p.a_pb2 as a", "a", "from p import a_pb2_grpc", "a_pb2_grpc"),
        ("from p.q import a_pb2", "a_pb2", "from p.q import a_pb2_grpc", "a_pb2_grpc"),
        ("from . import a_pb2", "a_pb2", "from . import a_pb2_grpc", "a_pb2_grpc"),
        ("from ..p import a_pb2 as a", "a", "from ..p import a_pb2_grpc", "a_pb2_grpc"),
        ("from p import q", "q.a_pb2", "from p.q import a_pb2_grpc", "a_pb2_grpc"),
    ],
)
def test_the_modern_module_is_imported_beside_the_messages(statement: str, spelled: str, added: str, new: str) -> None:
    before = f"{statement}\ns = {spelled}.beta_create_A_stub(c)\n"
    assert migrated(before).text == f"{statement}\n{added}\ns = {new}.AStub(c)\n"


@pytest.mark.parametrize(
    ("statement", "added"),
    [
        ("from a_pb2 import beta_create_A_stub", "import a_pb2_grpc"),
        ("from p.a_pb2 import beta_create_A_stub", "from p import a_pb2_grpc"),
        ("from .a_pb2 import beta_create_A_stub", "from . import a_pb2_grpc"),
        ("from ..p.a_pb2_grpc import beta_create_A_stub", "from ..p import a_pb2_grpc"),
    ],
)
def test_a_function_that_was_imported_by_name_is_imported_no_more(statement: str, added: str) -> None:
    assert migrated(f"{statement}\ns = beta_create_A_stub(c)\n").text == f"{added}\ns = a_pb2_grpc.AStub(c)\n"


@pytest.mark.parametrize(
    "before",
    [
        "import messages\ns = messages.beta_create_A_stub(c)\n",
        "import a_pb2\na_pb2_grpc = 1\ns = a_pb2.beta_create_A_stub(c)\n",
        "import os; import a_pb2\ns = a_pb2.beta_create_A_stub(c)\n",
    ],
)
def test_where_the_modern_module_cannot_be_named_the_stub_is_left(before: str) -> None:
    outcome = migrated(before)
    assert code_of(outcome) == before
    assert outcome.by_hand == ["beta_create_A_stub"]


def test_an_import_of_the_modern_module_that_is_there_is_used() -> None:
    before = "import a_pb2\nfrom p import b\nimport a_pb2_grpc as g\ns = a_pb2.beta_create_A_stub(c)\n"
    assert migrated(before).text == before.replace("a_pb2.beta_create_A_stub", "g.AStub")
