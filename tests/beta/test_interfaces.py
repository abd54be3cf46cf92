"""The names of the beta API: that they are what 1.0 had under them."""

from __future__ import annotations

import pytest

from grpc.beta import _channel, implementations, interfaces


def test_fatal_failure_is_another_name_of_shutdown_and_no_further_state() -> None:
    connectivity = interfaces.ChannelConnectivity
    assert connectivity.FATAL_FAILURE is connectivity.SHUTDOWN  # type: ignore[attr-defined]
    assert len(list(connectivity)) == 5


def test_call_options_hold_what_was_asked_for() -> None:
    options = interfaces.grpc_call_options(disable_compression=True, credentials="some")
    assert (options.disable_compression, options.subcall_of, options.credentials) == (True, None, "some")
    options = interfaces.grpc_call_options()
    assert (options.disable_compression, options.subcall_of, options.credentials) == (False, None, None)


def test_options_hold_what_was_asked_for() -> None:
    stub = implementations.stub_options("h", {}, {}, str, None, 4)
    assert (stub.host, stub.metadata_transformer, stub.thread_pool_size) == ("h", str, 4)
    server = implementations.server_options(None, {}, {}, None, 4, 5.0, 6.0)
    assert (server.thread_pool_size, server.default_timeout, server.maximum_timeout) == (4, 5.0, 6.0)


@pytest.mark.parametrize(
    ("host", "port", "target"),
    [
        ("localhost", 50051, "localhost:50051"),
        ("::1", 50051, "[::1]:50051"),
        ("[::1]", 50051, "[::1]:50051"),
        ("unix:/tmp/socket", None, "unix:/tmp/socket"),
    ],
)
def test_host_and_port_make_a_target(host: str, port: int | None, target: str) -> None:
    assert _channel._target(host, port) == target


def test_a_host_is_text() -> None:
    with pytest.raises(TypeError, match="a host is a string"):
        implementations.insecure_channel(None, 50051)  # type: ignore[arg-type]
