"""The channel arguments that people set from Python: names, types, defaults, and what each means.

`docs/channel-arguments.md` is written from this table. `honoured` is a promise: where it is False the argument is
accepted, checked, and without effect.
"""

from __future__ import annotations

from typing import Dict, NamedTuple, Tuple, Union

# The largest 32-bit integer: for a time, never; for a number, unlimited.
INT_MAX = 2**31 - 1

Value = Union[int, str]


class Argument(NamedTuple):
    """One channel argument.

    Attributes:
      name: Its key.
      sides: Where it means something: `C`, `S` or `CS`.
      kind: `int`, `bool` (an int, 0 or 1) or `str` (or bytes in UTF-8).
      default: What holds where it is not given; None for no value.
      unit: `ms`, `bytes` or nothing. A number of milliseconds below zero, like INT_MAX, is "never".
      meaning: What it does.
      honoured: Whether it has an effect here.
      least: The least number, but for a negative time; what is below is raised to it.
      default_text: The default for people, where it is not the value itself.
      most: The largest number; what is above is lowered to it.
      strict: Whether a number below the least is an error instead, because the least means something of its own.
      choices: The strings that it may be; empty for any.
    """

    name: str
    sides: str
    kind: str
    default: object
    unit: str
    meaning: str
    honoured: bool = False
    least: int = 0
    default_text: str = ""
    most: int = INT_MAX
    strict: bool = False
    choices: Tuple[str, ...] = ()


_SIZES_AND_LIMITS = (
    Argument(
        "grpc.max_send_message_length", "CS", "int", -1, "bytes",
        "the longest message sent; -1 for any", True, -1,
    ),
    Argument(
        "grpc.max_receive_message_length", "CS", "int", 4_194_304, "bytes",
        "the longest message accepted; -1 for any. `grpc.max_message_length` is its old name", True, -1,
    ),
    Argument(
        "grpc.max_metadata_size", "CS", "int", 8192, "bytes",
        "the largest header list accepted: the one limit, and an exact one, unless there is a hard limit too; the "
        "peer is told", True,
    ),
    Argument(
        "grpc.absolute_max_metadata_size", "CS", "int", None, "bytes",
        "a hard limit: header lists above it are refused, those up to `grpc.max_metadata_size` accepted, and those "
        "between refused at random, the more often the larger they are; the peer is told this one. Alone it brings a "
        "soft limit of 8192 or 80% of it, whichever is more. If it is the smaller of the two it is the only limit. "
        "Elsewhere there always is one, 16384", True, 0,
        "none: one exact limit",
    ),
    Argument(
        "grpc.max_concurrent_streams", "S", "int", INT_MAX, "",
        "how many RPCs of one connection are served at once; the client is told", True, 0, "unlimited",
    ),
)  # fmt: skip

_KEEPALIVE = (
    Argument(
        "grpc.keepalive_time_ms", "CS", "int", INT_MAX, "ms",
        "how long nothing may be read before a PING asks whether the peer is there", True, 1,
        "client never, server 7200000",
    ),
    Argument(
        "grpc.keepalive_timeout_ms", "CS", "int", 20_000, "ms",
        "how long nothing may be read after that PING before the connection is closed", True, 1,
    ),
    Argument(
        "grpc.keepalive_permit_without_calls", "CS", "bool", 0, "",
        "client: ask while no call runs, too; server: put up with that", True,
    ),
    Argument(
        "grpc.http2.max_pings_without_data", "CS", "int", 2, "",
        "how many PINGs may go out in a row without HEADERS or DATA before there is at most one a minute; 0 for any "
        "number", True,
    ),
    Argument(
        "grpc.http2.min_time_between_pings_ms", "CS", "int", 300_000, "ms",
        "the least time between PINGs sent without data; recent cores ignore it too",
    ),
    Argument(
        "grpc.http2.min_ping_interval_without_data_ms", "S", "int", 300_000, "ms",
        "how far apart a client's PINGs must be while nothing is sent to it. "
        "`grpc.http2.min_recv_ping_interval_without_data_ms` is the same", True,
    ),
    Argument(
        "grpc.http2.max_ping_strikes", "S", "int", 2, "",
        "how many PINGs that come early are forgiven before GOAWAY(too_many_pings); 0 for all", True,
    ),
    Argument(
        "grpc.max_connection_idle_ms", "S", "int", INT_MAX, "ms",
        "close a connection that had no call for so long", True, 1, "never",
    ),
    Argument(
        "grpc.max_connection_age_ms", "S", "int", INT_MAX, "ms",
        "close a connection gracefully at this age, more or less a tenth", True, 1, "never",
    ),
    Argument(
        "grpc.max_connection_age_grace_ms", "S", "int", INT_MAX, "ms",
        "how long calls may go on after that", True, 0, "unlimited",
    ),
    Argument(
        "grpc.server_handshake_timeout_ms", "S", "int", 120_000, "ms",
        "how long a client may take for TLS, and again for its HTTP/2 settings", True, 1,
    ),
)  # fmt: skip

