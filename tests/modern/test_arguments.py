"""Every wrong argument is refused with a text that says what would be right; nothing is sent."""

from __future__ import annotations

from concurrent import futures
from typing import Any, Callable, Iterator, Tuple

import pytest

import grpc

Case = Tuple[str, Callable[[grpc.Channel], Any], type, str]

METHOD = "/tests.Service/Method"


@pytest.fixture
def channel() -> Iterator[grpc.Channel]:
    """A channel to nowhere: what is refused is refused before anything is sent."""
    with grpc.insecure_channel("127.0.0.1:1") as channel:
        yield channel


def unary(**arguments: Any) -> Callable[[grpc.Channel], Any]:
    return lambda channel: channel.unary_unary(METHOD)(b"", **arguments)


CALLS = [
    ("method without a slash", lambda c: c.unary_unary("Method"), ValueError, r"named '/package\.Service/Method', not"),
    ("method that is no string", lambda c: c.unary_stream(b"/a/b"), ValueError, r"not b'/a/b'"),
    ("empty method", lambda c: c.stream_stream(""), ValueError, r"not ''"),
    ("request that is not bytes", lambda c: c.unary_unary(METHOD)("text"), TypeError, "request is bytes, not 'text'"),
    ("iterator where a message belongs", lambda c: c.unary_unary(METHOD)(iter([b""])), TypeError, "request is bytes"),
    ("message where an iterator belongs", lambda c: c.stream_unary(METHOD)(7), TypeError, "takes an iterator of them"),
    ("timeout that is no number", unary(timeout="5"), TypeError, "a timeout is a number of seconds or None, not '5'"),
    ("timeout that is not a number", unary(timeout=float("nan")), ValueError, "not NaN"),
    ("metadata that is no sequence", unary(metadata=5), TypeError, r"sequence of \(key, value\) pairs, not 5"),
    ("metadata of no pairs", unary(metadata=["ab", "c"]), TypeError, r"sequence of \(key, value\) pairs"),
    ("metadata with a bytes key", unary(metadata=[(b"key", "v")]), TypeError, "key is a string, not b'key'"),
    ("metadata with a capital", unary(metadata=[("Key", "v")]), ValueError, "lower-case letters"),
    ("metadata of gRPC's own", unary(metadata=[("grpc-status", "0")]), ValueError, "belong to gRPC"),
    ("metadata with a number", unary(metadata=[("key", 5)]), TypeError, "is a string, not 5"),
    ("metadata that is not ASCII", unary(metadata=[("key", "\xe4")]), ValueError, "suffix -bin"),
    ("binary metadata of no bytes", unary(metadata=[("key-bin", 5)]), TypeError, "is bytes, not 5"),
    ("metadata of HTTP's own", unary(metadata=[("te", "x")]), ValueError, "'te' is not for applications"),
    ("compression of no kind", unary(compression="gzip"), TypeError, r"grpc\.Compression\.Gzip or the like, not as"),
    ("credentials of another kind", unary(credentials="token"), TypeError, r"grpc\.CallCredentials, not 'token'"),
    (
        "call credentials on an insecure channel",
        unary(credentials=grpc.access_token_call_credentials("t")),
        ValueError,
        r"secure channels only: make the channel with grpc\.secure_channel",
    ),
    ("a subscriber that cannot be called", lambda c: c.subscribe(5), TypeError, "takes a ChannelConnectivity, not 5"),
]


@pytest.mark.parametrize(("call", "error", "text"), [case[1:] for case in CALLS], ids=[case[0] for case in CALLS])
def test_a_call_refuses(channel: grpc.Channel, call: Callable[[grpc.Channel], Any], error: type, text: str) -> None:
    with pytest.raises(error, match=text):
        call(channel)


def with_pool(make: Callable[[futures.Executor], Any]) -> Callable[[], Any]:
    def call() -> Any:
        with futures.ThreadPoolExecutor(1) as pool:
            return make(pool)

    return call


