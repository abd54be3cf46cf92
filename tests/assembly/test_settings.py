"""Channel arguments on their way from a channel or server to what honours them."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

import pytest

from grpc._assembly import _connecting, _serving, client, server
from grpc._values.compression import Compression
from grpc._values.security import ClientSecurity


class _Caught(Exception):
    """Ends the making of a side once it is known what it would be made of."""


@pytest.fixture
def caught(monkeypatch: pytest.MonkeyPatch) -> Dict[str, Any]:
    """What links and request headers are made with, by name."""
    found: Dict[str, Any] = {}

    def headers(scheme: str, authority: str, user_agent: str, accepted: int) -> None:
        found.update(scheme=scheme, authority=authority, user_agent=user_agent, accepted=accepted)

    def invocation_link(
        driver: Any, target: str, headers: Any, limits: Any, connecting: Any, security: Any, keepalive: Any
    ) -> None:
        driver.close()
        found.update(limits=limits, connecting=connecting, security=security, keepalive=keepalive)
        raise _Caught

    drivers: List[Any] = []

    def server_driver() -> Any:
        drivers.append(make_driver())
        return drivers[-1]

    def service_link(limits: Any, clock: Any, options: Any) -> None:
        drivers.pop().close()
        found.update(limits=limits, options=options)
        raise _Caught

    make_driver = server.threads.server_driver
    monkeypatch.setattr(server.threads, "server_driver", server_driver)
    monkeypatch.setattr(_connecting.invocation, "RequestHeaders", headers)
    monkeypatch.setattr(_connecting.invocation, "InvocationLink", invocation_link)
    monkeypatch.setattr(_serving.service, "ServiceLink", service_link)
    return found


def _make_client(
    options: List[Any], compression: Optional[Compression] = None, security: Optional[ClientSecurity] = None
) -> None:
    with pytest.raises(_Caught):
        client.over_http2("example:1", "ours/1", options, compression, security, None)


class TestClient:
    """A channel's arguments."""

    def test_by_default_names_come_from_target_and_library(self, caught: Dict[str, Any]) -> None:
        _make_client([])
        assert (caught["authority"], caught["user_agent"]) == ("example:1", "ours/1")

    def test_the_user_agent_has_three_parts(self, caught: Dict[str, Any]) -> None:
        _make_client([("grpc.primary_user_agent", "first"), ("grpc.secondary_user_agent", "last")])
        assert caught["user_agent"] == "first ours/1 last"

    def test_the_authority_can_be_given(self, caught: Dict[str, Any]) -> None:
        _make_client([("grpc.default_authority", "other")])
        assert caught["authority"] == "other"

    @pytest.mark.parametrize(("security", "scheme"), [(None, "http"), (ClientSecurity(), "https")])
    def test_the_scheme_is_that_of_the_credentials(
        self, caught: Dict[str, Any], security: Optional[ClientSecurity], scheme: str
    ) -> None:
        _make_client([], security=security)
        assert caught["scheme"] == scheme

    @pytest.mark.parametrize("security", [None, ClientSecurity()])
    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_the_scheme_can_be_given(
        self, caught: Dict[str, Any], security: Optional[ClientSecurity], scheme: str
    ) -> None:
        _make_client([("grpc.http2_scheme", scheme)], security=security)
        assert caught["scheme"] == scheme

    def test_the_name_to_check_is_the_authority_too(self, caught: Dict[str, Any]) -> None:
        _make_client([("grpc.ssl_target_name_override", "checked")], security=ClientSecurity())
        assert (caught["authority"], caught["security"].server_name) == ("checked", "checked")

    def test_a_given_authority_beats_the_name_to_check(self, caught: Dict[str, Any]) -> None:
        options = [("grpc.ssl_target_name_override", "checked"), ("grpc.default_authority", "other")]
        _make_client(options, security=ClientSecurity())
        assert (caught["authority"], caught["security"].server_name) == ("other", "checked")

    def test_without_tls_there_is_no_name_to_check(self, caught: Dict[str, Any]) -> None:
        _make_client([("grpc.ssl_target_name_override", "checked")])
        assert (caught["authority"], caught["security"]) == ("example:1", None)

    def test_keepalive_connecting_and_limits_reach_the_link(self, caught: Dict[str, Any]) -> None:
        _make_client(
            [
                ("grpc.keepalive_time_ms", 5000),
                ("grpc.lb_policy_name", "round_robin"),
                ("grpc.max_receive_message_length", 7),
                ("grpc.absolute_max_metadata_size", 9000),
                ("grpc.http2.hpack_table_size.decoder", 0),
                ("grpc.http2.hpack_table_size.encoder", 50),
            ]
        )
        assert caught["keepalive"].time == 5.0
        assert caught["connecting"].policy == "round_robin"
        assert caught["limits"].max_receive_message_length == 7
        assert caught["limits"].hard_metadata_size == 9000
        assert (caught["limits"].decoder_table_size, caught["limits"].encoder_table_size) == (0, 50)

    def test_servers_are_told_of_the_algorithms_that_are_enabled(self, caught: Dict[str, Any]) -> None:
        _make_client([("grpc.compression_enabled_algorithms_bitset", 0b101)])
        assert caught["accepted"] == 0b101
        _make_client([("grpc.per_message_decompression", 0)])
        assert caught["accepted"] == 1

    def test_compression_beats_its_argument(self, caught: Dict[str, Any]) -> None:
        _make_client([("grpc.default_compression_algorithm", 1)], Compression.Gzip)
        assert caught["limits"].compression == Compression.Gzip

    def test_a_wrong_argument_is_refused_before_anything_is_made(self) -> None:
        with pytest.raises(TypeError, match="takes an int"):
            client.over_http2("example:1", "ours/1", [("grpc.keepalive_time_ms", "1")], None, None, None)


class TestServer:
    """A server's arguments."""

    def test_options_and_limits_reach_the_link(self, caught: Dict[str, Any]) -> None:
        options = [("grpc.max_connection_age_ms", 5000), ("grpc.max_metadata_size", 7)]
        with pytest.raises(_Caught):
            server.ServerSide(None, None, options, None, Compression.Deflate)  # type: ignore[arg-type]
        assert caught["options"].age.max_age == 5.0
        assert caught["limits"].max_metadata_size == 7
        assert caught["limits"].compression == Compression.Deflate

    def test_a_wrong_argument_is_refused_before_anything_is_made(self) -> None:
        with pytest.raises(TypeError, match="takes an int"):
            server.ServerSide(None, None, [("grpc.max_connection_age_ms", "1")], None, None)  # type: ignore[arg-type]