_CONNECTING = (
    Argument(
        "grpc.client_idle_timeout_ms", "C", "int", INT_MAX, "ms",
        "how long a channel without calls keeps its connection", True, 1000, "never",
    ),
    Argument(
        "grpc.initial_reconnect_backoff_ms", "C", "int", 1000, "ms",
        "the time between the beginnings of the first two attempts to connect", True, 100,
    ),
    Argument(
        "grpc.min_reconnect_backoff_ms", "C", "int", 20_000, "ms",
        "how long each attempt to connect is given at the least", True, 100,
    ),
    Argument(
        "grpc.max_reconnect_backoff_ms", "C", "int", 120_000, "ms",
        "the longest time between the beginnings of two attempts", True, 100,
    ),
    Argument(
        "grpc.dns_min_time_between_resolutions_ms", "C", "int", 30_000, "ms",
        "how long a resolved name is not asked for again", True,
    ),
    Argument(
        "grpc.dns_ares_query_timeout", "C", "int", 120_000, "ms",
        "how long the DNS may take to answer when it is asked for a service config; 0 for as long as it likes", True,
    ),
    Argument("grpc.dns_enable_srv_queries", "C", "bool", 0, "", "SRV look-ups for grpclb"),
    Argument(
        "grpc.lb_policy_name", "C", "str", "pick_first", "",
        "`pick_first` or `round_robin`, where the service config names none", True,
    ),
    Argument("grpc.service_config", "C", "str", None, "", "the service config, as JSON", True),
    Argument(
        "grpc.service_config_disable_resolution", "C", "bool", 1, "",
        "with 0, the DNS is asked for a service config along with the addresses, under `_grpc_config.` and the host's "
        "name; that needs `pip install layered-grpc[dns]`", True,
    ),
    Argument(
        "grpc.enable_retries", "C", "bool", 1, "",
        "whether calls that were sent are tried again: by the service config's policies, or if a server refused them",
        True,
    ),
    Argument(
        "grpc.per_rpc_retry_buffer_size", "C", "int", 262_144, "bytes", "how much of a call is kept for a retry", True,
    ),
    Argument("grpc.experimental.enable_hedging", "C", "bool", 0, "", "nothing, in any implementation yet"),
    Argument(
        "grpc.inhibit_health_checking", "C", "bool", 0, "",
        "ignore the health check of the service config, which makes round_robin ask each server about its health", True,
    ),
    Argument(
        "grpc.enable_http_proxy", "C", "bool", 1, "", "whether to go through an HTTP proxy, whoever names it", True,
    ),
    Argument(
        "grpc.http_proxy", "C", "str", None, "",
        "an HTTP proxy, as `http://[user:password@]host[:port]`; empty for none", True, 0,
        "`grpc_proxy`, `https_proxy` or `http_proxy` of the environment",
    ),
    Argument(
        "grpc.use_local_subchannel_pool", "C", "bool", 0, "",
        "not to share connections with other channels; here they never do",
    ),
)  # fmt: skip

_NAMES = (
    Argument("grpc.default_authority", "C", "str", None, "", "`:authority`", True, 0, "from the target"),
    Argument(
        "grpc.ssl_target_name_override", "C", "str", None, "",
        "the name to look for in the server's certificate, and the default `:authority`; for tests", True,
    ),
    Argument("grpc.primary_user_agent", "C", "str", None, "", "the beginning of the user agent", True),
    Argument("grpc.secondary_user_agent", "C", "str", None, "", "the end of the user agent", True),
    Argument(
        "grpc.http2_scheme", "C", "str", None, "", "`:scheme`: `http` or `https`, anything else is a `ValueError`",
        True, 0, "from the credentials", choices=("http", "https"),
    ),
    # Elsewhere 1: a second server on a port in use then goes unnoticed. Here that is an error unless it is asked for.
    Argument("grpc.so_reuseport", "S", "bool", 0, "", "SO_REUSEPORT: servers that ask for it share a port", True),
    Argument("grpc.expand_wildcard_addrs", "S", "bool", 0, "", "bind every local address instead of the wildcard"),
)  # fmt: skip

