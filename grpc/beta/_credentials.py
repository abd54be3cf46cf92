"""Credentials: what a side shows and believes, and what is added to the metadata of each call.

Those that the modern API made are taken as well, by what they hold, so that a half-migrated program can share them.
"""

from __future__ import annotations

import abc
import inspect
import threading
from typing import Any, Iterable, NamedTuple, Optional, Tuple

from grpc._values import security
from grpc._values.status import StatusCode
from grpc.beta import _coding
from grpc.beta._abortions import Failure


class ChannelCredentials:
    """How a channel speaks to its server; made by `ssl_channel_credentials` and `composite_channel_credentials`."""

    __slots__ = ("_credentials",)

    def __init__(self, credentials: Any) -> None:
        """Wrap what a maker made.

        Args:
          credentials: A `ChannelSecurity`.
        """
        self._credentials = credentials


class CallCredentials:
    """What is added to the metadata of calls; made by `metadata_call_credentials` and its like."""

    __slots__ = ("_credentials",)

    def __init__(self, credentials: Any) -> None:
        """Wrap what a maker made.

        Args:
          credentials: The plugins to be asked, in order.
        """
        self._credentials = credentials


class ServerCredentials:
    """How a server speaks to its clients; made by `ssl_server_credentials`."""

    __slots__ = ("_credentials",)

    def __init__(self, credentials: Any) -> None:
        """Wrap what the maker made.

        Args:
          credentials: A `security.ServerSecurity`.
        """
        self._credentials = credentials


class ChannelSecurity(NamedTuple):
    """What channel credentials hold.

    Attributes:
      tls: How to speak TLS.
      plugins: What is asked for metadata for every call.
    """

    tls: security.ClientSecurity
    plugins: Tuple[Any, ...] = ()


# ------------------------------------------------------------ plugins


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
        """Take the metadata for the call, or the error for want of it. Does not block; only the first answer counts.

        Args:
          metadata: (key, value) pairs.
          error: An exception, or None for none.
        """
        raise NotImplementedError


class AuthMetadataPlugin(abc.ABC):
    """Finds the metadata that authorizes a call."""

    @abc.abstractmethod
    def __call__(self, context: AuthMetadataContext, callback: AuthMetadataPluginCallback) -> None:
        """Find metadata, and pass it to the callback: now, or later from any thread.

        Args:
          context: For which call.
          callback: Takes it.
        """
        raise NotImplementedError


class _Context(AuthMetadataContext):
    def __init__(self, service_url: str, method_name: str) -> None:
        self.service_url = service_url
        self.method_name = method_name


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

    A plugin that answers later, from another thread, is waited for: nothing may be sent without its answer.

    Args:
      plugins: Whom to ask.
      service_url: The service as a URL.
      method_name: The method's name within the service.
      timeout: Seconds that each may take; None for any time.

    Raises:
      Failure: UNAUTHENTICATED if one fails or gives what cannot be sent, DEADLINE_EXCEEDED if one is late.
    """
    items: Tuple[Any, ...] = ()
    for plugin in plugins:
        answer = _Answer()
        try:
            plugin(_Context(service_url, method_name), answer)
        except Exception as error:
            raise _unauthenticated(f"Plugin {plugin!r} raised exception {error!r}") from error
        if not answer.wait(timeout):
            raise Failure(StatusCode.DEADLINE_EXCEEDED, f"Plugin {plugin!r} did not answer in time")
        if answer.error is not None:
            cause = answer.error if isinstance(answer.error, BaseException) else None
            raise _unauthenticated(f"Getting metadata from plugin failed with error: {answer.error}") from cause
        try:
            items += _coding.metadata(answer.metadata) or ()
        except (TypeError, ValueError) as error:
            raise _unauthenticated(f"Plugin {plugin!r} gave metadata that cannot be sent: {error}") from error
    return items


def _unauthenticated(details: str) -> Failure:
    return Failure(StatusCode.UNAUTHENTICATED, details)


# ------------------------------------------------------------ what credentials hold


def plugins_of(credentials: Any) -> Tuple[Any, ...]:
    """The plugins of call credentials.

    Raises:
      TypeError: They are not call credentials.
    """
    held = getattr(credentials, "_credentials", None)
    if not isinstance(held, tuple) or not all(callable(plugin) for plugin in held):
        raise TypeError(f"credentials of a call are CallCredentials, not {credentials!r}")
    return held


def security_of(credentials: Any) -> ChannelSecurity:
    """What channel credentials hold.

    Raises:
      TypeError: They are not channel credentials, or not such as ask for TLS.
    """
    held = getattr(credentials, "_credentials", None)
    tls = getattr(held, "tls", None)
    if not isinstance(tls, security.ClientSecurity):
        raise TypeError(f"credentials of a secure channel are ChannelCredentials for TLS, not {credentials!r}")
    return ChannelSecurity(tls, tuple(getattr(held, "plugins", ())))


def server_security_of(credentials: Any) -> security.ServerSecurity:
    """What server credentials hold.

    Raises:
      TypeError: They are not server credentials, or not such as ask for TLS.
    """
    held = getattr(credentials, "_credentials", None)
    if not isinstance(held, security.ServerSecurity):
        raise TypeError(f"credentials of a secure port are ServerCredentials for TLS, not {credentials!r}")
    return held


# ------------------------------------------------------------ makers


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
      metadata_plugin: Called for every RPC, in the thread that invokes it.
      name: For people; without effect.

    Raises:
      TypeError: The plugin cannot be called.
    """
    if not callable(metadata_plugin):
        raise TypeError(f"a metadata plugin is called with a context and a callback, {metadata_plugin!r} cannot be")
    return CallCredentials((metadata_plugin,))


