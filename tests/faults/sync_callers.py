"""Callers in threads, by way of `grpc`: each makes one planned call after another, in every style there is.

    blocking, with_call      wait for the response
    future, callback         begin, and wait by the future, or for its done callback
    iterate                  read the responses
    turns                    the next request is given when the response to the one before has come
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from typing import Any, Callable, Dict, Iterator, Optional

import grpc
from tests.faults import planning, service
from tests.faults.ledger import CANCELLED, DROPPED, MARGIN, OK, REFUSED, UNAVAILABLE, Entry
from tests.faults.messages import REQUESTS, encode_message
from tests.faults.plans import PlannedError, Shape, Styles

_ONE = ("blocking", "with_call", "future", "callback")
STYLES = {
    Shape.UNARY_UNARY: _ONE,
    Shape.STREAM_UNARY: _ONE,
    Shape.UNARY_STREAM: ("iterate",),
    Shape.STREAM_STREAM: ("iterate", "iterate", "turns"),
}

# Seconds between calls, and after one that could not be made.
_BREATH, _AFTER_FAILURE = 0.002, 0.05
# Seconds after which a channel that nothing happens to any more must have recovered.
RECOVERY = 30.0
# Seconds until other callers have nothing going on any more, but for what hangs on to lost connections.
LULL = 0.5
NO_RECOVERY = f"no call ended OK for {RECOVERY:g} s though nothing is in the way"


def requests_of(entry: Entry, cancel: Callable[[], Any], turns: Optional[Callable[[], bool]] = None) -> Iterator[bytes]:
    """The requests of a call, as its plan has them.

    Args:
      entry: The call.
      cancel: Cancels it.
      turns: Waits for leave to give the next request; returns whether there is to be one.
    """
    plan = entry.plan
    for place, size in enumerate(plan.requests):
        if plan.cancels_at == place and not plan.shape.many_responses:
            entry.cancelled = True
            cancel()
        if plan.raises_at == place:
            raise PlannedError("as planned")
        if turns is not None and place and not turns():
            return
        entry.drawn += 1
        yield encode_message(plan.key, REQUESTS, place, size)
    if plan.raises_at is not None and plan.raises_at >= len(plan.requests):
        raise PlannedError("as planned")


class Caller(planning.Planner):
    """Makes calls over one channel, one after another."""

    def run(self, styles: Styles, stopped: Callable[[], bool], resting: Callable[[], bool]) -> None:
        """Make calls until told to stop, or until the channel is closed; none while told to rest."""
        while not stopped():
            if resting():
                time.sleep(_AFTER_FAILURE)
                continue
            entry = self.begin(styles)
            self._make(entry)
            if entry.outcome == REFUSED:
                return
            time.sleep(_AFTER_FAILURE if entry.outcome == UNAVAILABLE else self._dice.uniform(0, 5) * _BREATH)

    def recover(self, styles: Styles, more: int) -> None:
        """Make simple calls until one ends OK, and some more, which must; reported if not, or if none does in time."""
        begin = time.monotonic()
        while time.monotonic() - begin < RECOVERY:
            entry = self.begin(styles, **pulse())
            self._make(entry)
            if entry.outcome in (OK, REFUSED):
                break
            time.sleep(_AFTER_FAILURE)
        else:
            self._ledger.broken("recovery", entry, NO_RECOVERY)
            return
        time.sleep(LULL)
        for _ in range(more):
            entry = self.begin(styles, **pulse())
            self._make(entry)
            self._ledger.expect_ok(entry)

    def _make(self, entry: Entry) -> None:
        try:
            self.make(entry)
        except ValueError as error:
            if "closed" not in str(error):
                raise
            entry.end(REFUSED, str(error))
        except BaseException as error:
            entry.end(f"{type(error).__name__} raised", str(error))
            raise

    # ------------------------------------------------------------ the styles

    def make(self, entry: Entry) -> None:
        """Make the call."""
        plan = entry.plan
        method = self._methods[plan.shape]
        how = {
            "timeout": plan.timeout,
            "metadata": service.metadata(plan),
            "wait_for_ready": plan.wait_for_ready or None,
            "compression": grpc.Compression(plan.compression) if plan.compression else None,
        }
        if plan.shape.many_responses:
            self._stream(entry, method, how)
        elif plan.style in ("blocking", "with_call"):
            self._blocking(entry, method, how)
        else:
            self._future(entry, method, how)

    def _request(self, entry: Entry, calls: Any, turns: Optional[Callable[[], bool]] = None) -> Any:
        """The request, or the iterator of them; `calls` gives the call as soon as there is one."""
        plan = entry.plan
        if plan.shape.many_requests:
            return requests_of(entry, lambda: calls.get().cancel(), turns)
        return encode_message(plan.key, REQUESTS, 0, plan.requests[0])

    def _blocking(self, entry: Entry, method: Any, how: Any) -> None:
        plan = entry.plan._replace(cancels_at=None)  # there is nothing to cancel
        entry.plan = plan
        call = method if plan.style == "blocking" else method.with_call
        try:
            response = call(self._request(entry, None), **how)
        except grpc.RpcError as error:
            entry.end(error.code().name, error.details())  # type: ignore[attr-defined]  # it is a Call as well
            return
        if plan.style == "with_call":
            response, known = response
            if known.code() is not grpc.StatusCode.OK:
                entry.end(f"a response with {known.code()}")
                return
        entry.response(response)
        entry.end(OK)

    def _future(self, entry: Entry, method: Any, how: Any) -> None:
        plan = entry.plan
        calls: queue.Queue[Any] = queue.Queue()
        told = threading.Event()
        call = method.future(self._request(entry, calls), **how)
        calls.put(call)
        if plan.style == "callback":
            call.add_done_callback(lambda _: entry.tell())
            call.add_done_callback(lambda _: told.set())
        with cancelling(entry, call):
            self._await_end(entry, call, told)

    def _await_end(self, entry: Entry, call: Any, told: threading.Event) -> None:
        plan = entry.plan
        if plan.style == "callback" and not told.wait(entry.bound - entry.began):
            entry.end("its done callback was not called")
            return
        self._result(entry, call)

    def _result(self, entry: Entry, call: Any) -> None:
        try:
            response = call.result(entry.bound - entry.began)
        except grpc.FutureCancelledError:
            outcome = CANCELLED
        except grpc.FutureTimeoutError:
            outcome = "no result in time"
        except grpc.RpcError as error:
            outcome = error.code().name  # type: ignore[attr-defined]  # it is a Call as well
        else:
            entry.response(response)
            outcome = OK
        code = call.code().name
        entry.end(outcome if code == outcome else f"{outcome}, and then {code}", call.details())

    def _stream(self, entry: Entry, method: Any, how: Any) -> None:
        plan = entry.plan
        calls: queue.Queue[Any] = queue.Queue()
        came: queue.SimpleQueue[bool] = queue.SimpleQueue()
        call = method(self._request(entry, calls, came.get if plan.style == "turns" else None), **how)
        if plan.drops_at is None:  # else nobody but this function may hold it
            calls.put(call)
        if not call.add_callback(lambda: came.put(False)):
            came.put(False)
        with cancelling(entry, call):
            self._read(entry, call, came)

    def _read(self, entry: Entry, call: Any, came: queue.SimpleQueue[bool]) -> None:
        plan = entry.plan
        try:
            for response in call:
                self._before_response(entry, call)
                if plan.drops_at == entry.reader.seen:
                    entry.end(DROPPED)
                    return
                entry.response(response)
                came.put(True)
            self._before_response(entry, call)
        except grpc.RpcError as error:
            outcome = error.code().name  # type: ignore[attr-defined]  # it is a Call as well
        else:
            outcome = OK
        code = call.code().name
        entry.end(outcome if code == outcome else f"{outcome}, and then {code}", call.details())

    def _before_response(self, entry: Entry, call: Any) -> None:
        if entry.plan.cancels_at == entry.reader.seen and not entry.cancelled:
            entry.cancelled = True
            call.cancel()


@contextlib.contextmanager
def cancelling(entry: Entry, call: Any) -> Iterator[None]:
    """Have another thread cancel a call when it is planned."""
    after = entry.plan.cancels_after
    if after is None:
        yield
        return

    def cancel() -> None:
        entry.cancelled = True
        call.cancel()

    timer = threading.Timer(after, cancel)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def pulse() -> Dict[str, Any]:
    """What makes a plan that of a simple call, which must go through where nothing is in the way."""
    return {
        "shape": Shape.UNARY_UNARY,
        "style": "blocking",
        "requests": (100,),
        "responses": (100,),
        "timeout": MARGIN,
        "cancels_at": None,
        "cancels_after": None,
        "drops_at": None,
        "raises_at": None,
        "aborts_at": None,
        "pause": 0,
    }
