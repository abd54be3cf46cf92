"""Channel arguments turned into typed settings, checked once, when a channel or server is made."""

from __future__ import annotations

import logging
import math
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from grpc._values.argument_table import ALIASES, ARGUMENTS, INT_MAX, Argument, Value
from grpc._values.connecting import Connecting
from grpc._values.connection_options import (
    SERVER_KEEPALIVE,
    AgeOptions,
    EnforcementOptions,
    KeepaliveOptions,
    ServerOptions,
)
from grpc._values.limits import Limits

_LOGGER = logging.getLogger(__name__)

CLIENT = "C"
SERVER = "S"

_KINDS = {"int": "an int", "bool": "0 or 1", "str": "a str"}
_UNITS = {"": "", "ms": ", in milliseconds", "bytes": ", in bytes"}


class Settings(NamedTuple):
    """What the arguments of a channel or server come to; compared by value.

    Attributes:
      limits: What to accept and send.
      keepalive: When to ask whether the peer is there; the server's is the one in `server`.
      connecting: How a channel makes its connections.
      server: What a server asks of the life of its connections.
      given: The arguments in the table that were given, in the table's units and types.
    """

    limits: Limits
    keepalive: KeepaliveOptions
    connecting: Connecting
    server: ServerOptions
    given: Mapping[str, Value]

    def number(self, name: str) -> int:
        """The value of an argument of the table that is a number or bool, its default if it was not given."""
        value = self.given.get(name, ARGUMENTS[name].default)
        assert isinstance(value, int)
        return value

    def text(self, name: str) -> Optional[str]:
        """The value of an argument of the table that is a string, its default if it was not given."""
        value = self.given.get(name, ARGUMENTS[name].default)
        assert value is None or isinstance(value, str)
        return value


def parse(options: Optional[Sequence[Tuple[Union[str, bytes], Any]]], side: str) -> Settings:
    """Check the arguments of a channel or server, and turn them into settings.

    A number outside its range is moved to its nearer end, with a warning in the log, unless its row is strict. A name
    that is not in the table, or means nothing on this side, is accepted, and listed in one log line at debug. Where a
    name comes twice the last one counts.

    Args:
      options: (key, value) pairs, or None.
      side: CLIENT or SERVER.

    Raises:
      TypeError: Something is no such pair, or a value has the wrong type.
      ValueError: Bytes are not UTF-8, a string is none of those that it may be, or a number is below what it may be
        and there is nothing near it that could have been meant.
    """
    given: Dict[str, Value] = {}
    idle: List[str] = []
    for name, value in map(_pair, options or ()):
        argument = ARGUMENTS.get(ALIASES.get(name, name))
        if argument is None:
            if not isinstance(value, (int, str, bytes)):
                raise TypeError(f"channel argument {name!r} takes an int, a str or bytes, not {value!r}")
            idle.append(name)
            continue
        given[argument.name] = _checked(argument, value)
        if side not in argument.sides or not argument.honoured:
            idle.append(name)
    if idle:
        _LOGGER.debug("Channel arguments without effect here: %s", ", ".join(idle))
    return _settings(given, side)


def _pair(option: Any) -> Tuple[str, Any]:
    try:
        name, value = option
        if isinstance(name, bytes):
            name = name.decode()
        if not isinstance(name, str):
            raise TypeError
    except (TypeError, ValueError):
        raise TypeError(
            f"a channel argument is a pair such as ('grpc.keepalive_time_ms', 10000), not {option!r}"
        ) from None
    return name, value


def _checked(argument: Argument, value: Any) -> Value:
    """The value as the settings hold it."""
    if argument.kind == "str":
        if isinstance(value, bytes):
            try:
                value = value.decode()
            except UnicodeDecodeError as error:
                raise ValueError(f"channel argument {argument.name!r} is not UTF-8: {error}") from error
        if isinstance(value, str):
            if argument.choices and value not in argument.choices:
                choices = " or ".join(map(repr, argument.choices))
                raise ValueError(f"channel argument {argument.name!r} takes {choices}, not {value!r}")
            return value
    elif isinstance(value, int):
        return int(bool(value)) if argument.kind == "bool" else _in_range(argument, value)
    raise TypeError(
        f"channel argument {argument.name!r} takes {_KINDS[argument.kind]}{_UNITS[argument.unit]}, not {value!r}"
    )


def _in_range(argument: Argument, value: int) -> int:
    if argument.unit == "ms" and not 0 <= value < INT_MAX:
        return INT_MAX
    if value < argument.least:
        if argument.strict:
            raise ValueError(
                f"channel argument {argument.name!r} takes {argument.least} or more{_UNITS[argument.unit]}, not {value}"
            )
        _LOGGER.warning(
            "Channel argument %r is raised from %d to %d, the least it can be", argument.name, value, argument.least
        )
        return argument.least
    if value > argument.most:
        if argument.most < INT_MAX:
            _LOGGER.warning(
                "Channel argument %r is lowered from %d to %d, the most it can be", argument.name, value, argument.most
            )
        return argument.most
    return value


