"""Credentials, shared by the public APIs: what sides show and believe, and what is added to the metadata of calls."""

from __future__ import annotations

import abc
import threading
from typing import Any, Iterable, NamedTuple, Optional, Tuple

from grpc._values import metadata as _metadata
from grpc._values import security


class ChannelCredentials:
    """How a channel speaks to its server; made by `ssl_channel_credentials` and its like."""

    def __init__(self, credentials: Any) -> None:
        """Wrap what a maker made.

        Args:
          credentials: A `ChannelSecurity`.
        """
        self._credentials = credentials


class CallCredentials:
    """What is added to the metadata of calls; made by `metadata_call_credentials` and its like."""

    def __init__(self, credentials: Any) -> None:
        """Wrap what a maker made.

        Args:
          credentials: The plugins to be asked, in order.
        """
        self._credentials = credentials


class ServerCredentials:
    """How a server speaks to its clients; made by `ssl_server_credentials` and its like."""

    def __init__(self, credentials: Any) -> None:
        """Wrap what a maker made.

        Args:
          credentials: A `ServerSecurity`, a `LocalServer`, or None for plaintext.
        """
        self._credentials = credentials


class AuthMetadataContext(abc.ABC):
    """For which call metadata is wanted.

    Attributes:
      service_url: The service as a URL: `https://host/package.Service`.
      method_name: The method's name within the service.
    """

    service_url: str
    method_name: str


class AuthMetadataPluginCallback(abc.ABC):
    """Takes what an `AuthMetadataPlugin` found."""

    @abc.abstractmethod
    def __call__(self, metadata: Any, error: Any) -> None:
        """Take the metadata for the call, or the error for want of it.

        Args:
          metadata: (key, value) pairs.
          error: An exception, or None for none.
        """
        raise NotImplementedError()


class AuthMetadataPlugin(abc.ABC):
    """Finds the metadata that authorizes a call."""

    @abc.abstractmethod
    def __call__(self, context: AuthMetadataContext, callback: AuthMetadataPluginCallback) -> None:
        """Find metadata, and pass it to the callback: now, or later from any thread.

        Args:
          context: For which call.
          callback: Takes it.
        """
        raise NotImplementedError()


class ChannelSecurity(NamedTuple):
    """What channel credentials hold.

    Attributes:
      tls: How to speak TLS; None for plaintext within this machine.
      plugins: What is asked for metadata for every call.
      local: Which connections count as within this machine, where there is no TLS: `UDS` or `LOCAL_TCP`.
    """

    tls: Optional[security.ClientSecurity]
    plugins: Tuple[Any, ...] = ()
    local: Optional[str] = None


class LocalServer(NamedTuple):
    """What server credentials without TLS hold: which addresses count as within this machine."""

    local: str


class Context(AuthMetadataContext):
    def __init__(self, service_url: str, method_name: str) -> None:
        self.service_url = service_url
        self.method_name = method_name


class Refused(Exception):
    """There is no metadata for a call to be had.

    Attributes:
      late: Whether a plugin has not answered in time.
      details: Words.
    """

    def __init__(self, details: str, late: bool = False) -> None:
        super().__init__(details)
        self.details = details
        self.late = late


class _Answer(AuthMetadataPluginCallback):
    """Takes the first answer of a plugin; the calling thread waits for it."""

    def __init__(self) -> None:
        # Guards against two answers at once.
        self._lock = threading.Lock()
        self._answered = threading.Event()
        self.metadata: Any = None
        self.error: Any = None

    def __call__(self, metadata: Any, error: Any) -> None:
        with self._lock:
            if not self._answered.is_set():
                self.metadata = metadata
                self.error = error
                self._answered.set()

    def wait(self, timeout: Optional[float]) -> bool:
        return self._answered.wait(timeout)


def ask(plugins: Iterable[Any], service_url: str, method_name: str, timeout: Optional[float]) -> Tuple[Any, ...]:
    """Ask plugins for the metadata of a call, one after another, in the caller's thread.

    A plugin that answers later, from another thread, is waited for: nothing may be sent without its answer, and the
    call's time includes the wait.

    Raises:
      Refused: One fails, gives what cannot be sent, or is late.
    """
    items: Tuple[Any, ...] = ()
    for plugin in plugins:
        answer = _Answer()
        try:
            plugin(Context(service_url, method_name), answer)
        except Exception as error:
            raise Refused(f"Plugin {plugin!r} raised exception {error!r}") from error
        if not answer.wait(timeout):
            raise Refused(f"Plugin {plugin!r} did not answer in time", late=True)
        if answer.error is not None:
            cause = answer.error if isinstance(answer.error, BaseException) else None
            raise Refused(f"Getting metadata from plugin failed with error: {answer.error}") from cause
        try:
            items += _metadata.checked(answer.metadata) or ()
        except (TypeError, ValueError) as error:
            raise Refused(f"Plugin {plugin!r} gave metadata that cannot be sent: {error}") from error
    return items


def plugins_of(credentials: Any) -> Tuple[Any, ...]:
    """The plugins of call credentials.

    Raises:
      TypeError: They are not call credentials.
    """
    if not isinstance(credentials, CallCredentials):
        raise TypeError(f"credentials of a call are grpc.CallCredentials, not {credentials!r}")
    plugins: Tuple[Any, ...] = credentials._credentials
    return plugins


