"""CONNECT, sans-io: what a proxy is asked, and what its answers mean."""

from __future__ import annotations

import threading
from typing import Any, Callable, List, Optional, Tuple

import pytest

from grpc._io import contract, securable, tunnel
from tests.io.lines import LineConnection

TUNNEL = contract.Tunnel("service.example:443")
OK = b"HTTP/1.1 200 Connection established\r\n\r\n"

Feed = Callable[[tunnel.Request, bytes], Optional[bytes]]


def whole(request: tunnel.Request, answer: bytes) -> Optional[bytes]:
    return request.receive(answer)


def bytewise(request: tunnel.Request, answer: bytes) -> Optional[bytes]:
    for number in range(len(answer)):
        early = request.receive(answer[number : number + 1])
        if early is not None:
            return early + answer[number + 1 :]
    return None


either = pytest.mark.parametrize("feed", [whole, bytewise])


class TestRequest:
    def test_asks_for_the_destination(self) -> None:
        assert tunnel.Request(TUNNEL).message == (
            b"CONNECT service.example:443 HTTP/1.1\r\nHost: service.example:443\r\n\r\n"
        )

    def test_says_who_asks_if_it_is_told(self) -> None:
        asked = tunnel.Request(contract.Tunnel("[::1]:5", "Basic eDp5"))
        assert asked.message == (
            b"CONNECT [::1]:5 HTTP/1.1\r\nHost: [::1]:5\r\nProxy-Authorization: Basic eDp5\r\n\r\n"
        )

    def test_a_tunnel_does_not_show_that(self) -> None:
        assert repr(contract.Tunnel("[::1]:5", "Basic eDp5")) == "<Tunnel to [::1]:5>"


class TestSuccess:
    @either
    @pytest.mark.parametrize(
        "answer",
        [
            OK,
            b"HTTP/1.0 200\r\n\r\n",
            b"HTTP/1.1 204 No Content\nVia: x\n\n",
            b"HTTP/1.1 299 Why not\r\nContent-Length: 5\r\nX: y\r\n\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
        ],
        ids=["200", "without reason", "bare LF", "any 2xx", "after 1xx"],
    )
    def test_any_2xx_connects_and_what_follows_is_the_destinations(self, feed: Feed, answer: bytes) -> None:
        assert feed(tunnel.Request(TUNNEL), answer) == b""
        assert feed(tunnel.Request(TUNNEL), answer + b"\r\n\r\nHTTP/1.1 500 early") == b"\r\n\r\nHTTP/1.1 500 early"

    @either
    def test_before_the_head_is_whole_it_does_not(self, feed: Feed) -> None:
        for size in range(len(OK)):
            assert feed(tunnel.Request(TUNNEL), OK[:size]) is None


class TestRefusal:
    @either
    @pytest.mark.parametrize(
        ("answer", "reason"),
        [
            (
                b"HTTP/1.1 403 Forbidden\r\n",
                "the proxy does not connect to service.example:443: HTTP/1.1 403 Forbidden",
            ),
            (
                b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\nbody",
                "the proxy does not connect to service.example:443: HTTP/1.1 407 Proxy Authentication Required",
            ),
            (
                b"HTTP/1.1 101 Switching\r\n",
                "the proxy does not connect to service.example:443: HTTP/1.1 101 Switching",
            ),
            (
                b"HTTP/1.1 502 \x1b[31mred\x07 caf\xe9\r\n",
                r"the proxy does not connect to service.example:443: HTTP/1.1 502 \x1b[31mred\x07 caf\xe9",
            ),
            (b"HTTP/1.1 20 Short\r\n", "this is no HTTP proxy; it answers HTTP/1.1 20 Short"),
            (b"HTTP/1.1 2000 Long\r\n", "this is no HTTP proxy; it answers HTTP/1.1 2000 Long"),
        ],
        ids=["403", "407", "101", "with control characters", "short", "long"],
    )
    def test_is_known_by_the_first_line_and_shows_it(self, feed: Feed, answer: bytes, reason: str) -> None:
        with pytest.raises(tunnel.TunnelError) as caught:
            feed(tunnel.Request(TUNNEL), answer)
        assert caught.value.reason == reason

    @pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH_9", b"\x00\x00\x12\x04\x00", b"HTTP/2 200\r\n"])
    def test_what_speaks_another_protocol_is_given_up_at_its_first_bytes(self, answer: bytes) -> None:
        with pytest.raises(tunnel.TunnelError, match="this is no HTTP proxy; it answers"):
            tunnel.Request(TUNNEL).receive(answer)

    @either
    @pytest.mark.parametrize(
        "answer",
        [
            b"HTTP/1.1 200 " + b"x" * tunnel.MAX_HEAD,
            b"HTTP/1.1 200 OK\r\nX: " + b"x" * tunnel.MAX_HEAD,
            b"HTTP/1.1 200 OK\r\nX: " + b"x" * tunnel.MAX_HEAD + b"\r\n\r\n",
        ],
        ids=["first line", "unfinished", "finished"],
    )
    def test_a_head_that_is_too_long_is_not_kept(self, feed: Feed, answer: bytes) -> None:
        with pytest.raises(tunnel.TunnelError, match="the proxy's answer has a head of more than 16384 bytes"):
            feed(tunnel.Request(TUNNEL), answer)

    def test_a_long_first_line_is_shown_in_part(self) -> None:
        with pytest.raises(tunnel.TunnelError) as caught:
            tunnel.Request(TUNNEL).receive(b"HTTP/1.1 500 " + b"x" * 1000 + b"\r\n")
        assert len(caught.value.reason) < 300