MAKERS = [
    ("target that is no string", lambda: grpc.insecure_channel(5), TypeError, "'localhost:50051', not 5"),  # type: ignore[arg-type]
    ("empty target", lambda: grpc.insecure_channel(""), ValueError, "this one is empty"),
    ("compression of no kind", lambda: grpc.insecure_channel("a:1", compression=9), TypeError, "or the like, not as 9"),  # type: ignore[arg-type]
    (
        "compression of no kind on a server",
        with_pool(lambda pool: grpc.server(pool, compression="gzip")),  # type: ignore[arg-type]
        TypeError,
        "or the like, not as 'gzip'",
    ),
    ("credentials of no kind", lambda: grpc.secure_channel("a:1", "x"), TypeError, r"grpc\.ChannelCredentials"),  # type: ignore[arg-type]
    ("in-process to no server", lambda: grpc.inprocess_channel("x"), TypeError, r"that grpc\.server made, not 'x'"),  # type: ignore[arg-type]
    ("server without a pool", lambda: grpc.server(None), TypeError, r"concurrent\.futures executor, and None is none"),
    (
        "no RPCs at once",
        with_pool(lambda pool: grpc.server(pool, maximum_concurrent_rpcs=0)),
        ValueError,
        "positive number or None, not 0",
    ),
    ("key without a chain", lambda: grpc.ssl_channel_credentials(None, b"k"), ValueError, "give both or none"),
    ("roots that are no bytes", lambda: grpc.ssl_channel_credentials("pem"), TypeError, "PEM text as bytes, not str"),  # type: ignore[arg-type]
    ("server without a key", lambda: grpc.ssl_server_credentials([]), ValueError, "At least one"),
    (
        "client certificates nobody can check",
        lambda: grpc.ssl_server_credentials([(b"k", b"c")], None, True),
        ValueError,
        "without providing root certificates",
    ),
    ("plugin that cannot be called", lambda: grpc.metadata_call_credentials(5), TypeError, "5 cannot be"),  # type: ignore[arg-type]
    ("handler that cannot be called", lambda: grpc.unary_unary_rpc_method_handler(5), TypeError, "not by 5"),  # type: ignore[arg-type]
    ("ALTS on a channel", grpc.alts_channel_credentials, NotImplementedError, r"use grpc\.ssl_channel_credentials"),
    ("ALTS on a server", grpc.alts_server_credentials, NotImplementedError, r"use grpc\.ssl_channel_credentials"),
    ("protos of no proto", lambda: grpc.protos("a.txt"), ValueError, r"ends with \.proto"),
    ("protos at run time", lambda: grpc.protos("a.proto"), NotImplementedError, "generate the modules before"),
    (
        "local credentials far away",
        lambda: grpc.secure_channel("example.org:1", grpc.local_channel_credentials()),
        ValueError,
        "loopback addresses",
    ),
    (
        "local socket credentials for TCP",
        lambda: grpc.secure_channel("localhost:1", grpc.local_channel_credentials(grpc.LocalConnectionType.UDS)),
        ValueError,
        "Unix sockets",
    ),
]


@pytest.mark.parametrize(("make", "error", "text"), [case[1:] for case in MAKERS], ids=[case[0] for case in MAKERS])
def test_a_maker_refuses(make: Callable[[], Any], error: type, text: str) -> None:
    with pytest.raises(error, match=text):
        make()


class TestServer:
    @pytest.fixture
    def server(self) -> Iterator[grpc.Server]:
        with futures.ThreadPoolExecutor(1) as pool:
            server = grpc.server(pool)
            yield server
            server.stop(None)

    def test_handlers_that_are_none_are_refused(self, server: grpc.Server) -> None:
        with pytest.raises(AttributeError, match=r"must conform to grpc\.GenericRpcHandler"):
            server.add_generic_rpc_handlers((object(),))  # type: ignore[arg-type]

    def test_a_server_starts_once(self, server: grpc.Server) -> None:
        server.start()
        with pytest.raises(ValueError, match="already-started"):
            server.start()

    def test_a_busy_port_is_named(self, server: grpc.Server) -> None:
        port = server.add_insecure_port("127.0.0.1:0")
        with pytest.raises(RuntimeError, match=rf"127\.0\.0\.1:{port}.*[Aa]ddress already in use"):
            server.add_insecure_port(f"127.0.0.1:{port}")

    def test_an_address_without_a_port_is_refused(self, server: grpc.Server) -> None:
        with pytest.raises(ValueError, match="names no port"):
            server.add_insecure_port("localhost")

    @pytest.mark.parametrize("grace", [-1, "1", True])
    def test_a_grace_that_is_none_is_refused(self, server: grpc.Server, grace: Any) -> None:
        with pytest.raises(ValueError, match="grace is a number of seconds"):
            server.stop(grace)
