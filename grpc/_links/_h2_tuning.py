"""One place makes the HTTP/2 connections: tuned where h2's inner shape is the known one, plain otherwise.

Ordinary gRPC traffic is a few kinds of frames in a few states, and h2 spends most of its time on generality that these
do not need. `TunedConnection` treats them directly, on h2's own objects, and leaves everything else to h2. For that it
reaches into private parts of h2 and hpack; this module and its neighbours named `_h2_*` are the only ones that may:

    _h2_graceful   GOAWAY as an announcement, with h2's public methods alone: the fall-back, and the base of the rest
    _h2_hpack      header blocks remembered while the HPACK tables stand still
    _h2_stream     a stream in one object
    _h2_output     what is to be written
    _h2_closed     the book of closed streams
    _h2_sending    frames out, and the book of open streams
    _h2_late       frames on streams that are over
    _h2_bodies     DATA frames in
    _h2_receiving  frames in

The private shape is known for the versions in `KNOWN_VERSIONS`, and its cornerstones are looked up as well before it
is relied on. Where anything differs, `make_connection` falls back to `GracefulConnection`, which is plain h2 with the
same events and methods. What h2 refuses is refused by either, in the same words.
"""

from __future__ import annotations

import functools
import importlib
import inspect
from typing import Any, Optional

from h2.config import H2Configuration
from h2.connection import H2Connection

from grpc._links._h2_graceful import GracefulConnection, goaway_frame

try:
    from grpc._links._h2_receiving import TunedConnection
    from grpc._links._h2_stream import can_merge
except (ImportError, AttributeError):  # a name is gone that they need: another h2
    TunedConnection = None  # type: ignore[assignment,misc]

__all__ = [
    "GracefulConnection",
    "configuration",
    "connection_class",
    "goaway_frame",
    "make_connection",
    "unknown_shape",
]

# The first and the last minor version whose insides were compared with what is assumed here.
KNOWN_VERSIONS: tuple[tuple[str, tuple[int, int], tuple[int, int]], ...] = (
    ("h2", (4, 3), (4, 4)),
    ("hpack", (4, 1), (4, 2)),
    ("hyperframe", (6, 1), (6, 1)),
)

# Private functions that are replaced or called: module, name in it, parameters.
_KNOWN_FUNCTIONS: tuple[tuple[str, str, str], ...] = (
    ("h2.connection", "_decode_headers", "decoder encoded_header_block"),
    ("h2.connection", "H2Connection._begin_new_stream", "self stream_id allowed_ids"),
    ("h2.connection", "H2Connection._open_streams", "self remainder"),
    ("h2.connection", "H2Connection._receive_frame", "self frame"),
    ("h2.connection", "H2Connection._receive_goaway_frame", "self frame"),
    ("h2.connection", "H2Connection._terminate_connection", "self error_code"),
    ("h2.connection", "H2Connection._prepare_for_sending", "self frames"),
    ("h2.frame_buffer", "FrameBuffer._validate_frame_length", "self length"),
    ("h2.stream", "H2Stream.receive_headers", "self headers end_stream header_encoding"),
    ("h2.windows", "WindowManager.process_bytes", "self size"),
    ("hpack.hpack", "Encoder.add", "self to_add sensitive huffman"),
    ("hpack.hpack", "encode_integer", "integer prefix_bits"),
    ("hpack.hpack", "decode_integer", "data prefix_bits"),
    ("hpack.table", "HeaderTable.search", "self name value"),
)

# Private attributes that are read or written: where they are, seen from a fresh connection, and the name of the type.
_KNOWN_ATTRIBUTES: tuple[tuple[str, str], ...] = (
    ("streams", "dict"),
    ("highest_inbound_stream_id", "int"),
    ("highest_outbound_stream_id", "int"),
    ("outbound_flow_control_window", "int"),
    ("max_inbound_frame_size", "int"),
    ("max_outbound_frame_size", "int"),
    ("_data_to_send", "bytearray"),
    ("_closed_streams", "SizeLimitDict"),
    ("_inbound_flow_control_window_manager.current_window_size", "int"),
    ("_inbound_flow_control_window_manager.max_window_size", "int"),
    ("_inbound_flow_control_window_manager._bytes_processed", "int"),
    ("incoming_buffer._data", "bytearray"),
    ("incoming_buffer._preamble_len", "int"),
    ("incoming_buffer._headers_buffer", "list"),
    ("incoming_buffer.max_frame_size", "int"),
    ("local_settings._settings", "dict"),
    ("remote_settings._settings", "dict"),
    ("state_machine.state", "ConnectionState"),
    ("encoder.header_table.resized", "bool"),
    ("encoder.header_table.dynamic_entries", "deque"),
    ("encoder.header_table.STATIC_TABLE_MAPPING", "dict"),
    ("decoder.max_header_list_size", "int"),
    ("decoder.max_allowed_table_size", "int"),
)

