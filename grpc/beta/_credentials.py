"""Credentials as the beta API has them: the shared ones, and those of Google's library of that time."""

from __future__ import annotations

import inspect
from typing import Any, Iterable, Optional, Tuple

from grpc._values import credentials as _shared
from grpc._values import security
from grpc._values.credentials import (
    AuthMetadataContext,
    AuthMetadataPlugin,
    AuthMetadataPluginCallback,
    CallCredentials,
    ChannelCredentials,
    ServerCredentials,
    access_token_call_credentials,
    composite_call_credentials,
    composite_channel_credentials,
    metadata_call_credentials,
    plugins_of,
    ssl_channel_credentials,
    ssl_server_credentials,
)
from grpc._values.status import StatusCode
from grpc.beta._abortions import Failure

__all__ = [
    "AuthMetadataContext",
    "AuthMetadataPlugin",
    "AuthMetadataPluginCallback",
    "CallCredentials",
    "ChannelCredentials",
    "ServerCredentials",
    "access_token_call_credentials",
    "ask",
    "composite_call_credentials",
    "composite_channel_credentials",
    "google_call_credentials",
    "metadata_call_credentials",
    "plugins_of",
    "security_of",
    "server_security_of",
    "ssl_channel_credentials",
    "ssl_server_credentials",
]


def ask(plugins: Iterable[Any], service_url: str, method_name: str, timeout: Optional[float]) -> Tuple[Any, ...]:
    """Ask plugins for the metadata of a call, see `credentials.ask`.

    Raises:
      Failure: UNAUTHENTICATED if one fails or gives what cannot be sent, DEADLINE_EXCEEDED if one is late.
    """
    try:
        return _shared.ask(plugins, service_url, method_name, timeout)
    except _shared.Refused as refused:
        code = StatusCode.DEADLINE_EXCEEDED if refused.late else StatusCode.UNAUTHENTICATED
        raise Failure(code, refused.details) from refused.__cause__


def security_of(credentials: Any) -> Tuple[security.ClientSecurity, Tuple[Any, ...]]:
    """The TLS of channel credentials, and their plugins.

    Raises:
      TypeError: They are not channel credentials, or not such as ask for TLS.
    """
    held = _shared.security_of(credentials)
    if held.tls is None:
        raise TypeError(f"credentials of a secure channel are ChannelCredentials for TLS, not {credentials!r}")
    return held.tls, held.plugins


def server_security_of(credentials: Any) -> security.ServerSecurity:
    """What server credentials hold.

    Raises:
      TypeError: They are not server credentials, or not such as ask for TLS.
    """
    held = _shared.server_security_of(credentials)
    if not isinstance(held, security.ServerSecurity):
        raise TypeError(f"credentials of a secure port are ServerCredentials for TLS, not {credentials!r}")
    return held


class _GoogleCredentials(AuthMetadataPlugin):
    """Asks credentials of the oauth2client kind for a token, for each RPC: they keep it while it is valid."""

    def __init__(self, credentials: Any) -> None:
        get = credentials.get_access_token
        self._get = get
        # Self-signed tokens are made for an audience, which the credentials are then told in this way.
        self._takes_claims = "additional_claims" in inspect.signature(get).parameters

    def __repr__(self) -> str:
        return "<Google credentials>"

    def __call__(self, context: AuthMetadataContext, callback: AuthMetadataPluginCallback) -> None:
        claims = {"additional_claims": {"aud": context.service_url}} if self._takes_claims else {}
        try:
            token = self._get(**claims).access_token
        except Exception as error:
            callback((), error)
        else:
            callback(_shared.bearer(token), None)


def google_call_credentials(credentials: Any) -> CallCredentials:
    """Make call credentials of what `oauth2client` calls `GoogleCredentials`; that library is not needed for it.

    Args:
      credentials: Has a method `get_access_token`, whose return value has an attribute `access_token`. A method that
        takes `additional_claims` is passed the service's URL in it, under "aud". It may block.

    Raises:
      AttributeError: There is no such method.
    """
    return CallCredentials((_GoogleCredentials(credentials),))
