"""Names that may still change: one call by one function, channel options, a wrapper of handlers, a look at compression.

`grpc.experimental.aio` is another name of `grpc.aio`.
"""

from grpc._modern._experimental import (
    ChannelOptions,
    ExperimentalApiWarning,
    UsageError,
    experimental_api,
    message_compressed,
    wrap_server_method_handler,
)
from grpc._modern._simple import (
    close_channels,
    insecure_channel_credentials,
    stream_stream,
    stream_unary,
    unary_stream,
    unary_unary,
)

__all__ = [
    "ChannelOptions",
    "ExperimentalApiWarning",
    "UsageError",
    "close_channels",
    "experimental_api",
    "insecure_channel_credentials",
    "message_compressed",
    "stream_stream",
    "stream_unary",
    "unary_stream",
    "unary_unary",
    "wrap_server_method_handler",
]