# Attributes of events that are not set because their default is the class's.
_KNOWN_DEFAULTS: tuple[tuple[str, Any], ...] = (
    ("RequestReceived.stream_ended", None),
    ("RequestReceived.priority_updated", None),
    ("ResponseReceived.stream_ended", None),
    ("ResponseReceived.priority_updated", None),
    ("TrailersReceived.stream_ended", None),
    ("TrailersReceived.priority_updated", None),
    ("DataReceived.stream_ended", None),
    ("StreamReset.remote_reset", True),
)

_MISSING = object()


def make_connection(client_side: bool) -> GracefulConnection:
    """Makes an HTTP/2 connection for gRPC.

    Headers are bytes in both directions, and h2 checks them in neither. Those that are sent have to be right:
    lower-case names, pseudo-headers first, no surrounding spaces. Those that are received are what the peer sent but
    for content-length, see `LengthlessDecoder`; `_fields` tells which are well formed. GOAWAY does not end the
    connection in either direction, see `GracefulConnection`.

    Fastest are headers passed as the same tuple of pairs again and again. Values that change with each call belong
    into `hpack.NeverIndexedHeaderTuple`; an ordinary pair goes into the HPACK table, and every change of the table
    costs all that is remembered.

    Args:
        client_side: Whether this end opens the streams.

    Returns:
        The connection; `initiate_connection` is the next to be called. It does not block, reads no clock and is to be
        used by one thread at a time.
    """
    return connection_class()(configuration(client_side))


def configuration(client_side: bool) -> H2Configuration:
    """Returns how h2 is configured for gRPC."""
    return H2Configuration(
        client_side=client_side,
        header_encoding=False,
        validate_outbound_headers=False,
        normalize_outbound_headers=False,
        validate_inbound_headers=False,
        normalize_inbound_headers=False,
    )


@functools.cache
def connection_class() -> type[GracefulConnection]:
    """Returns the class that `make_connection` makes instances of; decided once."""
    return GracefulConnection if unknown_shape() else TunedConnection


def unknown_shape() -> Optional[str]:
    """Looks whether h2, hpack and hyperframe are what the tuned connection was made for.

    Returns:
        The first difference, in words; None if there is none.
    """
    if TunedConnection is None:
        return "a name that is imported from h2, hpack or hyperframe is missing"
    for name, first, last in KNOWN_VERSIONS:
        version = _find(name, "__version__")
        if not first <= _minor_version(version) <= last:
            return f"{name} {version} is none of the known versions"
    for module, name, parameters in _KNOWN_FUNCTIONS:
        function = _find(module, name)
        if not callable(function) or list(inspect.signature(function).parameters) != parameters.split():
            return f"{module}.{name} is not ({', '.join(parameters.split())})"
    connection = H2Connection()
    for name, kind in _KNOWN_ATTRIBUTES:
        if type(_follow(connection, name)).__name__ != kind:
            return f"H2Connection.{name} is not a {kind}"
    for name, default in _KNOWN_DEFAULTS:
        if _find("h2.events", name) is not default:
            return f"h2.events.{name} is not {default} by default"
    return None if can_merge() else "h2's stream classes do not fit into one"


def _find(module: str, name: str) -> Any:
    """What a module has under a dotted name; `_MISSING` if there is no such thing."""
    try:
        return _follow(importlib.import_module(module), name)
    except ImportError:
        return _MISSING


def _follow(owner: Any, path: str) -> Any:
    """Follows a dotted path of attributes; `_MISSING` where it ends early."""
    for name in path.split("."):
        owner = getattr(owner, name, _MISSING)
    return owner


def _minor_version(version: Any) -> tuple[int, ...]:
    """The first two numbers of a version; (0,) if it is none that is understood."""
    try:
        return tuple(int(number) for number in version.split(".")[:2])
    except (AttributeError, ValueError):
        return (0,)