_COMPRESSION = (
    Argument(
        "grpc.default_compression_algorithm", "CS", "int", 0, "",
        "how to compress messages: 0 not at all, 1 deflate, 2 gzip", True, 0, "", 2,
    ),
    Argument(
        "grpc.default_compression_level", "S", "int", 0, "",
        "how much to compress responses, for whichever client: 0 as the default algorithm says, 1 with gzip, 2 and 3 "
        "with deflate; with the other of the two if the client lists only that, and not at all if it lists neither",
        True, 0, "", 3,
    ),
    Argument(
        "grpc.compression_enabled_algorithms_bitset", "CS", "int", 7, "",
        "which algorithms are accepted: bit n stands for algorithm n, and bit 0 is always set", True, 1, "", 7,
    ),
    Argument(
        "grpc.per_message_compression", "CS", "bool", 1, "",
        "whether to compress at all; with 0 messages go out as they are, whatever the call says", True,
    ),
    Argument(
        "grpc.per_message_decompression", "CS", "bool", 1, "",
        "whether to decompress at all; with 0 no algorithm is accepted, and the peer is told", True,
    ),
)  # fmt: skip

_HTTP2 = (
    Argument(
        "grpc.http2.lookahead_bytes", "CS", "int", 4_194_304, "bytes",
        "how much a peer may send on a stream ahead of its reader", True, 1,
    ),
    Argument("grpc.http2.bdp_probe", "CS", "bool", 1, "", "windows sized by measuring; here they are large and fixed"),
    Argument(
        "grpc.http2.max_frame_size", "CS", "int", 1_048_576, "bytes",
        "the largest frame accepted; the peer is told", True, 16_384, "", 16_777_215,
    ),
    Argument("grpc.http2.write_buffer_size", "CS", "int", 65_535, "bytes", "what a stream may have to be written"),
    Argument(
        "grpc.http2.hpack_table_size.decoder", "CS", "int", 4096, "bytes",
        "how large the peer's HPACK table may become, which is held here; the peer is told. 0 for none; less is a "
        "`ValueError`", True, strict=True,
    ),
    Argument(
        "grpc.http2.hpack_table_size.encoder", "CS", "int", 4096, "bytes",
        "how large our HPACK table may become, if the peer allows that much. 0 for none; less is a `ValueError`", True,
        strict=True,
    ),
    Argument(
        "grpc.http2.true_binary", "CS", "bool", 1, "",
        "whether to tell the peer that it may send binary metadata as they are, without base64", True,
    ),
)  # fmt: skip

_OTHERS = (
    Argument("grpc.enable_channelz", "CS", "bool", 1, "", "channelz statistics; there are none here"),
    Argument(
        "grpc.max_channel_trace_event_memory_per_node", "CS", "int", 4096, "bytes", "channelz trace; there is none here"
    ),
    Argument("grpc.experimental.tcp_read_chunk_size", "CS", "int", 8192, "bytes", "how much to read at once"),
    Argument(
        "SingleThreadedUnaryStream", "C", "bool", 0, "",
        "unary-stream calls without a helper thread; here they never have one",
    ),
)  # fmt: skip

# Titles for people, in the order of the page.
GROUPS = {
    "Sizes and limits": _SIZES_AND_LIMITS,
    "Keepalive and the life of connections": _KEEPALIVE,
    "Connecting, policies, retries": _CONNECTING,
    "Names and addresses": _NAMES,
    "Compression": _COMPRESSION,
    "HTTP/2": _HTTP2,
    "Others": _OTHERS,
}

ARGUMENTS: Dict[str, Argument] = {argument.name: argument for group in GROUPS.values() for argument in group}

# Other names of arguments in the table.
ALIASES = {
    "grpc.max_message_length": "grpc.max_receive_message_length",
    "grpc.http2.min_recv_ping_interval_without_data_ms": "grpc.http2.min_ping_interval_without_data_ms",
}
