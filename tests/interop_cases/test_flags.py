"""What command lines are read to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from grpc.interop import _flags

if TYPE_CHECKING:
    import pathlib

CLIENT = ("client", "--server_port=7", "--test_case=empty_unary")


def _client(*words: str) -> _flags.Client:
    command, found = _flags.read([*CLIENT, *words])
    assert command == "client"
    client: _flags.Client = found
    return client


def _server(*words: str) -> _flags.Server:
    command, found = _flags.read(["server", *words])
    assert command == "server"
    server: _flags.Server = found
    return server


def test_a_client_speaks_plaintext_to_this_machine_unless_told() -> None:
    assert _client() == _flags.Client(
        target="127.0.0.1:7",
        cases=("empty_unary",),
        api="sync",
        roots=None,
        secure=False,
        options=(),
        caching_proxy=False,
        lasting=_flags.Lasting(),
    )


def test_a_server_takes_any_port_of_this_machine_unless_told() -> None:
    assert _server() == _flags.Server(address="127.0.0.1:0", api="sync", identity=None, stop_with_stdin=False)


@pytest.mark.parametrize(
    ("words", "secure"),
    [
        (["--use_tls"], True),
        (["--use_tls=true"], True),
        (["--use_tls=True"], True),
        (["--use_tls=1"], True),
        (["--use_tls=false"], False),
        (["--use_tls=0"], False),
        (["--use_tls", "--api", "aio"], True),
    ],
)
def test_a_switch_is_on_alone_or_told(words: list[str], secure: bool) -> None:
    assert _client(*words).secure is secure


@pytest.mark.parametrize(
    ("text", "cases"),
    [
        ("all", _flags.CASES),
        ("ping_pong", ("ping_pong",)),
        ("ping_pong,large_unary", ("ping_pong", "large_unary")),
        ("ping_pong, large_unary,", ("ping_pong", "large_unary")),
    ],
)
def test_cases_are_one_or_several_or_all(text: str, cases: tuple[str, ...]) -> None:
    assert _client(f"--test_case={text}").cases == cases


def test_a_client_believes_the_file_if_told_to(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(b"roots")
    assert _client(f"--ca_file={file}").roots is None
    assert _client(f"--ca_file={file}", "--use_test_ca").roots == b"roots"


def test_a_name_in_place_of_the_hosts_is_checked_and_told() -> None:
    assert _client("--server_host_override=foo.test.example").options == (
        ("grpc.ssl_target_name_override", "foo.test.example"),
        ("grpc.default_authority", "foo.test.example"),
    )


def test_a_service_config_is_an_option_of_the_channel() -> None:
    assert _client("--service_config_json={}").options == (("grpc.service_config", "{}"),)


def test_an_ipv6_address_is_put_in_brackets() -> None:
    assert _client("--server_host=::1").target == "[::1]:7"
    assert _client("--server_host=[::1]").target == "[::1]:7"
    assert _server("--host=::1").address == "[::1]:0"


def test_lasting_cases_are_measured_in_the_units_of_their_flags() -> None:
    assert _client(
        "--soak_iterations=1",
        "--soak_max_failures=2",
        "--soak_per_iteration_max_acceptable_latency_ms=3000",
        "--soak_min_time_ms_between_rpcs=400",
        "--soak_overall_timeout_seconds=5.5",
        "--concurrent_calls=6",
        "--long_lived_calls=7",
        "--long_lived_spacing_seconds=0.8",
    ).lasting == _flags.Lasting(1, 2, 3.0, 0.4, 5.5, 6, 7, 0.8)


def test_a_servers_identity_is_its_key_and_its_chain(tmp_path: pathlib.Path) -> None:
    for name in ("key", "chain"):
        (tmp_path / name).write_text(name)
    files = (f"--tls_cert_file={tmp_path / 'chain'}", f"--tls_key_file={tmp_path / 'key'}")
    assert _server("--use_tls", *files).identity == (b"key", b"chain")
    assert _server(*files).identity is None


@pytest.mark.parametrize(
    ("words", "explained"),
    [
        ([*CLIENT, "--test_case=nonsense"], "there is no case 'nonsense'; there are empty_unary, large_unary"),
        ([*CLIENT, "--test_case=,"], "it names no case; 'all' is all of them"),
        ([*CLIENT, "--use_tls=perhaps"], "'perhaps' is neither true nor false"),
        ([*CLIENT, "--use_test_ca"], "--use_test_ca needs --ca_file: no certificates come with this client"),
        ([*CLIENT, "--ca_file=/nowhere/ca.pem"], "'/nowhere/ca.pem' cannot be read: No such file or directory"),
        (["server", "--use_tls"], "--use_tls needs --tls_cert_file and --tls_key_file"),
        (["client", "--test_case=all"], "required: --server_port"),
        ([], "required: command"),
    ],
)
def test_wrong_usage_is_explained(words: list[str], explained: str, capsys: Any) -> None:
    with pytest.raises(SystemExit) as ended:
        _flags.read(words)
    assert ended.value.code == 2
    assert explained in capsys.readouterr().err
