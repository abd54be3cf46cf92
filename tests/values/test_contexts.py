"""What a transport and the outermost callers tell each other."""

from __future__ import annotations

from typing import Dict, List, Optional

import pytest

from grpc._values import contexts


class TestServiceContext:
    @pytest.mark.parametrize(
        ("auth_context", "key"),
        [
            ({}, None),
            ({"transport_security_type": [b"ssl"]}, None),
            ({"x509_common_name": [b"a"]}, "x509_common_name"),
            (
                {"x509_common_name": [b"a"], "x509_subject_alternative_name": [b"b", b"c"]},
                "x509_subject_alternative_name",
            ),
            ({"x509_common_name": [b"a"], "x509_subject_alternative_name": []}, "x509_common_name"),
        ],
    )
    def test_alternative_names_say_who_the_peer_is_before_the_common_name(
        self, auth_context: Dict[str, List[bytes]], key: Optional[str]
    ) -> None:
        context = contexts.ServiceContext("unix:x", auth_context)
        assert context.peer_identity_key == key
        assert context.peer_identities == (None if key is None else auth_context[key])

    def test_a_peer_that_proved_nothing_has_an_empty_context(self) -> None:
        assert contexts.ServiceContext("unix:x").auth_context == {}


class TestRpcContext:
    def test_it_knows_what_its_connection_knows(self) -> None:
        connection = contexts.ServiceContext("unix:x", {"x509_common_name": [b"a"]})
        context = contexts.RpcContext(connection)
        assert (context.peer, context.auth_context) == ("unix:x", {"x509_common_name": [b"a"]})
        assert (context.peer_identity_key, context.peer_identities) == ("x509_common_name", [b"a"])

    def test_nothing_is_chosen_at_first(self) -> None:
        context = contexts.RpcContext(contexts.ServiceContext("unix:x"))
        assert (context.compression, context.next_uncompressed) == (None, False)


class TestCallOptions:
    def test_they_compare_by_value(self) -> None:
        assert contexts.CallOptions(compression=2) == contexts.CallOptions(None, 2, None)


def test_an_uncompressed_payload_is_bytes() -> None:
    payload = contexts.Uncompressed(b"abc")
    assert payload == b"abc"
    assert isinstance(payload, bytes)
