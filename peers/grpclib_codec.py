"""grpclib without protobuf: messages are bytes already."""

from __future__ import annotations

from grpclib.encoding.base import CodecBase


class BytesCodec(CodecBase):
    """Passes messages through; under the subtype that grpclib takes a bare ``application/grpc`` for."""

    __content_subtype__ = "proto"

    def encode(self, message: bytes, message_type: type) -> bytes:
        """Return ``message``."""
        return message

    def decode(self, data: bytes, message_type: type) -> bytes:
        """Return ``data``."""
        return data
