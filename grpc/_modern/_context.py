"""What a handler is given: a Face servicer context in the clothes of the modern API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Optional

from grpc._modern import _interfaces
from grpc._values import status

if TYPE_CHECKING:
    from grpc._values import contexts
    from grpc.framework.interfaces.face import face


class Aborted(Exception):
    """What `abort` raises to get out of the handler; the status has been set."""


class ServicerContext(_interfaces.ServicerContext):
    """See `grpc.ServicerContext`."""

    __slots__ = ("_face", "aborted", "code_set", "details_set")

    def __init__(self, face_context: face.ServicerContext) -> None:
        self._face = face_context
        self.aborted = False
        self.code_set: Optional[int] = None
        self.details_set: Optional[str] = None

    def invocation_metadata(self) -> Any:
        return self._face.invocation_metadata() or ()

    def peer(self) -> str:
        context: Optional[contexts.ServiceContext] = self._face.protocol_context()
        return "inproc:" if context is None else context.peer

    def send_initial_metadata(self, initial_metadata: _interfaces.Metadata) -> None:
        self._face.initial_metadata(tuple(initial_metadata))

    def set_trailing_metadata(self, trailing_metadata: _interfaces.Metadata) -> None:
        self._face.terminal_metadata(tuple(trailing_metadata))

    def abort(self, code: status.StatusCode, details: str) -> None:
        if code is status.StatusCode.OK:
            code, details = status.StatusCode.UNKNOWN, ""
        self.set_code(code)
        self.set_details(details)
        self.aborted = True
        raise Aborted()

    def set_code(self, code: status.StatusCode) -> None:
        self.code_set = code.value[0]
        self._face.code(self.code_set)

    def set_details(self, details: str) -> None:
        self.details_set = details
        self._face.details(details)

    def is_active(self) -> bool:
        return self._face.is_active()

    def time_remaining(self) -> Optional[float]:
        return self._face.time_remaining()

    def cancel(self) -> None:
        self._face.cancel()

    def add_callback(self, callback: Callable[[], None]) -> bool:
        if not self._face.is_active():
            return False
        self._face.add_abortion_callback(lambda _: callback())
        return True

    def fail(self, code: int, details: str) -> None:
        """Set the status for a failure of the handler, or of the library around it."""
        self._face.code(code)
        self._face.details(details)
