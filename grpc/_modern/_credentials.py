"""Credentials as the modern API has them: the shared ones, and those whose certificates can change."""

from __future__ import annotations

from typing import Any, Callable, Iterable, Optional, Tuple

from grpc._modern import _errors
from grpc._values import credentials as _shared
from grpc._values import security, status
from grpc._values.credentials import (
    AuthMetadataContext,
    AuthMetadataPlugin,
    AuthMetadataPluginCallback,
    CallCredentials,
    ChannelCredentials,
    ChannelSecurity,
    Context,
    LocalServer,
    ServerCredentials,
    access_token_call_credentials,
    composite_call_credentials,
    composite_channel_credentials,
    metadata_call_credentials,
    plugins_of,
    security_of,
    server_security_of,
    ssl_channel_credentials,
    ssl_server_credentials,
)

__all__ = [
    "AuthMetadataContext",
    "AuthMetadataPlugin",
    "AuthMetadataPluginCallback",
    "CallCredentials",
    "ChannelCredentials",
    "ChannelSecurity",
    "Context",
    "LocalServer",
    "ServerCertificateConfiguration",
    "ServerCredentials",
    "access_token_call_credentials",
    "ask",
    "composite_call_credentials",
    "composite_channel_credentials",
    "dynamic_ssl_server_credentials",
    "insecure_server_credentials",
    "metadata_call_credentials",
    "plugins_of",
    "security_of",
    "server_security_of",
    "ssl_channel_credentials",
    "ssl_server_certificate_configuration",
    "ssl_server_credentials",
]


class ServerCertificateConfiguration:
    """What a server shows and believes at the time; made by `ssl_server_certificate_configuration`."""

    def __init__(self, certificate_configuration: Any) -> None:
        """Wrap what the maker made.

        Args:
          certificate_configuration: A `ServerCertificates`.
        """
        self._certificate_configuration = certificate_configuration


def ask(plugins: Iterable[Any], service_url: str, method_name: str, timeout: Optional[float]) -> Tuple[Any, ...]:
    """Ask plugins for the metadata of a call, see `credentials.ask`.

    Raises:
      InactiveRpcError: UNAVAILABLE if one fails or gives what cannot be sent, DEADLINE_EXCEEDED if one is late.
    """
    try:
        return _shared.ask(plugins, service_url, method_name, timeout)
    except _shared.Refused as refused:
        code = status.StatusCode.DEADLINE_EXCEEDED if refused.late else status.StatusCode.UNAVAILABLE
        raise _errors.own_error(code, refused.details) from refused.__cause__


def ssl_server_certificate_configuration(
    private_key_certificate_chain_pairs: Any, root_certificates: Optional[bytes] = None
) -> ServerCertificateConfiguration:
    """Make what the fetcher of `dynamic_ssl_server_credentials` returns; arguments as for `ssl_server_credentials`."""
    return ServerCertificateConfiguration(_shared.certificates(private_key_certificate_chain_pairs, root_certificates))


def dynamic_ssl_server_credentials(
    initial_certificate_configuration: ServerCertificateConfiguration,
    certificate_configuration_fetcher: Callable[[], Optional[ServerCertificateConfiguration]],
    require_client_authentication: bool = False,
) -> ServerCredentials:
    """Make server credentials for TLS whose certificates can change while the server runs.

    Args:
      initial_certificate_configuration: What to begin with.
      certificate_configuration_fetcher: Called before each new connection; returns what to go on with, or None for no
        change.
      require_client_authentication: Whether a client must show a certificate.
    """

    def fetch() -> Optional[security.ServerCertificates]:
        fetched = certificate_configuration_fetcher()
        return None if fetched is None else fetched._certificate_configuration

    return ServerCredentials(
        security.ServerSecurity(
            initial_certificate_configuration._certificate_configuration, require_client_authentication, fetch
        )
    )


def insecure_server_credentials() -> ServerCredentials:
    """Make server credentials for plaintext: a port of a server that chooses its credentials elsewhere."""
    return ServerCredentials(None)
