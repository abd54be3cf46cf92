"""An RPC as either side sees it, and the errors that stand for one: interfaces."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, Callable, Iterable, Mapping, Optional, Sequence, Tuple, Union

if TYPE_CHECKING:
    from grpc._values.compression import Compression
    from grpc._values.status import StatusCode

MetadataValue = Union[str, bytes]
Metadata = Sequence[Tuple[str, MetadataValue]]


class RpcError(Exception):
    """Raised by the library for an RPC that did not end with status OK; the raised object is a `Call` as well."""


class RpcContext(abc.ABC):
    """What either side can learn of an RPC, and do to it. No method blocks; any thread may call them."""

    __slots__ = ()

    @abc.abstractmethod
    def is_active(self) -> bool:
        """Tell whether the RPC goes on."""
        raise NotImplementedError()

    @abc.abstractmethod
    def time_remaining(self) -> Optional[float]:
        """Tell how many seconds are left until the deadline; None without a deadline."""
        raise NotImplementedError()

    @abc.abstractmethod
    def cancel(self) -> None:
        """Cancel the RPC; without effect when it has ended."""
        raise NotImplementedError()

    @abc.abstractmethod
    def add_callback(self, callback: Callable[[], None]) -> bool:
        """Have a callback called at the end of the RPC, in the context variables of this call.

        Returns:
          Whether it will be called: False means that the RPC has ended already.
        """
        raise NotImplementedError()


class Call(RpcContext):
    """An RPC as its caller sees it. The accessors block until their value is known."""

    __slots__ = ()

    @abc.abstractmethod
    def initial_metadata(self) -> Any:
        """The server's initial metadata as a tuple of (key, value) pairs."""
        raise NotImplementedError()

    @abc.abstractmethod
    def trailing_metadata(self) -> Any:
        """The server's trailing metadata as a tuple of (key, value) pairs."""
        raise NotImplementedError()

    @abc.abstractmethod
    def code(self) -> StatusCode:
        """The status code."""
        raise NotImplementedError()

    @abc.abstractmethod
    def details(self) -> str:
        """The status text."""
        raise NotImplementedError()


class ClientCallDetails:
    """What an interceptor may look at, and change, of an RPC that is about to begin.

    Attributes:
      method: As `/package.Service/Method`.
      timeout: Seconds that the RPC may take, or None.
      metadata: (key, value) pairs for the server, or None.
      credentials: Call credentials, or None.
      wait_for_ready: Whether to wait while the channel cannot connect; None for the channel's habit.
      compression: How to compress requests, or None for the channel's habit.
    """

    method: str
    timeout: Optional[float]
    metadata: Optional[Metadata]
    credentials: Optional[Any]
    wait_for_ready: Optional[bool]
    compression: Optional[Compression]


class Status(abc.ABC):
    """A status to abort with, as `ServicerContext.abort_with_status` takes it.

    Attributes:
      code: The status code; not OK.
      details: The status text.
      trailing_metadata: (key, value) pairs, or None.
    """

    code: StatusCode
    details: str
    trailing_metadata: Optional[Metadata]


class ServicerContext(RpcContext):
    """What a handler can learn of its RPC, and say besides the responses."""

    __slots__ = ()

    @abc.abstractmethod
    def invocation_metadata(self) -> Any:
        """The client's metadata as a tuple of (key, value) pairs."""
        raise NotImplementedError()

    @abc.abstractmethod
    def peer(self) -> str:
        """The client's address, such as `ipv4:127.0.0.1:40112`; `inproc:` for a channel of the same process."""
        raise NotImplementedError()

    @abc.abstractmethod
    def peer_identities(self) -> Optional[Iterable[bytes]]:
        """The client's identities by its certificate; None for a client that showed none."""
        raise NotImplementedError()

    @abc.abstractmethod
    def peer_identity_key(self) -> Optional[str]:
        """The key of `auth_context` under which the identities stand, or None."""
        raise NotImplementedError()

    @abc.abstractmethod
    def auth_context(self) -> Mapping[str, Iterable[bytes]]:
        """What the transport's security tells about the client; empty without any."""
        raise NotImplementedError()

    def set_compression(self, compression: Compression) -> None:
        """Choose how responses are compressed; before the first one is sent."""
        raise NotImplementedError()

    @abc.abstractmethod
    def send_initial_metadata(self, initial_metadata: Metadata) -> None:
        """Send initial metadata now; at most once, and before the first response."""
        raise NotImplementedError()

    @abc.abstractmethod
    def set_trailing_metadata(self, trailing_metadata: Metadata) -> None:
        """Choose what is sent after the last response."""
        raise NotImplementedError()

    def trailing_metadata(self) -> Any:
        """What `set_trailing_metadata` was given last."""
        raise NotImplementedError()

    @abc.abstractmethod
    def abort(self, code: StatusCode, details: str) -> None:
        """Raise, so that the RPC ends with this status.

        Args:
          code: The status code. OK is an error of the caller, and ends the RPC as UNKNOWN.
          details: The status text.

        Raises:
          Exception: Always; let it pass.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    def abort_with_status(self, status: Status) -> None:
        """Raise, so that the RPC ends with the code, text and trailing metadata of a `Status`; see `abort`."""
        raise NotImplementedError()

    @abc.abstractmethod
    def set_code(self, code: StatusCode) -> None:
        """Choose the status code; OK if never called."""
        raise NotImplementedError()

    @abc.abstractmethod
    def set_details(self, details: str) -> None:
        """Choose the status text."""
        raise NotImplementedError()

    def code(self) -> Optional[StatusCode]:
        """What `set_code` was given last, or None."""
        raise NotImplementedError()

    def details(self) -> Optional[str]:
        """What `set_details` was given last, or None."""
        raise NotImplementedError()

    def disable_next_message_compression(self) -> None:
        """Send the next response uncompressed."""
        raise NotImplementedError()
