"""What a handler is given: a Face servicer context in the clothes of the modern API."""

from __future__ import annotations

import contextvars
import logging
import threading
from typing import TYPE_CHECKING, Any, Callable, Iterable, List, Mapping, NamedTuple, Optional

from grpc._modern import _contexts
from grpc._values import contexts, status
from grpc._values import metadata as _metadata

if TYPE_CHECKING:
    from grpc._modern._contexts import Metadata
    from grpc._values.compression import Compression
    from grpc.framework.interfaces.face import face


_LOGGER = logging.getLogger(__name__)


class Aborted(Exception):
    """What `abort` raises to get out of the handler; the status has been set."""


class _State(NamedTuple):
    """What a handler has said so far, and whether the client still listens: `open` or `cancelled`."""

    client: str
    code: Optional[status.StatusCode]
    details: Optional[str]
    trailing_metadata: Any
    aborted: bool


class ServicerContext(_contexts.ServicerContext):
    """See `grpc.ServicerContext`."""

    __slots__ = (
        "__dict__",  # interceptors leave here what the handler is to find, such as who the user is
        "__weakref__",
        "_callbacks",
        "_code",
        "_details",
        "_face",
        "_failed",
        "_initial_sent",
        "_next_uncompressed",
        "_trailing",
        "aborted",
    )

    def __init__(self, face_context: face.ServicerContext) -> None:
        self._face = face_context
        self.aborted = False
        self._code: Optional[status.StatusCode] = None
        self._details: Optional[str] = None
        self._trailing: Any = ()
        self._failed = False
        self._initial_sent = False
        self._next_uncompressed = False
        self._callbacks: Optional[_EndCallbacks] = None

    # ------------------------------------------------------------ what is known of the client

    def invocation_metadata(self) -> Any:
        return _metadata.named(self._face.invocation_metadata())

    def peer(self) -> str:
        context = self._face.protocol_context()
        return "inproc:" if context is None else str(context.peer)

    def auth_context(self) -> Mapping[str, Iterable[bytes]]:
        context = self._face.protocol_context()
        found: Optional[Mapping[str, Iterable[bytes]]] = None if context is None else context.auth_context
        return found or {}

    def peer_identity_key(self) -> Optional[str]:
        found = self.auth_context()
        for key in ("x509_subject_alternative_name", "x509_common_name"):
            if found.get(key):
                return key
        return None

    def peer_identities(self) -> Optional[Iterable[bytes]]:
        key = self.peer_identity_key()
        return None if key is None else self.auth_context()[key]

    # ------------------------------------------------------------ what is said

    def set_compression(self, compression: Compression) -> None:
        context = self._face.protocol_context()
        if context is not None:  # in memory nothing is encoded, compressed neither
            context.set_compression(compression)

    def disable_next_message_compression(self) -> None:
        self._next_uncompressed = True

    def wrapped(self, payload: bytes) -> bytes:
        """A response's bytes as they go down: marked, if they are not to be compressed."""
        if self._next_uncompressed:
            self._next_uncompressed = False
            return contexts.Uncompressed(payload)
        return payload

    def send_initial_metadata(self, initial_metadata: Metadata) -> None:
        items = _metadata.checked(initial_metadata)
        if self._initial_sent:
            raise ValueError("Initial metadata no longer allowed!")
        self._initial_sent = True
        self._face.initial_metadata(items or ())

    def set_trailing_metadata(self, trailing_metadata: Metadata) -> None:
        self._trailing = _metadata.checked(trailing_metadata) or ()
        self._face.terminal_metadata(self._trailing)

    def trailing_metadata(self) -> Any:
        return self._trailing

    def abort(self, code: status.StatusCode, details: str) -> None:
        if not isinstance(code, status.StatusCode):
            raise TypeError(f"abort takes a grpc.StatusCode, not {code!r}")
        if code is status.StatusCode.OK:
            code, details = status.StatusCode.UNKNOWN, ""
        self.set_code(code)
        self.set_details(details)
        self.aborted = True
        raise Aborted(code, details)

    def abort_with_status(self, status: _contexts.Status) -> None:
        if status.trailing_metadata is not None:
            self.set_trailing_metadata(status.trailing_metadata)
        self.abort(status.code, status.details)

    def set_code(self, code: status.StatusCode) -> None:
        if not isinstance(code, status.StatusCode):
            raise TypeError(f"set_code takes a grpc.StatusCode, not {code!r}")
        self._code = code
        self._face.code(code.value[0])

    def set_details(self, details: str) -> None:
        if isinstance(details, bytes):
            details = details.decode("utf-8", "replace")
        elif details is not None and not isinstance(details, str):
            raise TypeError(f"the details of a status are text, not {details!r}")
        self._details = details
        self._face.details(details)

    def code(self) -> Optional[status.StatusCode]:
        return self._code

    def details(self) -> Optional[str]:
        return self._details

    @property
    def _state(self) -> _State:
        """All of it as it stands, under the name by which interceptors that count statuses get at grpcio's.

        They were written before there was a `code()`. It changes nothing to change this.
        """
        client = "open" if self._face.is_active() else "cancelled"
        return _State(client, self._code, self._details, self._trailing, self.aborted)

    def fail(self, number: int, details: str) -> None:
        """Set the status for a failure of the handler or of the library; what the handler has set goes before."""
        self._failed = True
        if self._code is None:
            self._face.code(number)
        if self._details is None:
            self._face.details(details)

    def completed(self) -> None:
        """Say OK in so many words, unless the handler has set a status.

        A caller that expects one response, of a handler that gave none, learns from it that nothing went wrong: the two
        only differ about the shape of the method.
        """
        if self._code is None and not self._failed:
            self._face.code(status.OK)

    # ------------------------------------------------------------ the RPC

    def is_active(self) -> bool:
        return self._face.is_active()

    def time_remaining(self) -> Optional[float]:
        return self._face.time_remaining()

    def cancel(self) -> None:
        self._face.cancel()

    def add_callback(self, callback: Callable[[], None]) -> bool:
        if not self._face.is_active():
            return False
        if self._callbacks is None:
            self._callbacks = _EndCallbacks()
            self._face.add_abortion_callback(self._callbacks.run)
        return self._callbacks.add(callback)

    def ended(self) -> None:
        """The handler has given its last response: the RPC is over unless it was aborted before."""
        if self._callbacks is not None:
            self._callbacks.run(None)


class _EndCallbacks:
    """The callbacks of one RPC, called once: when it is aborted or when it has completed, whichever comes first."""

    def __init__(self) -> None:
        # Guards the list, which is None once the callbacks have been called.
        self._lock = threading.Lock()
        self._callbacks: Optional[List[Callable[[], None]]] = []

    def add(self, callback: Callable[[], None]) -> bool:
        run = contextvars.copy_context().run
        with self._lock:
            if self._callbacks is None:
                return False
            self._callbacks.append(lambda: run(callback))
            return True

    def run(self, _: Optional[face.Abortion]) -> None:
        with self._lock:
            callbacks, self._callbacks = self._callbacks, None
        for callback in callbacks or ():
            _call_logged(callback)


def _call_logged(callback: Callable[[], None]) -> None:
    try:
        callback()
    except Exception:
        _LOGGER.exception("A callback of an RPC raised")