def security_of(credentials: Any) -> ChannelSecurity:
    """What channel credentials hold.

    Raises:
      TypeError: They are not channel credentials.
    """
    if not isinstance(credentials, ChannelCredentials):
        raise TypeError(f"credentials of a channel are grpc.ChannelCredentials, not {credentials!r}")
    held: ChannelSecurity = credentials._credentials
    return held


def server_security_of(credentials: Any) -> Any:
    """What server credentials hold: a `ServerSecurity`, a `LocalServer`, or None for plaintext.

    Raises:
      TypeError: They are not server credentials.
    """
    if not isinstance(credentials, ServerCredentials):
        raise TypeError(f"credentials of a server's port are grpc.ServerCredentials, not {credentials!r}")
    return credentials._credentials


# ---------------------------------------------------------------- makers


def ssl_channel_credentials(
    root_certificates: Optional[bytes] = None,
    private_key: Optional[bytes] = None,
    certificate_chain: Optional[bytes] = None,
) -> ChannelCredentials:
    """Make channel credentials for TLS.

    Args:
      root_certificates: Whom to believe, as PEM bytes; None for the roots that the environment variable
        `GRPC_DEFAULT_SSL_ROOTS_FILE_PATH` names, or else the system's.
      private_key: The client's own key as PEM bytes, for a server that asks for a certificate.
      certificate_chain: The certificates for that key as PEM bytes.

    Raises:
      TypeError: Something is not bytes.
      ValueError: One of key and chain is given without the other.
    """
    for name, value in (
        ("root_certificates", root_certificates),
        ("private_key", private_key),
        ("certificate_chain", certificate_chain),
    ):
        if value is not None and not isinstance(value, bytes):
            raise TypeError(f"{name} is PEM text as bytes, not {type(value).__name__}")
    if (private_key is None) is not (certificate_chain is None):
        raise ValueError("private_key and certificate_chain belong together: give both or none")
    identity = None
    if private_key is not None and certificate_chain is not None:
        identity = security.KeyAndChain(private_key, certificate_chain)
    return ChannelCredentials(ChannelSecurity(security.ClientSecurity(root_certificates, identity)))


def metadata_call_credentials(metadata_plugin: AuthMetadataPlugin, name: Optional[str] = None) -> CallCredentials:
    """Make call credentials that ask a plugin.

    Args:
      metadata_plugin: Called for every RPC.
      name: For people; without effect.
    """
    if not callable(metadata_plugin):
        raise TypeError(f"a metadata plugin is called with a context and a callback, {metadata_plugin!r} cannot be")
    return CallCredentials((metadata_plugin,))


def bearer(token: str) -> Tuple[Tuple[str, str], ...]:
    """The metadata that carries a token."""
    return (("authorization", f"Bearer {token}"),)


class _AccessToken(AuthMetadataPlugin):
    def __init__(self, token: str) -> None:
        self._metadata = bearer(token)

    def __repr__(self) -> str:
        return "<access token>"  # not the token itself: this goes into errors and logs

    def __call__(self, context: AuthMetadataContext, callback: AuthMetadataPluginCallback) -> None:
        callback(self._metadata, None)


def access_token_call_credentials(access_token: str) -> CallCredentials:
    """Make call credentials that send `authorization: Bearer <token>`.

    Args:
      access_token: The token.
    """
    return CallCredentials((_AccessToken(access_token),))


def composite_call_credentials(*call_credentials: CallCredentials) -> CallCredentials:
    """Make call credentials that add the metadata of several, in order."""
    return CallCredentials(tuple(plugin for one in call_credentials for plugin in plugins_of(one)))


def composite_channel_credentials(
    channel_credentials: ChannelCredentials, *call_credentials: CallCredentials
) -> ChannelCredentials:
    """Make channel credentials that add call credentials to every call of the channel."""
    held = security_of(channel_credentials)
    added = tuple(plugin for one in call_credentials for plugin in plugins_of(one))
    return ChannelCredentials(held._replace(plugins=held.plugins + added))


def certificates(pairs: Any, root_certificates: Optional[bytes]) -> security.ServerCertificates:
    """What a server shows and believes, of pairs of a key and a chain.

    Raises:
      ValueError: They are no such pairs, or none.
    """
    try:
        identities = tuple(security.KeyAndChain(key, chain) for key, chain in pairs)
    except (TypeError, ValueError) as error:
        raise ValueError(
            "private_key_certificate_chain_pairs are pairs of a private key and a chain, as PEM bytes"
        ) from error
    if not identities:
        raise ValueError("At least one private key-certificate chain pair is required!")
    return security.ServerCertificates(identities, root_certificates)


def ssl_server_credentials(
    private_key_certificate_chain_pairs: Any,
    root_certificates: Optional[bytes] = None,
    require_client_auth: bool = False,
) -> ServerCredentials:
    """Make server credentials for TLS.

    Args:
      private_key_certificate_chain_pairs: Pairs of a key and its certificates, as PEM bytes.
      root_certificates: Whom to believe about clients, as PEM bytes.
      require_client_auth: Whether a client must show a certificate.

    Raises:
      ValueError: There is no pair, or clients must show a certificate that nothing could vouch for.
    """
    shown = certificates(private_key_certificate_chain_pairs, root_certificates)
    if require_client_auth and root_certificates is None:
        raise ValueError("Illegal to require client auth without providing root certificates!")
    return ServerCredentials(security.ServerSecurity(shown, require_client_auth))