class _AccessToken(AuthMetadataPlugin):
    """Sends a token that is known."""

    def __init__(self, token: str) -> None:
        self._metadata = _bearer(token)

    def __repr__(self) -> str:
        return "<access token>"  # not the token itself: this goes into errors and logs

    def __call__(self, context: AuthMetadataContext, callback: AuthMetadataPluginCallback) -> None:
        callback(self._metadata, None)


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
            callback(_bearer(token), None)


def _bearer(token: str) -> Tuple[Tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),)


def google_call_credentials(credentials: Any) -> CallCredentials:
    """Make call credentials of what `oauth2client` calls `GoogleCredentials`; that library is not needed for it.

    Args:
      credentials: Has a method `get_access_token`, whose return value has an attribute `access_token`. A method that
        takes `additional_claims` is passed the service's URL in it, under "aud". It may block.

    Raises:
      AttributeError: There is no such method.
    """
    return CallCredentials((_GoogleCredentials(credentials),))


def access_token_call_credentials(access_token: str) -> CallCredentials:
    """Make call credentials that send `authorization: Bearer <token>`.

    Args:
      access_token: The token.
    """
    return CallCredentials((_AccessToken(access_token),))


def composite_call_credentials(*call_credentials: CallCredentials) -> CallCredentials:
    """Make call credentials that add the metadata of several, in order.

    Raises:
      TypeError: One of them is no call credentials.
    """
    return CallCredentials(tuple(plugin for one in call_credentials for plugin in plugins_of(one)))


def composite_channel_credentials(
    channel_credentials: ChannelCredentials, *call_credentials: CallCredentials
) -> ChannelCredentials:
    """Make channel credentials that add call credentials to every call of the channel.

    Raises:
      TypeError: One of them is not what it should be.
    """
    held = security_of(channel_credentials)
    added = tuple(plugin for one in call_credentials for plugin in plugins_of(one))
    return ChannelCredentials(held._replace(plugins=held.plugins + added))


def ssl_server_credentials(
    private_key_certificate_chain_pairs: Iterable[Tuple[bytes, bytes]],
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
    try:
        identities = tuple(security.KeyAndChain(key, chain) for key, chain in private_key_certificate_chain_pairs)
    except (TypeError, ValueError) as error:
        raise ValueError(
            "private_key_certificate_chain_pairs are pairs of a private key and a chain, as PEM bytes"
        ) from error
    if not identities:
        raise ValueError("At least one private key-certificate chain pair is required!")
    if require_client_auth and root_certificates is None:
        raise ValueError("Illegal to require client auth without providing root certificates!")
    certificates = security.ServerCertificates(identities, root_certificates)
    return ServerCredentials(security.ServerSecurity(certificates, require_client_auth))
