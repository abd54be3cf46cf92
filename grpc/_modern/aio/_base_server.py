"""How RPCs are served: servers, contexts and interceptors, as interfaces."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, Awaitable, Callable, Generic, Iterable, Mapping, Optional, Sequence

from grpc._modern.aio._base_call import DoneCallback, RequestType, ResponseType

if TYPE_CHECKING:
    from grpc._modern._contexts import Metadata as AnyMetadata
    from grpc._modern._contexts import Status
    from grpc._modern._credentials import ServerCredentials
    from grpc._modern._serving import GenericRpcHandler, HandlerCallDetails, RpcMethodHandler
    from grpc._modern.aio._metadata import Metadata
    from grpc._values.compression import Compression
    from grpc._values.status import StatusCode


class ServicerContext(Generic[RequestType, ResponseType], abc.ABC):
    """What a handler can learn of its RPC, and say; used on the server's loop only.

    When the RPC ends before its handler does (the client has cancelled it, its time is over, the connection is lost,
    the server stops) the handler's task is cancelled: it sees CancelledError.
    """

    __slots__ = ()

    @abc.abstractmethod
    async def read(self) -> RequestType:
        """Wait for the next request.

        Returns:
          The request, or `EOF` if none follows.

        Raises:
          AioRpcError: The RPC has ended.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    async def write(self, message: ResponseType) -> None:
        """Send a response, as soon as the peer and the connection have room for it.

        Raises:
          AioRpcError: The RPC has ended.
          UsageError: The handler has ended it.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    async def send_initial_metadata(self, initial_metadata: AnyMetadata) -> None:
        """Send initial metadata now; at most once, and before the first response.

        Raises:
          UsageError: It is too late.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    async def abort(self, code: StatusCode, details: str = "", trailing_metadata: AnyMetadata = ()) -> None:
        """End the RPC with this status now, and raise.

        Args:
          code: The status code; not OK.
          details: The status text.
          trailing_metadata: What to send with it; what was set before, if there is none here.

        Raises:
          AbortError: Always; let it pass.
          UsageError: The RPC has been ended before.
        """
        raise NotImplementedError()

    async def abort_with_status(self, status: Status) -> None:
        """End the RPC with the code, text and trailing metadata of a status now, and raise; see `abort`.

        Args:
          status: Such as `grpc_status.rpc_status.to_status` makes.
        """
        await self.abort(status.code, status.details, status.trailing_metadata or ())

    @abc.abstractmethod
    async def set_trailing_metadata(self, trailing_metadata: AnyMetadata) -> None:
        """Choose what is sent after the last response. It has been done when the call returns, awaited or not."""
        raise NotImplementedError()

    @abc.abstractmethod
    def invocation_metadata(self) -> Optional[Metadata]:
        """The client's metadata."""
        raise NotImplementedError()

    @abc.abstractmethod
    def set_code(self, code: StatusCode) -> None:
        """Choose the status code; OK if never called. With another one a single response is not sent."""
        raise NotImplementedError()

    @abc.abstractmethod
    def set_details(self, details: str) -> None:
        """Choose the status text."""
        raise NotImplementedError()

    @abc.abstractmethod
    def set_compression(self, compression: Compression) -> None:
        """Choose how responses are compressed; before anything is sent.

        Raises:
          RuntimeError: It is too late.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    def disable_next_message_compression(self) -> None:
        """Send the next response uncompressed."""
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

    def time_remaining(self) -> Optional[float]:
        """Tell how many seconds are left until the client's deadline; None without a deadline."""
        raise NotImplementedError()

    def trailing_metadata(self) -> Any:
        """What is going to be sent after the last response."""
        raise NotImplementedError()

    def code(self) -> Optional[StatusCode]:
        """What `set_code` was given last, or None."""
        raise NotImplementedError()

    def details(self) -> Optional[str]:
        """What `set_details` was given last, or None."""
        raise NotImplementedError()

    def cancelled(self) -> bool:
        """Tell whether the RPC was ended before its handler has."""
        raise NotImplementedError()

    def done(self) -> bool:
        """Tell whether the RPC is over."""
        raise NotImplementedError()

    def add_done_callback(self, callback: DoneCallback) -> None:
        """Have a callback called by the loop with this object when the RPC is over; soon, if it is already."""
        raise NotImplementedError()


class ServerInterceptor(abc.ABC):
    """Stands between an RPC and the choice of its handler."""

    __slots__ = ()

    @abc.abstractmethod
    async def intercept_service(
        self,
        continuation: Callable[[HandlerCallDetails], Awaitable[Optional[RpcMethodHandler]]],
        handler_call_details: HandlerCallDetails,
    ) -> Optional[RpcMethodHandler]:
        """Choose the handler of an RPC.

        Args:
          continuation: Asks the next interceptor, or at last the handlers.
          handler_call_details: Which RPC it is.

        Returns:
          The handler, or None if there is none.
        """
        raise NotImplementedError()


class Server(abc.ABC):
    """Serves RPCs on one event loop; used on that loop's thread only."""

    __slots__ = ()

    @abc.abstractmethod
    def add_generic_rpc_handlers(self, generic_rpc_handlers: Sequence[GenericRpcHandler]) -> None:
        """Add handlers; they are asked in the order in which they were added.

        Raises:
          AttributeError: One of them has no `service` method.
        """
        raise NotImplementedError()

    def add_registered_method_handlers(
        self, service_name: str, method_handlers: Mapping[str, RpcMethodHandler]
    ) -> None:
        """Add the handlers of one service's methods, as generated code does.

        Args:
          service_name: The service's name, package included.
          method_handlers: From method name to handler.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    def add_insecure_port(self, address: str) -> int:
        """Bind an address without encryption.

        A host name is looked up here and now, which blocks the loop; literal addresses do not.

        Args:
          address: `host:port` or `unix:path`; port 0 stands for any free one.

        Returns:
          The port.

        Raises:
          RuntimeError: It cannot be bound; the text says why.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    def add_secure_port(self, address: str, server_credentials: ServerCredentials) -> int:
        """Bind an address with encryption.

        Args:
          address: As for `add_insecure_port`.
          server_credentials: What `ssl_server_credentials` and its like make.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    async def start(self) -> None:
        """Begin to serve.

        Raises:
          UsageError: The server has been started before.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    async def stop(self, grace: Optional[float]) -> None:
        """Refuse new RPCs at once, abort those that still run after a time, and wait until everything has ended.

        Args:
          grace: Seconds that running RPCs are given. None aborts them at once. Another call may shorten the time, not
            extend it. A task that is cancelled while it waits has stopped the server all the same.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    async def wait_for_termination(self, timeout: Optional[float] = None) -> bool:
        """Wait until the server has stopped.

        Args:
          timeout: Seconds to wait at the most; None for as long as it takes.

        Returns:
          Whether the time ran out.
        """
        raise NotImplementedError()
