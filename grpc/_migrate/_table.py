"""Every beta construct with its replacement: the table that the rest of the tool walks through.

Names are full: `implementations.server` of any alias is `grpc.beta.implementations.server` here. A name that is missing
and lies in the packages of the beta API is reported with what `UNKNOWN` says.
"""

from __future__ import annotations

import enum
import re
from typing import Dict, NamedTuple

IMPLEMENTATIONS = "grpc.beta.implementations."
INTERFACES = "grpc.beta.interfaces."
UTILITIES = "grpc.beta.utilities."
FACE = "grpc.framework.interfaces.face.face."
FACE_UTILITIES = "grpc.framework.interfaces.face.utilities."
FOUNDATION = "grpc.framework.foundation."

# What lies in these packages, and the packages themselves.
BETA_PACKAGES = ("grpc.beta", "grpc.framework")


class How(enum.Enum):
    """What it takes to replace a name."""

    NAME = "the same thing under another name"
    TYPE = "the same under another name, unless it is called or inherited from"
    CALL = "the same under another name when called with positional arguments"
    CHANNEL = "host and port become one target"
    READY = "the same under another name, for a channel that is rewritten as well"
    ABORTION = "the same where a stub that is rewritten is called"
    BY_HAND = "somebody has to look"


class Rule(NamedTuple):
    """What becomes of one name.

    Attributes:
      how: Whether it can be rewritten, and where.
      modern: What replaces it: a name of `grpc`, or words when it is left to hand.
      hint: What else changes; may be empty.
    """

    how: How
    modern: str
    hint: str = ""


def _same(package: str, how: How, *names: str, hint: str = "") -> Dict[str, Rule]:
    return {package + name: Rule(how, "grpc." + name, hint) for name in names}


def _hand(package: str, **words: str) -> Dict[str, Rule]:
    return {package + name: Rule(How.BY_HAND, text) for name, text in words.items()}


def _code(name: str) -> str:
    return f"except grpc.RpcError as error, where error.code() is grpc.StatusCode.{name}"


_MULTI_CALLABLES = (
    "a generated stub, or channel.unary_unary(path, request_serializer, response_deserializer) and its like"
)
_HANDLER = "grpc.{}_rpc_method_handler(function, request_deserializer, response_serializer)"
_SHAPES = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")
_EVENT = "a function that returns its response, or yields its responses, then " + _HANDLER

RULES: Dict[str, Rule] = {
    # channels
    **_same(IMPLEMENTATIONS, How.CHANNEL, "insecure_channel", "secure_channel"),
    **_same(IMPLEMENTATIONS, How.READY, "inprocess_channel"),
    **_same(IMPLEMENTATIONS, How.TYPE, "Channel"),
    UTILITIES + "channel_ready_future": Rule(
        How.READY, "grpc.channel_ready_future", "its timeout is grpc.FutureTimeoutError"
    ),
    # credentials
    **_same(IMPLEMENTATIONS, How.TYPE, "ChannelCredentials", "CallCredentials", "ServerCredentials"),
    **_same(IMPLEMENTATIONS, How.NAME, "ssl_channel_credentials", "ssl_server_credentials"),
    **_same(IMPLEMENTATIONS, How.NAME, "access_token_call_credentials"),
    **_same(
        IMPLEMENTATIONS,
        How.NAME,
        "metadata_call_credentials",
        hint="a plugin that fails makes the RPC UNAVAILABLE, no longer UNAUTHENTICATED",
    ),
    **_same(IMPLEMENTATIONS, How.CALL, "composite_call_credentials", "composite_channel_credentials"),
    **_hand(
        IMPLEMENTATIONS,
        google_call_credentials="grpc.metadata_call_credentials(google.auth.transport.grpc.AuthMetadataPlugin(...))",
    ),
    **{
        f"{INTERFACES}GRPC{name}": Rule(How.NAME, "grpc." + name)
        for name in ("AuthMetadataPlugin", "AuthMetadataContext", "AuthMetadataPluginCallback")
    },
    # stubs and their options
    **_hand(
        IMPLEMENTATIONS,
        dynamic_stub=_MULTI_CALLABLES,
        generic_stub=_MULTI_CALLABLES,
        stub_options="(de)serializers are arguments of channel.unary_unary and its like; metadata_transformer is a "
        "client interceptor; host is the channel option 'grpc.default_authority'; pools are not needed",
        StubOptions="arguments of channel.unary_unary and its like",
    ),
    **_hand(
        INTERFACES,
        grpc_call_options="the arguments credentials= and compression= of the call",
        GRPCCallOptions="the arguments credentials= and compression= of the call",
        GRPCInvocationContext="the argument compression= of the call",
        GRPCServicerContext="grpc.ServicerContext has its methods: peer(), disable_next_message_compression()",
    ),
    # servers and their options
    **_same(INTERFACES, How.TYPE, "Server"),
    **_hand(
        IMPLEMENTATIONS,
        server="grpc.server(futures.ThreadPoolExecutor(max_workers=8), "
        "handlers=[grpc.method_handlers_generic_handler(service, handlers)])",
        server_options="thread_pool is the first argument of grpc.server; (de)serializers are arguments of "
        "grpc.unary_unary_rpc_method_handler and its like; timeouts: see context.time_remaining()",
        ServerOptions="arguments of grpc.server",
    ),
    # enums
    **_same(INTERFACES, How.NAME, "StatusCode", "ChannelConnectivity"),
    INTERFACES + "ChannelConnectivity.FATAL_FAILURE": Rule(How.NAME, "grpc.ChannelConnectivity.SHUTDOWN"),
    # errors
    FACE + "AbortionError": Rule(
        How.ABORTION, "grpc.RpcError", "error.code and error.details are methods now: error.code(), error.details()"
    ),
    **_hand(
        FACE,
        CancellationError=_code("CANCELLED"),
        ExpirationError=_code("DEADLINE_EXCEEDED"),
        LocalShutdownError=_code("UNAVAILABLE"),
        RemoteShutdownError=_code("UNAVAILABLE"),
        NetworkError=_code("UNAVAILABLE"),
        LocalError=_code("UNIMPLEMENTED"),
        RemoteError=_code("UNKNOWN"),
        Abortion="a call or future, with code() and details(), as its done callback is given it",
        ResponseReceiver="stub.Method.future(...).add_done_callback(done), or a loop over the responses in a thread",
        ServicerContext="grpc.ServicerContext",
        Call="grpc.Call",
    ),
    # method implementations
    **{f"{FACE_UTILITIES}{shape}_inline": Rule(How.BY_HAND, _HANDLER.format(shape)) for shape in _SHAPES},
    **{f"{FACE_UTILITIES}{shape}_event": Rule(How.BY_HAND, _EVENT.format(shape)) for shape in _SHAPES},
    # the floor beneath
    **{
        f"grpc.framework.common.cardinality.Cardinality{member}": Rule(
            How.BY_HAND, "which of channel.unary_unary, unary_stream, stream_unary and stream_stream is called"
        )
        for member in ("", ".UNARY_UNARY", ".UNARY_STREAM", ".STREAM_UNARY", ".STREAM_STREAM")
    },
    **_hand(
        FOUNDATION,
        **{
            "future.TimeoutError": "grpc.FutureTimeoutError",
            "future.CancelledError": "grpc.FutureCancelledError",
            "future.Future": "grpc.Future",
            "logging_pool.pool": "concurrent.futures.ThreadPoolExecutor(max_workers=...)",
            "stream.Consumer": "an iterator of requests, or a function that yields responses",
        },
    ),
}

