"""`grpc.aio.Metadata`, where grpcio keeps it: packages import it from here."""

from __future__ import annotations

from grpc._modern.aio._metadata import Metadata

__all__ = ["Metadata"]
