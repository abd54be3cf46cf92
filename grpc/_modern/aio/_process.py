"""What other implementations need once for a process, and this one does not."""

from __future__ import annotations


def init_grpc_aio() -> None:
    """Do nothing: there is nothing to be initialized."""


def shutdown_grpc_aio() -> None:
    """Do nothing: channels and servers are ended by their own methods."""
