"""What invocations return: Face calls whose messages, metadata and codes are those of the beta API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Optional

from grpc._values.status import StatusCode
from grpc.beta import _abortions, _coding, interfaces
from grpc.framework.foundation import abandonment, future, stream
from grpc.framework.interfaces.face import face

if TYPE_CHECKING:
    from types import TracebackType

_ABORTED = (face.AbortionError, future.CancelledError)


class _InvocationContext(interfaces.GRPCInvocationContext):
    __slots__ = ("_next",)

    def __init__(self, next_uncompressed: _coding.NextUncompressed) -> None:
        self._next = next_uncompressed

    def disable_next_request_compression(self) -> None:
        self._next.want()


class Call(face.Call):
    """The call that all others are. Metadata are tuples of pairs, the code is a beta `StatusCode`."""

    __slots__ = ("_coders", "_face", "_faults", "_next")

    def __init__(
        self, call: Any, coders: _coding.Coders, faults: _abortions.Faults, next_uncompressed: _coding.NextUncompressed
    ) -> None:
        """Clothe a Face call.

        Args:
          call: The call; a `future.Future`, too, as all calls of crust are.
          coders: The method's.
          faults: Where what draws the requests, or takes the responses, leaves what went wrong.
          next_uncompressed: For its requests.
        """
        self._face = call
        self._coders = coders
        self._faults = faults
        self._next = next_uncompressed

    def __repr__(self) -> str:
        if self._face.is_active():
            return f"<beta {type(self).__name__}, active>"
        ending = self._ending()
        return f"<beta {type(self).__name__}, ended with {ending.code.name}: {ending.details}>"

    def _ending(self) -> _abortions.Ending:
        return _abortions.ending_of(self._face, self._faults)

    def _abortion(self) -> Optional[face.Abortion]:
        """The abortion of a call that did not end with OK, else None; waits for the end."""
        ending = self._ending()
        if ending.code is StatusCode.OK:
            return None
        return _abortions.abortion(
            self._face.initial_metadata(), self._face.terminal_metadata(), ending.code, ending.details
        )

    # ------------------------------------------------------------ as the call

    def is_active(self) -> bool:
        return bool(self._face.is_active())

    def time_remaining(self) -> Optional[float]:
        remaining: Optional[float] = self._face.time_remaining()
        return remaining

    def cancel(self) -> bool:
        self._face.cancel()
        return False

    def protocol_context(self) -> interfaces.GRPCInvocationContext:
        return _InvocationContext(self._next)

    def add_abortion_callback(self, abortion_callback: Callable[[face.Abortion], None]) -> None:
        def tell(_: Any) -> None:
            abortion = self._abortion()
            if abortion is not None:
                abortion_callback(abortion)

        self._face.add_done_callback(tell)

    def initial_metadata(self) -> Any:
        return self._face.initial_metadata() or ()

    def terminal_metadata(self) -> Any:
        return self._face.terminal_metadata() or ()

    def code(self) -> StatusCode:
        return self._ending().code

    def details(self) -> str:
        return self._ending().details

    # ------------------------------------------------------------ what subclasses share

    def _error(self) -> Optional[face.AbortionError]:
        """The error of a call that did not end with OK, else None; waits for the end."""
        abortion = self._abortion()
        if abortion is None:
            return None
        error = _abortions.error(abortion)
        fault = self._faults.first
        error.__cause__ = None if fault is None else fault.__cause__  # what the application's code raised, if it did
        return error

    def _message(self, payload: bytes) -> Any:
        """The response that bytes stand for; bytes that stand for none end the call with INTERNAL."""
        try:
            return _coding.deserialized(self._coders.deserialize, payload, "response")
        except _abortions.Failure as failure:
            self._faults.add(failure)
        self._face.cancel()
        error = self._error()
        assert error is not None  # there is a fault
        raise error


def _forsake(call: Call) -> None:
    """Nobody can have the responses any more. Where a receiver is passed them, that is no reason to cancel the RPC."""
    face_call = getattr(call, "_face", None)  # it may never have been quite made
    if isinstance(face_call, face.PassiveCall):
        face_call.forsake()


_NOTHING = object()


class UnaryCall(Call, future.Future[Any]):
    """A call with one response, which is its result as a future."""

    __slots__ = ("_cancelled", "_response")

    def __init__(
        self, call: Any, coders: _coding.Coders, faults: _abortions.Faults, next_uncompressed: _coding.NextUncompressed
    ) -> None:
        super().__init__(call, coders, faults, next_uncompressed)
        self._cancelled = False
        self._response: Any = _NOTHING

    def __del__(self) -> None:
        _forsake(self)

    def response(self) -> Any:
        """Wait for the one response, or raise the `AbortionError`; who is torn out of the wait cancels the call."""
        try:
            return self._wait(None)
        except Exception:
            raise
        except BaseException:
            self._face.cancel()
            raise

    def _wait(self, timeout: Optional[float]) -> Any:
        try:
            payload = self._face.result(timeout)
        except _ABORTED:
            payload = None
        # In memory a response may come with a code that is not OK.
        if payload is None or self._face.code() or self._faults.first is not None:
            error = self._error()
            assert error is not None
            raise error
        if self._response is _NOTHING:
            self._response = self._message(payload)
        return self._response

    # ------------------------------------------------------------ as the future

    def cancel(self) -> bool:
        if self._face.is_active():
            self._cancelled = True
        return super().cancel()

    def cancelled(self) -> bool:
        return self._cancelled and not self.is_active() and self.code() is StatusCode.CANCELLED

    def running(self) -> bool:
        return self.is_active()

    def done(self) -> bool:
        return not self.is_active()

    def result(self, timeout: Optional[float] = None) -> Any:
        try:
            return self._wait(timeout)
        except face.CancellationError:
            if not self._cancelled:
                raise  # the other side called it off, not who holds this future
        raise future.CancelledError("the RPC was cancelled")

    def exception(self, timeout: Optional[float] = None) -> Optional[BaseException]:
        try:
            self.result(timeout)
        except face.AbortionError as error:
            return error
        return None

    def traceback(self, timeout: Optional[float] = None) -> Optional[TracebackType]:
        error = self.exception(timeout)
        return None if error is None else error.__traceback__

    def add_done_callback(self, fn: Callable[[future.Future[Any]], object]) -> None:
        self._face.add_done_callback(lambda _: fn(self))


class StreamCall(Call):
    """A call with many responses, to be drawn."""

    __slots__ = ()

    def __del__(self) -> None:
        _forsake(self)

    def __iter__(self) -> StreamCall:
        return self

    def __next__(self) -> Any:
        try:
            payload = next(self._face)
        except (StopIteration, face.AbortionError):
            pass
        else:
            return self._message(payload)
        raise self._error() or StopIteration()

    next = __next__


class ConsumerCall(Call, stream.Consumer[Any]):
    """A call whose requests are passed in."""

    __slots__ = ()

    def consume(self, value: Any) -> None:
        """Send a request.

        Raises:
          ValueError: The requests have been terminated.
          Abandoned: The RPC has ended; it has done so also if this request cannot be serialized.
        """
        self._face.consume(self._payload(value))

    def terminate(self) -> None:
        self._face.terminate()

    def consume_and_terminate(self, value: Any) -> None:
        """Send the last request; see `consume`."""
        self._face.consume_and_terminate(self._payload(value))

    def _payload(self, value: Any) -> bytes:
        try:
            payload = _coding.serialized(self._coders.serialize, value, "request")
        except _abortions.Failure as failure:
            self._faults.add(failure)
        else:
            return self._next.mark(payload)
        self._face.cancel()
        raise abandonment.Abandoned()


class Unbegun(face.Call, future.Future[Any], stream.Consumer[Any]):
    """Stands for the Face call of an RPC that failed on this side before anything was sent.

    Its failure is the first of the call's `Faults`, so that whoever clothes it says why.
    """

    __slots__ = ()

    def is_active(self) -> bool:
        return False

    def time_remaining(self) -> float:
        return 0.0

    def add_abortion_callback(self, abortion_callback: Callable[[face.Abortion], None]) -> None:
        abortion_callback(face.Abortion(face.Abortion.Kind.LOCAL_FAILURE, None, None, None, None))

    def cancel(self) -> bool:
        return False

    def protocol_context(self) -> None:
        return None

    def initial_metadata(self) -> None:
        return None

    def terminal_metadata(self) -> None:
        return None

    def code(self) -> None:
        return None

    def details(self) -> None:
        return None

    def cancelled(self) -> bool:
        return False

    def running(self) -> bool:
        return False

    def done(self) -> bool:
        return True

    def result(self, timeout: Optional[float] = None) -> Any:
        raise face.LocalError(None, None, None, None)

    def exception(self, timeout: Optional[float] = None) -> BaseException:
        return face.LocalError(None, None, None, None)

    def traceback(self, timeout: Optional[float] = None) -> None:
        return None

    def add_done_callback(self, fn: Callable[[future.Future[Any]], object]) -> None:
        fn(self)

    def __next__(self) -> Any:
        raise face.LocalError(None, None, None, None)

    def consume(self, value: Any) -> None:
        raise abandonment.Abandoned()

    def terminate(self) -> None:
        pass

    def consume_and_terminate(self, value: Any) -> None:
        raise abandonment.Abandoned()
