"""RPCs as applications invoke and serve them: four shapes, three styles of calling, two of serving.

A method is named by a group and a name within it, both str. Its shape (`cardinality`) says
whether requests and responses are single or streams. It may be *invoked* inline (the call blocks,
or returns an iterator that blocks), as a future, or event-driven; and it may be *served* inline or
event-driven (`style`); the two sides need not agree on that, only on the shape. An extension of both
is the passive way, which `_passive` explains.

What invocations take:

- `group`, `method`: the names of the method.
- `request`: one request value; `request_iterator`: an iterator of them, drawn from by a thread
  of the framework, which is allowed to block and stops being drawn from if the RPC is aborted.
- `receiver`, `abortion_callback`: for event-driven calls. The receiver is passed the response
  data; the callback, if not None, is passed an `Abortion` if the RPC is aborted. One or the other
  ends the RPC: `ResponseReceiver.complete` or the callback, never both.
- `timeout`: nonnegative seconds that the RPC may last. An extension: None for no deadline.
- `metadata`: a value for the service side, available there as `invocation_metadata()`, or None.
- `with_call`: whether a blocking call returns the pair (response, `Call`) instead of the response.
- `protocol_options`: an object that the transport defines, or None.

The way of an aborted RPC, on the invocation side. `Abortion.Kind` and the errors correspond:

    AbortionError             what all have in common, and four fields
      CancellationError       CANCELLED         somebody called it off
      ExpirationError         EXPIRED           its timeout passed
      LocalShutdownError      LOCAL_SHUTDOWN    the stub's own end was stopped
      RemoteShutdownError     REMOTE_SHUTDOWN   the service side was stopped
      NetworkError            NETWORK_FAILURE   the two lost each other
      LocalError              LOCAL_FAILURE     a defect on this side
      RemoteError             REMOTE_FAILURE    a defect on the other side

On the service side application code raises `NoSuchMethodError` for a method it does not know; any
other exception of its is a remote failure to the invocation side.

Unless it says so, nothing blocks. Any thread may call any method of a stub, call or context.
"""

from __future__ import annotations

import enum
from typing import Any, ClassVar, NamedTuple, Optional

from grpc.framework.interfaces.face._callables import (
    StreamStreamMultiCallable,
    StreamUnaryMultiCallable,
    UnaryStreamMultiCallable,
    UnaryUnaryMultiCallable,
)
from grpc.framework.interfaces.face._contexts import Call, ResponseReceiver, RpcContext, ServicerContext
from grpc.framework.interfaces.face._passive import (
    PacedSink,
    PassiveCall,
    PassiveMultiCallable,
    PassiveService,
    PassiveSource,
    Watchable,
)
from grpc.framework.interfaces.face._service import MethodImplementation, MultiMethodImplementation
from grpc.framework.interfaces.face._stubs import DynamicStub, GenericStub

__all__ = [
    "Abortion",
    "AbortionError",
    "Call",
    "CancellationError",
    "DynamicStub",
    "ExpirationError",
    "GenericStub",
    "LocalError",
    "LocalShutdownError",
    "MethodImplementation",
    "MultiMethodImplementation",
    "NetworkError",
    "NoSuchMethodError",
    "PacedSink",
    "PassiveCall",
    "PassiveMultiCallable",
    "PassiveService",
    "PassiveSource",
    "RemoteError",
    "RemoteShutdownError",
    "ResponseReceiver",
    "RpcContext",
    "ServicerContext",
    "StreamStreamMultiCallable",
    "StreamUnaryMultiCallable",
    "UnaryStreamMultiCallable",
    "UnaryUnaryMultiCallable",
    "Watchable",
]


class NoSuchMethodError(Exception):
    """Raised by application code on the service side that does not know a method.

    Attributes:
        group: the group of the unknown method.
        method: its name within the group.
    """

    group: str
    method: str

    def __init__(self, group: str, method: str) -> None:
        super().__init__(group, method)
        self.group = group
        self.method = method

    @property
    def name(self) -> str:
        """The same as `method`.

        Both exist because the sources of this API disagree: they document an attribute `name`
        of an error that is made with a `method`.
        """
        return self.method

    def __str__(self) -> str:
        return f"no method {self.method!r} in group {self.group!r}"


class _AbortionFields(NamedTuple):  # apart from Abortion because mypy wants no enum in a NamedTuple
    kind: Abortion.Kind
    initial_metadata: Optional[Any]
    terminal_metadata: Optional[Any]
    code: Optional[Any]
    details: Optional[str]


class Abortion(_AbortionFields):
    """How an RPC was aborted, and what had arrived from the other side by then.

    Attributes:
        kind: the manner.
        initial_metadata: the initial metadata of the other side, or None if none arrived.
        terminal_metadata: the terminal metadata of the other side, or None if none arrived.
        code: the code of the other side, or None if none arrived.
        details: the details of the other side, or None if none arrived.
    """

    __slots__ = ()

    class Kind(enum.Enum):
        """The manner of an abortion; the module's docstring explains each."""

        CANCELLED = "cancelled"
        EXPIRED = "expired"
        LOCAL_SHUTDOWN = "local shutdown"
        REMOTE_SHUTDOWN = "remote shutdown"
        NETWORK_FAILURE = "network failure"
        LOCAL_FAILURE = "local failure"
        REMOTE_FAILURE = "remote failure"


class AbortionError(Exception):
    """Says on the invocation side that an RPC was aborted; subclasses say how.

    Attributes:
        kind: the kind of abortion that the class stands for; None for the common class.
        initial_metadata: as in `Abortion`.
        terminal_metadata: as in `Abortion`.
        code: as in `Abortion`.
        details: as in `Abortion`.
    """

    kind: ClassVar[Optional[Abortion.Kind]] = None

    initial_metadata: Optional[Any]
    terminal_metadata: Optional[Any]
    code: Optional[Any]
    details: Optional[str]

    def __init__(
        self,
        initial_metadata: Optional[Any],
        terminal_metadata: Optional[Any],
        code: Optional[Any],
        details: Optional[str],
    ) -> None:
        # All go to Exception as well: that is what pickles and copies an exception.
        super().__init__(initial_metadata, terminal_metadata, code, details)
        self.initial_metadata = initial_metadata
        self.terminal_metadata = terminal_metadata
        self.code = code
        self.details = details

    def __str__(self) -> str:
        manner = "" if self.kind is None else f" ({self.kind.value})"
        return f"RPC aborted{manner}: code {self.code}, details {self.details!r}"


class CancellationError(AbortionError):
    """Says that the RPC was called off."""

    kind = Abortion.Kind.CANCELLED


class ExpirationError(AbortionError):
    """Says that the RPC took longer than its timeout."""

    kind = Abortion.Kind.EXPIRED


class LocalShutdownError(AbortionError):
    """Says that RPCs were shut down on this side."""

    kind = Abortion.Kind.LOCAL_SHUTDOWN


class RemoteShutdownError(AbortionError):
    """Says that RPCs were shut down on the other side."""

    kind = Abortion.Kind.REMOTE_SHUTDOWN


class NetworkError(AbortionError):
    """Says that the two sides could not reach each other, or lost each other."""

    kind = Abortion.Kind.NETWORK_FAILURE


class LocalError(AbortionError):
    """Says that something on this side is defective."""

    kind = Abortion.Kind.LOCAL_FAILURE


class RemoteError(AbortionError):
    """Says that something on the other side is defective."""

    kind = Abortion.Kind.REMOTE_FAILURE
