"""What methods are given: a Face servicer context whose codes and metadata are those of the beta API."""

from __future__ import annotations

import logging
from typing import Any, Callable, Optional, Union

from grpc._values import status
from grpc._values.status import StatusCode
from grpc.beta import _abortions, _coding, interfaces
from grpc.framework.foundation import abandonment
from grpc.framework.interfaces.face import face

_LOGGER = logging.getLogger(__name__)


class Failed(Exception):
    """The RPC is over; its status has been set, and what there is to be logged has been."""


class _ProtocolContext(interfaces.GRPCServicerContext):
    __slots__ = ("_face", "_next")

    def __init__(self, face_context: face.ServicerContext, next_uncompressed: _coding.NextUncompressed) -> None:
        self._face = face_context
        self._next = next_uncompressed

    def peer(self) -> str:
        transport = self._face.protocol_context()
        return "inproc:" if transport is None else str(transport.peer)

    def disable_next_response_compression(self) -> None:
        self._next.want()


class ServicerContext(face.ServicerContext):
    """See `face.ServicerContext`."""

    __slots__ = ("_cancelled", "_code", "_coders", "_details", "_face", "_name", "_next")

    def __init__(self, name: str, coders: _coding.Coders, face_context: face.ServicerContext) -> None:
        """Clothe a Face context.

        Args:
          name: The method, for the log.
          coders: The method's.
          face_context: The context.
        """
        self._name = name
        self._coders = coders
        self._face = face_context
        self._next = _coding.NextUncompressed()
        # Told by this side itself, because Face hears of the end from another thread perhaps, which may be busy.
        self._cancelled = False
        self._code = 0
        self._details: Optional[str] = None

    # ------------------------------------------------------------ as the context

    def is_active(self) -> bool:
        return not self._cancelled and self._face.is_active()

    def time_remaining(self) -> Optional[float]:
        return self._face.time_remaining()

    def add_abortion_callback(self, abortion_callback: Callable[[face.Abortion], None]) -> None:
        def tell(abortion: face.Abortion) -> None:
            ending = _abortions.ending(abortion.kind, abortion.code, abortion.details)
            abortion_callback(face.Abortion(abortion.kind, self.invocation_metadata(), (), ending.code, ending.details))

        self._face.add_abortion_callback(tell)

    def cancel(self) -> Optional[bool]:
        self._cancelled = True
        return self._face.cancel()

    def protocol_context(self) -> interfaces.GRPCServicerContext:
        return _ProtocolContext(self._face, self._next)

    def invocation_metadata(self) -> Any:
        return self._face.invocation_metadata() or ()

    def initial_metadata(self, initial_metadata: Any) -> None:
        self._face.initial_metadata(_coding.metadata(initial_metadata) or ())

    def terminal_metadata(self, terminal_metadata: Any) -> None:
        self._face.terminal_metadata(_coding.metadata(terminal_metadata) or ())

    def code(self, code: Union[StatusCode, int]) -> None:
        """Set the status; a number on the wire will do as well.

        Raises:
          TypeError: It is neither.
          ValueError: There is no status of that number.
        """
        if isinstance(code, StatusCode):
            self._code = code.value[0]
        elif isinstance(code, bool) or not isinstance(code, int):
            raise TypeError(f"a code is an interfaces.StatusCode, not {code!r}")
        elif not 0 <= code <= status.UNAUTHENTICATED:
            raise ValueError(f"the codes are the numbers from 0 to {status.UNAUTHENTICATED}, not {code}")
        else:
            self._code = code
        self._face.code(self._code)

    def details(self, details: Union[str, bytes]) -> None:
        self._details = details.decode("utf-8", "replace") if isinstance(details, bytes) else details
        self._face.details(self._details)

    # ------------------------------------------------------------ messages

    def request(self, payload: bytes) -> Any:
        """One request from its bytes.

        Raises:
          Failed: That cannot be done.
        """
        try:
            return _coding.deserialized(self._coders.deserialize, payload, "request")
        except _abortions.Failure as failure:
            self._fail_logged(failure)
            raise Failed() from None

    def payload(self, response: Any) -> Optional[bytes]:
        """The bytes of one response; None for no response from a method that gave none because it set an error.

        Raises:
          Failed: That cannot be done.
        """
        if response is None and self._code:
            return None
        try:
            payload = _coding.serialized(self._coders.serialize, response, "response")
        except _abortions.Failure as failure:
            self._fail_logged(failure)
            raise Failed() from None
        return self._next.mark(payload)

    def _fail_logged(self, failure: _abortions.Failure) -> None:
        _LOGGER.error("%s (in %s)", failure.details, self._name, exc_info=failure.__cause__)
        self._fail(failure.code, failure.details)

    # ------------------------------------------------------------ failures

    @property
    def has_error(self) -> bool:
        """Whether the method has set a code other than OK."""
        return self._code != 0

    def note(self, error: Exception) -> None:
        """Set the status for what the application raised, and log what deserves it."""
        if isinstance(error, Failed):
            return
        if isinstance(error, face.NoSuchMethodError):
            self._fail(StatusCode.UNIMPLEMENTED, str(error))
            return
        if not self.is_active():
            return  # a method that stumbles over the end of its RPC is not at fault
        if not isinstance(error, abandonment.Abandoned):
            _LOGGER.error("Exception calling application in %s: %s", self._name, error, exc_info=error)
        self._fail(StatusCode.UNKNOWN, f"Exception calling application: {error}")

    def _fail(self, code: StatusCode, details: str) -> None:
        """Set the status of a failure, except for what the method has said of it itself."""
        if not self.has_error:
            self.code(code)
        if self._details is None:
            self.details(details)
