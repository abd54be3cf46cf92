"""The types that annotations of asyncio interceptors are made of, where grpcio keeps them: packages import them.

They mean something to readers and type checkers only.
"""

from __future__ import annotations

from typing import Any, AsyncIterable, Callable, Iterable, Sequence, Tuple, Union

from grpc._modern.aio._base_call import DoneCallback, RequestType, ResponseType
from grpc._modern.aio._metadata import Metadata

__all__ = [
    "ChannelArgumentType",
    "DeserializingFunction",
    "DoneCallbackType",
    "Metadata",
    "MetadataType",
    "MetadatumType",
    "RequestIterableType",
    "RequestType",
    "ResponseIterableType",
    "ResponseType",
    "SerializingFunction",
]

ChannelArgumentType = Sequence[Tuple[str, Any]]
DeserializingFunction = Callable[[bytes], Any]
DoneCallbackType = DoneCallback
MetadatumType = Tuple[str, Union[str, bytes]]
MetadataType = Union[Metadata, Sequence[MetadatumType]]
RequestIterableType = Union[Iterable[RequestType], AsyncIterable[RequestType]]
ResponseIterableType = AsyncIterable[ResponseType]
SerializingFunction = Callable[[Any], bytes]
