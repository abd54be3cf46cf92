"""grpclib without protobuf: messages, and details of a status, are bytes already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from grpclib.encoding.base import CodecBase, StatusDetailsCodecBase

if TYPE_CHECKING:
    from grpclib.const import Status


class BytesCodec(CodecBase):
    """Passes messages through; under the subtype that grpclib takes a bare ``application/grpc`` for."""

    __content_subtype__ = "proto"

    def encode(self, message: bytes, message_type: type) -> bytes:
        """Return ``message``."""
        return message

    def decode(self, data: bytes, message_type: type) -> bytes:
        """Return ``data``."""
        return data


class BytesStatusDetailsCodec(StatusDetailsCodecBase):
    """Passes status details through."""

    def encode(self, status: Status, message: Optional[str], details: bytes) -> bytes:
        """Return ``details``."""
        return details

    def decode(self, status: Status, message: Optional[str], data: bytes) -> bytes:
        """Return ``data``."""
        return data
