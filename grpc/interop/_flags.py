"""What can stand on the command lines, read into values."""

from __future__ import annotations

import argparse
import pathlib
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

CASES = (
    "empty_unary",
    "large_unary",
    "cacheable_unary",
    "client_compressed_unary",
    "server_compressed_unary",
    "client_streaming",
    "client_compressed_streaming",
    "server_streaming",
    "server_compressed_streaming",
    "ping_pong",
    "empty_stream",
    "custom_metadata",
    "status_code_and_message",
    "special_status_message",
    "unimplemented_method",
    "unimplemented_service",
    "cancel_after_begin",
    "cancel_after_first_response",
    "timeout_on_sleeping_server",
    "rpc_soak",
    "channel_soak",
    "concurrent_large_unary",
    "long_lived_channel",
)
"""The names of all cases, in the order in which `all` runs them."""

APIS = ("sync", "aio")


class Lasting(NamedTuple):
    """How long the cases of many calls go on.

    Attributes:
        iterations: Calls of a soak, one after the other.
        max_failures: How many of them may fail, or take too long.
        acceptable_latency: Seconds that none should take longer than.
        spacing: Seconds from the begin of one to the next, at least.
        overall_timeout: Seconds in which all of them must be done.
        concurrency: Calls of `concurrent_large_unary`.
        spaced_calls: Calls of `long_lived_channel`.
        idle: Seconds between these.
    """

    iterations: int = 50
    max_failures: int = 0
    acceptable_latency: float = 1.0
    spacing: float = 0.0
    overall_timeout: float = 60.0
    concurrency: int = 100
    spaced_calls: int = 3
    idle: float = 0.05


class Client(NamedTuple):
    """A client's command line.

    Attributes:
        target: Host and port.
        cases: The names of those to run.
        api: One of `APIS`.
        roots: The certificates to believe, in PEM; None for plaintext, or, with `secure`, for those of the system.
        secure: Whether to speak TLS.
        options: Channel arguments.
        caching_proxy: Whether a proxy that keeps responses stands between client and server.
        lasting: See there.
    """

    target: str
    cases: Tuple[str, ...]
    api: str
    roots: Optional[bytes]
    secure: bool
    options: Tuple[Tuple[str, Any], ...]
    caching_proxy: bool
    lasting: Lasting


class Server(NamedTuple):
    """A server's command line.

    Attributes:
        address: Host and port to listen on; the port is 0 for any that is free.
        api: One of `APIS`.
        identity: Private key and certificate chain, in PEM; None for plaintext.
        stop_with_stdin: Whether the end of stdin ends the server.
    """

    address: str
    api: str
    identity: Optional[Tuple[bytes, bytes]]
    stop_with_stdin: bool


def _truth(text: str) -> bool:
    try:
        return {"true": True, "1": True, "false": False, "0": False}[text.lower()]
    except KeyError:
        raise argparse.ArgumentTypeError(f"'{text}' is neither true nor false") from None


def _cases(text: str) -> Tuple[str, ...]:
    if text == "all":
        return CASES
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        if name not in CASES:
            raise argparse.ArgumentTypeError(f"there is no case '{name}'; there are {', '.join(CASES)}, and 'all'")
    if not names:
        raise argparse.ArgumentTypeError("it names no case; 'all' is all of them")
    return names


def _file(text: str) -> bytes:
    try:
        return pathlib.Path(text).read_bytes()
    except OSError as error:
        raise argparse.ArgumentTypeError(f"'{text}' cannot be read: {error.strerror}") from None


def _add_switch(parser: argparse.ArgumentParser, name: str, meaning: str) -> None:
    """Add a flag that is on alone, as `--name`, and may be told, as `--name=true`."""
    parser.add_argument(name, nargs="?", type=_truth, const=True, default=False, metavar="true|false", help=meaning)