UNKNOWN = Rule(How.BY_HAND, "no counterpart is known")
AS_VALUE = Rule(How.BY_HAND, "the module itself is handed on; name what is used of it")

# What generators of that era wrote beside the messages.
CREATE_STUB = re.compile(r"beta_create_(\w+)_stub")
CREATE_SERVER = re.compile(r"beta_create_(\w+)_server")
SERVICER = re.compile(r"Beta(\w+)Servicer")
STUB = re.compile(r"Beta(\w+)Stub")

# The context of an inline function: its methods by their modern names.
CONTEXT = {
    "code": "set_code",
    "details": "set_details",
    "initial_metadata": "send_initial_metadata",
    "terminal_metadata": "set_trailing_metadata",
}
CONTEXT_BY_HAND = {
    "add_abortion_callback": "context.add_callback(callback), which is called without arguments and at any end",
    "protocol_context": "context has its methods: peer(), disable_next_message_compression()",
}
PROTOCOL_CONTEXT = {"peer": "peer", "disable_next_response_compression": "disable_next_message_compression"}

# The attributes of an AbortionError; they are methods of a grpc.RpcError that a call raised.
ERROR = {
    "code": "code()",
    "details": "details()",
    "initial_metadata": "initial_metadata()",
    "terminal_metadata": "trailing_metadata()",
}
# The methods of a call or future that have another name.
CALL = {"terminal_metadata": "trailing_metadata"}
CALL_BY_HAND = {
    "add_abortion_callback": "call.add_callback(callback), which is called without arguments and at any end",
    "protocol_context": "the argument compression= of the call",
}

# Arguments after the request, in the order of their era.
BLOCKING_ARGUMENTS = ("timeout", "metadata", "with_call", "protocol_options")
FUTURE_ARGUMENTS = ("timeout", "metadata", "protocol_options")


def is_beta(dotted: str) -> bool:
    """Whether a full name lies in the packages of the beta API."""
    return any(dotted == package or dotted.startswith(package + ".") for package in BETA_PACKAGES)


# Modules of the beta API, which have no counterpart as such.
MODULES = {name.rpartition(".")[0] for name in RULES if name.rpartition(".")[0] not in RULES} | {
    "grpc.beta",
    "grpc.framework",
    "grpc.framework.foundation",
    "grpc.framework.interfaces",
    "grpc.framework.interfaces.face",
    "grpc.framework.common",
}