class Side(securable.SecurableTransport):
    """A transport without a socket; delivers when told to."""

    def __init__(self, *, wanted: bool = True) -> None:
        self.lock = threading.Lock()
        self.inner = LineConnection()
        self.failures: List[Tuple[str, Optional[BaseException]]] = []
        self.wanted = wanted
        self.exchanged: List[Optional[bytes]] = []
        self.connection: contract.Connection = tunnel.Tunnelling(
            TUNNEL,
            self,
            lambda _: self.inner if self.wanted else None,
            lambda reason, cause: self.failures.append((reason, cause)),
            10.0,
            5.0,
        )

    @property
    def peer(self) -> str:
        return "test:proxy"

    @property
    def auth_context(self) -> Optional[contract.AuthContext]:
        return None

    def set_auth_context(self, auth_context: contract.AuthContext) -> None:
        raise AssertionError

    def set_user_timeout(self, seconds: Optional[float]) -> None:
        raise AssertionError

    def exchange(self, connection: contract.Connection, data: Optional[bytes] = b"") -> None:
        self.connection = connection
        self.exchanged.append(data)

    def settle(self) -> None:
        connection: Any = self.connection
        while connection.deliveries:
            connection.deliver(connection.deliveries.popleft())

    def close(self, reason: str) -> None:
        raise AssertionError

    def lose(self) -> None:
        """What a transport does at its end."""
        self.connection.connection_lost("test:proxy: gone", None)
        self.settle()


class TestTunnelling:
    def test_asks_first_and_once(self) -> None:
        side = Side()
        assert side.connection.data_to_send() == tunnel.Request(TUNNEL).message
        assert side.connection.data_to_send() == b""
        assert side.connection.busy
        assert not side.connection.finished

    def test_goes_on_with_the_next_connection_when_the_proxy_has_connected(self) -> None:
        side = Side()
        side.connection.receive_data(OK)
        assert side.connection.next_deadline() is None
        side.settle()
        assert side.connection is side.inner
        assert side.exchanged == [None]
        assert side.failures == []

    def test_hands_on_what_the_destination_has_said_already(self) -> None:
        side = Side()
        side.connection.receive_data(OK + b"one ")
        side.connection.receive_data(b"two")
        side.settle()
        assert side.exchanged == [b"one two"]

    def test_does_not_go_on_when_nobody_wants_the_connection_any_more(self) -> None:
        side = Side(wanted=False)
        side.connection.receive_data(OK)
        side.settle()
        side.lose()
        assert (side.exchanged, side.failures) == ([], [])

    def test_a_refusal_closes_and_is_reported_once_that_is_done(self) -> None:
        side = Side()
        side.connection.receive_data(b"HTTP/1.1 403 Forbidden\r\n")
        side.connection.receive_data(b"\r\n")
        assert side.connection.finished
        side.lose()
        assert side.failures == [
            ("test:proxy: the proxy does not connect to service.example:443: HTTP/1.1 403 Forbidden", None)
        ]

    def test_a_loss_is_reported_with_what_was_going_on(self) -> None:
        side = Side()
        side.lose()
        assert side.failures == [("test:proxy: gone before the proxy had connected to service.example:443", None)]

    def test_a_proxy_that_does_not_answer_is_given_up_at_the_deadline(self) -> None:
        side = Side()
        assert side.connection.next_deadline() == 10.0
        side.connection.handle_deadline(9.9)
        assert not side.connection.finished
        side.connection.handle_deadline(10.0)
        assert side.connection.finished
        assert side.connection.next_deadline() is None
        side.lose()
        assert side.failures == [("test:proxy: the proxy has not connected to service.example:443 in 5 seconds", None)]
