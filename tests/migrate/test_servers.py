"""Servicers and servers: base classes and contexts are rewritten, servers are left with the code to write."""

from __future__ import annotations

import pytest

from tests.migrate.conftest import code_of, migrated

HEAD = "import a_pb2\nclass S(a_pb2.BetaAServicer):\n    def M(self, request, context):\n        "
NEW_HEAD = (
    "import a_pb2\nimport a_pb2_grpc\nclass S(a_pb2_grpc.AServicer):\n    def M(self, request, context):\n        "
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("context.code(c)", "context.set_code(c)"),
        ("context.details('d')", "context.set_details('d')"),
        ("context.initial_metadata(m)", "context.send_initial_metadata(m)"),
        ("context.terminal_metadata(m)", "context.set_trailing_metadata(m)"),
        ("context.invocation_metadata()", "context.invocation_metadata()"),
        ("context.protocol_context().peer()", "context.peer()"),
        (
            "context.protocol_context().disable_next_response_compression()",
            "context.disable_next_message_compression()",
        ),
        ("f = lambda: context.code(c)", "f = lambda: context.set_code(c)"),
        ("f = lambda context: context.code(c)", "f = lambda context: context.code(c)"),
        ("super().M(request, context)", "super().M(request, context)"),
    ],
)
def test_the_context_of_a_method(before: str, after: str) -> None:
    outcome = migrated(f"{HEAD}{before}\n")
    assert outcome.text == f"{NEW_HEAD}{after}\n"
    assert outcome.by_hand == []


@pytest.mark.parametrize(
    ("before", "left"),
    [
        ("context.add_abortion_callback(f)", "context.add_abortion_callback"),
        ("p = context.protocol_context()", "context.protocol_context"),
        ("self.other(context)", "context"),
        ("context = wrap(context)", "context"),
    ],
)
def test_what_takes_thinking_is_left(before: str, left: str) -> None:
    outcome = migrated(f"{HEAD}{before}\n")
    assert outcome.by_hand == [left]
    assert code_of(outcome) == f"{NEW_HEAD}{before}\n"


def test_a_servicer_that_inherits_from_one_of_the_same_file_is_one() -> None:
    before = f"{HEAD}pass\nclass T(S):\n    def M(self, request, context):\n        context.code(c)\n"
    assert migrated(before).text.endswith("context.set_code(c)\n")


@pytest.mark.parametrize("arguments", ["self, context", "self, request, context, more", "self, request, *context"])
def test_a_method_of_another_shape_has_no_context(arguments: str) -> None:
    before = HEAD.replace("self, request, context", arguments) + "context.code(c)\n"
    assert migrated(before).mechanical == ["BetaAServicer"]


def test_the_context_of_any_other_class_is_none_of_ours() -> None:
    before = "class S(object):\n    def M(self, request, context):\n        context.code(c)\n"
    assert migrated(before) == (before, [], [])


def test_a_server_is_left_with_the_code_to_write() -> None:
    outcome = migrated("import a_pb2\nself.s = a_pb2.beta_create_A_server(Servicer(1), pool_size=3)\n")
    assert outcome.text == (
        "import a_pb2\n"
        "# grpc-migrate: beta_create_A_server: self.s = grpc.server(futures.ThreadPoolExecutor(max_workers=8)); "
        "a_pb2_grpc.add_AServicer_to_server(Servicer(1), self.s) "
        "(pool_size is max_workers; timeouts: see context.time_remaining())\n"
        "self.s = a_pb2.beta_create_A_server(Servicer(1), pool_size=3)\n"
    )


def test_a_beta_server_that_is_stopped_or_entered_is_reported() -> None:
    before = "import a_pb2\ns = a_pb2.beta_create_A_server(Servicer())\ns.stop(0)\ns.stop(5)\nwith s:\n    pass\n"
    assert migrated(before).by_hand == ["beta_create_A_server", "s.stop(0)", "with server"]


def test_options_of_servers_are_left() -> None:
    before = (
        "from grpc.beta.implementations import server, server_options\ns = server({}, server_options())\ns.stop(0)\n"
    )
    outcome = migrated(before)
    assert outcome.by_hand[2:] == ["implementations.server", "implementations.server_options", "s.stop(0)"]
    assert code_of(outcome) == before
