"""Callers in threads, by way of `grpc.beta`: inline, future and event-driven calls to a modern server."""

from __future__ import annotations

import queue
import threading
from typing import Any, Callable, List, Optional

from grpc.framework.common.cardinality import Cardinality
from grpc.framework.foundation import abandonment, future
from grpc.framework.interfaces.face import face
from tests.faults import service, sync_callers
from tests.faults.ledger import CANCELLED, MARGIN, OK, Entry
from tests.faults.plans import Shape

STYLES = {
    Shape.UNARY_UNARY: ("blocking", "with_call", "future", "event"),
    Shape.STREAM_UNARY: ("blocking", "with_call", "future", "event"),
    Shape.UNARY_STREAM: ("inline", "event"),
    Shape.STREAM_STREAM: ("inline", "turns", "event"),
}

CARDINALITIES = {shape.value: Cardinality[shape.name] for shape in Shape}


class _Receiver(face.ResponseReceiver):
    """Hears an event-driven call; the end is heard once."""

    def __init__(self, entry: Entry) -> None:
        self._entry = entry
        self.ends: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.call: Optional[Any] = None
        self.begun = threading.Event()

    def initial_metadata(self, initial_metadata: Any) -> None:
        pass

    def response(self, response: Any) -> None:
        entry = self._entry
        if entry.plan.cancels_at == entry.reader.seen and entry.plan.shape.many_responses and not entry.cancelled:
            self.begun.wait(MARGIN)
            entry.cancelled = True
            assert self.call is not None
            self.call.cancel()
        entry.response(response)

    def complete(self, terminal_metadata: Any, code: Any, details: Any) -> None:
        self._end(code.name)

    def abort(self, abortion: face.Abortion) -> None:
        """Is the abortion callback."""
        self._end(abortion.code.name)  # type: ignore[union-attr]  # those of grpc.beta have one

    def _end(self, outcome: str) -> None:
        self._entry.tell()
        self.ends.put(outcome)


class Caller(sync_callers.Caller):
    """Makes calls by a dynamic stub, one after another."""

    def __init__(self, stub: Any, *arguments: Any) -> None:
        """Make a caller; see `sync_callers.Caller`, but for the stub."""
        super().__init__(_StubAsChannel(stub), *arguments)  # type: ignore[arg-type]

    def make(self, entry: Entry) -> None:
        plan = entry.plan
        method = self._methods[plan.shape]
        how = {"timeout": plan.timeout, "metadata": service.metadata(plan)}
        if plan.style == "event":
            self._event(entry, method, how)
        elif plan.style in ("blocking", "with_call"):
            self._blocking(entry, method, how)
        elif plan.style == "future":
            self._future(entry, method, how)
        else:
            self._inline(entry, method, how)

    def _blocking(self, entry: Entry, method: Any, how: Any) -> None:
        entry.plan = entry.plan._replace(cancels_at=None)
        try:
            response = method(self._request(entry, None), with_call=entry.plan.style == "with_call", **how)
        except face.AbortionError as error:
            entry.end(error.code.name, error.details or "")  # type: ignore[union-attr]
            return
        entry.response(response[0] if entry.plan.style == "with_call" else response)
        entry.end(OK)

    def _future(self, entry: Entry, method: Any, how: Any) -> None:
        calls: queue.Queue[Any] = queue.Queue()
        call = method.future(self._request(entry, calls), **how)
        calls.put(call)
        with sync_callers.cancelling(entry, call):
            self._await_result(entry, call)

    def _await_result(self, entry: Entry, call: Any) -> None:
        try:
            response = call.result(entry.bound - entry.began)
        except future.CancelledError:
            outcome = CANCELLED
        except future.TimeoutError:
            outcome = "no result in time"
        except face.AbortionError as error:
            outcome = error.code.name  # type: ignore[union-attr]
        else:
            entry.response(response)
            outcome = OK
        entry.end(outcome)

    def _inline(self, entry: Entry, method: Any, how: Any) -> None:
        plan = entry.plan
        calls: queue.Queue[Any] = queue.Queue()
        came: queue.SimpleQueue[bool] = queue.SimpleQueue()
        call = method(self._request(entry, calls, came.get if plan.style == "turns" else None), **how)
        calls.put(call)
        call.add_abortion_callback(lambda _: came.put(False))
        with sync_callers.cancelling(entry, call):
            self._read_inline(entry, call, came)

    def _read_inline(self, entry: Entry, call: Any, came: queue.SimpleQueue[bool]) -> None:
        try:
            for response in call:
                self._before_response(entry, call)
                entry.response(response)
                came.put(True)
            self._before_response(entry, call)
        except face.AbortionError as error:
            outcome = error.code.name  # type: ignore[union-attr]
        else:
            outcome = OK
        came.put(False)
        entry.end(outcome)

    def _event(self, entry: Entry, method: Any, how: Any) -> None:
        plan = entry.plan
        receiver = _Receiver(entry)
        arguments: List[Any] = [] if plan.shape.many_requests else [self._request(entry, None)]
        call = receiver.call = method.event(*arguments, receiver, receiver.abort, how["timeout"], how["metadata"])
        receiver.begun.set()
        with sync_callers.cancelling(entry, call):
            self._send_and_wait(entry, receiver, call)

    def _send_and_wait(self, entry: Entry, receiver: _Receiver, call: Any) -> None:
        if entry.plan.shape.many_requests:
            try:
                for request in sync_callers.requests_of(entry, call.cancel):
                    call.consume(request)
                call.terminate()
            except abandonment.Abandoned:  # the call is over
                pass
        try:
            outcome = receiver.ends.get(timeout=entry.bound - entry.began)
        except queue.Empty:
            outcome = "no end was heard"
        entry.end(outcome)


class _StubAsChannel:
    """Gives the multi-callables of a dynamic stub where `sync_callers` asks a channel for them."""

    def __init__(self, stub: Any) -> None:
        self._stub = stub

    def _method(self, path: str) -> Any:
        return getattr(self._stub, path.rpartition("/")[2])

    unary_unary: Callable[..., Any] = _method
    unary_stream: Callable[..., Any] = _method
    stream_unary: Callable[..., Any] = _method
    stream_stream: Callable[..., Any] = _method