def _add_client(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--server_host", default="127.0.0.1", help="the server's name or address (%(default)s)")
    parser.add_argument("--server_port", type=int, required=True, help="its port")
    parser.add_argument("--server_host_override", help="the name that its certificate is for, where it is another one")
    parser.add_argument("--test_case", type=_cases, required=True, help="names of cases, joined by commas, or 'all'")
    _add_switch(parser, "--use_tls", "speak TLS")
    _add_switch(parser, "--use_test_ca", "believe the certificates in --ca_file, and not those of the system")
    parser.add_argument("--ca_file", type=_file, help="certificates in PEM")
    parser.add_argument("--service_config_json", help="the service config of the channel")
    _add_switch(
        parser,
        "--caching_proxy",
        "a proxy between here and the server keeps responses: cacheable_unary fails "
        "where it does not, instead of not being run",
    )
    known = Lasting._field_defaults
    for name, type_, default, meaning in (
        ("--soak_iterations", int, known["iterations"], "calls of a soak"),
        ("--soak_max_failures", int, known["max_failures"], "how many of them may fail or be late"),
        ("--soak_per_iteration_max_acceptable_latency_ms", int, 1000, "the longest that one of them may take"),
        ("--soak_min_time_ms_between_rpcs", int, 0, "from the begin of one to the next"),
        ("--soak_overall_timeout_seconds", float, known["overall_timeout"], "for all of them"),
        ("--concurrent_calls", int, known["concurrency"], "calls of concurrent_large_unary"),
        ("--long_lived_calls", int, known["spaced_calls"], "calls of long_lived_channel"),
        ("--long_lived_spacing_seconds", float, known["idle"], "between these"),
    ):
        parser.add_argument(name, type=type_, default=default, metavar="N", help=f"{meaning} (%(default)s)")


def _add_server(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=0, help="the port to listen on; 0 for any that is free (0)")
    _add_switch(parser, "--use_tls", "speak TLS; needs both of the files")
    parser.add_argument("--tls_cert_file", type=_file, help="the server's certificate chain in PEM")
    parser.add_argument("--tls_key_file", type=_file, help="its private key in PEM")
    _add_switch(parser, "--stop_with_stdin", "end when stdin does, and not only by SIGTERM or SIGINT")


def _options(found: argparse.Namespace) -> Tuple[Tuple[str, Any], ...]:
    options: List[Tuple[str, Any]] = []
    if found.server_host_override:
        options.append(("grpc.ssl_target_name_override", found.server_host_override))
        options.append(("grpc.default_authority", found.server_host_override))
    if found.service_config_json:
        options.append(("grpc.service_config", found.service_config_json))
    return tuple(options)


def _client(parser: argparse.ArgumentParser, found: argparse.Namespace) -> Client:
    if found.use_test_ca and found.ca_file is None:
        parser.error("--use_test_ca needs --ca_file: no certificates come with this client")
    lasting = Lasting(
        iterations=found.soak_iterations,
        max_failures=found.soak_max_failures,
        acceptable_latency=found.soak_per_iteration_max_acceptable_latency_ms / 1000,
        spacing=found.soak_min_time_ms_between_rpcs / 1000,
        overall_timeout=found.soak_overall_timeout_seconds,
        concurrency=found.concurrent_calls,
        spaced_calls=found.long_lived_calls,
        idle=found.long_lived_spacing_seconds,
    )
    return Client(
        target=f"{_bracketed(found.server_host)}:{found.server_port}",
        cases=found.test_case,
        api=found.api,
        roots=found.ca_file if found.use_test_ca else None,
        secure=found.use_tls,
        options=_options(found),
        caching_proxy=found.caching_proxy,
        lasting=lasting,
    )


def _server(parser: argparse.ArgumentParser, found: argparse.Namespace) -> Server:
    identity = None
    if found.use_tls:
        if found.tls_cert_file is None or found.tls_key_file is None:
            parser.error("--use_tls needs --tls_cert_file and --tls_key_file")
        identity = (found.tls_key_file, found.tls_cert_file)
    address = f"{_bracketed(found.host)}:{found.port}"
    return Server(address=address, api=found.api, identity=identity, stop_with_stdin=found.stop_with_stdin)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def read(arguments: Optional[Sequence[str]] = None) -> Tuple[str, Any]:
    """Read a command line.

    Args:
        arguments: The words after the program; those of this process by default.

    Returns:
        `client` and a `Client`, or `server` and a `Server`.

    Raises:
        SystemExit: For wrong usage (status 2), which is explained on stderr, and after `--help` (status 0).
    """
    parser = argparse.ArgumentParser(prog="grpc.interop", description=__doc__, allow_abbrev=False)
    subparsers = parser.add_subparsers(dest="command", metavar="command", required=True)
    roles = {
        "client": ("run test cases against a server", _add_client, _client),
        "server": ("serve them", _add_server, _server),
    }
    made = {}
    for name, (meaning, add, _) in roles.items():
        made[name] = subparsers.add_parser(name, help=meaning, allow_abbrev=False)
        made[name].add_argument("--api", choices=APIS, default="sync", help="blocking or asynchronous (%(default)s)")
        add(made[name])
    found = parser.parse_args(arguments)
    return found.command, roles[found.command][2](made[found.command], found)
