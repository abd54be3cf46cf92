"""Credentials of other kinds than certificates: this machine's, and those of platforms out of reach."""

from __future__ import annotations

import enum
from typing import Any, Optional, Sequence

from grpc._modern import _credentials


class LocalConnectionType(enum.Enum):
    """What counts as a connection within one machine."""

    UDS = 0
    LOCAL_TCP = 1


def _check_type(local_connect_type: Any) -> None:
    if not isinstance(local_connect_type, LocalConnectionType):
        raise TypeError(f"a grpc.LocalConnectionType is needed, not {local_connect_type!r}")


def local_channel_credentials(
    local_connect_type: LocalConnectionType = LocalConnectionType.LOCAL_TCP,
) -> _credentials.ChannelCredentials:
    """Make channel credentials for a server on the same machine: plaintext, and call credentials may be sent.

    Args:
      local_connect_type: Which connections count as local.
    """
    _check_type(local_connect_type)
    return _credentials.ChannelCredentials(_credentials.ChannelSecurity(None, (), local_connect_type.name))


def local_server_credentials(
    local_connect_type: LocalConnectionType = LocalConnectionType.LOCAL_TCP,
) -> _credentials.ServerCredentials:
    """Make server credentials for clients on the same machine: plaintext, on local addresses only.

    Args:
      local_connect_type: Which connections count as local.
    """
    _check_type(local_connect_type)
    return _credentials.ServerCredentials(_credentials.LocalServer(local_connect_type.name))


def alts_channel_credentials(service_accounts: Optional[Sequence[str]] = None) -> _credentials.ChannelCredentials:
    """Not to be had here.

    Raises:
      NotImplementedError: Always.
    """
    raise NotImplementedError(_NO_ALTS)


def alts_server_credentials() -> _credentials.ServerCredentials:
    """Not to be had here.

    Raises:
      NotImplementedError: Always.
    """
    raise NotImplementedError(_NO_ALTS)


_NO_ALTS = (
    "ALTS needs a handshake service of Google's platform, which a pure-Python runtime cannot use; use "
    "grpc.ssl_channel_credentials and grpc.ssl_server_credentials instead"
)


def compute_engine_channel_credentials(
    call_credentials: _credentials.CallCredentials,
) -> _credentials.ChannelCredentials:
    """Make channel credentials of TLS and call credentials, as on a virtual machine of Google's platform.

    ALTS, which that platform would prefer, is never tried.

    Args:
      call_credentials: Sent with every call.
    """
    return _credentials.composite_channel_credentials(_credentials.ssl_channel_credentials(), call_credentials)