# How much of the hard limit of metadata the soft one is, where it is not given: as the core has it.
_SOFT_SHARE = 0.8

# Which argument sets which field, by the value class. Times go from milliseconds to seconds on the way.
_LIMITS = {
    "max_receive_message_length": "grpc.max_receive_message_length",
    "max_send_message_length": "grpc.max_send_message_length",
    "max_metadata_size": "grpc.max_metadata_size",
    "max_concurrent_streams": "grpc.max_concurrent_streams",
    "compression": "grpc.default_compression_algorithm",
    "accepted_compression": "grpc.compression_enabled_algorithms_bitset",
    "stream_window": "grpc.http2.lookahead_bytes",
    "max_frame_size": "grpc.http2.max_frame_size",
    "true_binary": "grpc.http2.true_binary",
    "compression_level": "grpc.default_compression_level",
    "compresses": "grpc.per_message_compression",
    "hard_metadata_size": "grpc.absolute_max_metadata_size",
    "decoder_table_size": "grpc.http2.hpack_table_size.decoder",
    "encoder_table_size": "grpc.http2.hpack_table_size.encoder",
}
_KEEPALIVE = {
    "time": "grpc.keepalive_time_ms",
    "timeout": "grpc.keepalive_timeout_ms",
    "max_pings_without_data": "grpc.http2.max_pings_without_data",
}
_CLIENT_KEEPALIVE = {**_KEEPALIVE, "permit_without_calls": "grpc.keepalive_permit_without_calls"}
_ENFORCEMENT = {
    "min_interval": "grpc.http2.min_ping_interval_without_data_ms",
    "permit_without_calls": "grpc.keepalive_permit_without_calls",
    "max_strikes": "grpc.http2.max_ping_strikes",
}
_AGE = {
    "max_idle": "grpc.max_connection_idle_ms",
    "max_age": "grpc.max_connection_age_ms",
    "grace": "grpc.max_connection_age_grace_ms",
}
_CONNECTING = {
    "initial_backoff": "grpc.initial_reconnect_backoff_ms",
    "max_backoff": "grpc.max_reconnect_backoff_ms",
    "min_connect_timeout": "grpc.min_reconnect_backoff_ms",
    "min_resolution_interval": "grpc.dns_min_time_between_resolutions_ms",
    "idle_timeout": "grpc.client_idle_timeout_ms",
    "policy": "grpc.lb_policy_name",
    "service_config": "grpc.service_config",
    "retries": "grpc.enable_retries",
    "retry_buffer": "grpc.per_rpc_retry_buffer_size",
    "inhibit_health_checking": "grpc.inhibit_health_checking",
}


def _fields(names: Mapping[str, str], given: Mapping[str, Value]) -> Dict[str, Any]:
    """The fields that were given, in the units of the value classes."""
    return {field: _converted(name, given[name]) for field, name in names.items() if name in given}


def _converted(name: str, value: Value) -> Any:
    argument = ARGUMENTS[name]
    if argument.unit == "ms":
        return math.inf if value == INT_MAX else int(value) / 1000
    return bool(value) if argument.kind == "bool" else value


def _settings(given: Dict[str, Value], side: str) -> Settings:
    limits = Limits(**_fields(_LIMITS, given))
    decompresses = given.get("grpc.per_message_decompression", 1)
    limits = limits._replace(accepted_compression=limits.accepted_compression | 1 if decompresses else 1)
    if limits.hard_metadata_size is not None and "grpc.max_metadata_size" not in given:
        soft = max(limits.max_metadata_size, int(limits.hard_metadata_size * _SOFT_SHARE))
        limits = limits._replace(max_metadata_size=soft)
    connecting = Connecting(**_fields(_CONNECTING, given))
    if connecting.idle_timeout == math.inf:
        connecting = connecting._replace(idle_timeout=None)
    server = ServerOptions()
    keepalive = KeepaliveOptions()
    if side == CLIENT:
        keepalive = KeepaliveOptions(**_fields(_CLIENT_KEEPALIVE, given))
    else:
        keepalive = SERVER_KEEPALIVE._replace(**_fields(_KEEPALIVE, given))
        server = ServerOptions(
            keepalive,
            EnforcementOptions(**_fields(_ENFORCEMENT, given)),
            AgeOptions(**_fields(_AGE, given)),
            **_fields({"handshake_timeout": "grpc.server_handshake_timeout_ms"}, given),
        )
    return Settings(limits, keepalive, connecting, server, given)
