"""Channels to the server that a command line names, for both APIs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import grpc.aio

if TYPE_CHECKING:
    from grpc.interop import _flags


def channel(client: _flags.Client) -> grpc.Channel:
    """One for blocking calls."""
    if client.secure:
        return grpc.secure_channel(client.target, _credentials(client), options=list(client.options))
    return grpc.insecure_channel(client.target, options=list(client.options))


def aio_channel(client: _flags.Client) -> grpc.aio.Channel:
    """One for calls to await; made where the event loop runs."""
    if client.secure:
        return grpc.aio.secure_channel(client.target, _credentials(client), options=list(client.options))
    return grpc.aio.insecure_channel(client.target, options=list(client.options))


def _credentials(client: _flags.Client) -> grpc.ChannelCredentials:
    return grpc.ssl_channel_credentials(client.roots)
