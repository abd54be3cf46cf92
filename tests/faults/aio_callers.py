"""Callers on a loop, by way of `grpc.aio`: each makes one planned call after another, in every style there is.

    await, callback          wait for the response; the second one for the done callback as well
    iterate                  read the responses by `async for`, requests come from an asynchronous iterator
    read                     read the responses by `read`, requests come from an ordinary iterator
    write                    requests are written by a task of their own
    turns                    the next request is written when the response to the one before has come
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any, AsyncIterator, Callable, Iterator

import grpc
from tests.faults import planning, service
from tests.faults.ledger import CANCELLED, DROPPED, OK, REFUSED, UNAVAILABLE, Entry
from tests.faults.messages import REQUESTS, encode_message
from tests.faults.plans import Shape, Styles
from tests.faults.sync_callers import LULL, NO_RECOVERY, RECOVERY, pulse, requests_of

STYLES = {
    Shape.UNARY_UNARY: ("await", "callback"),
    Shape.STREAM_UNARY: ("await", "callback", "iterate", "write"),
    Shape.UNARY_STREAM: ("iterate", "read"),
    Shape.STREAM_STREAM: ("iterate", "read", "write", "turns"),
}

_BREATH, _AFTER_FAILURE = 0.002, 0.05

# What the methods of a call raise once it is over, or while it is being cancelled.
_OVER = (grpc.RpcError, asyncio.InvalidStateError, asyncio.CancelledError)


async def _on_loop(requests: Iterator[bytes]) -> AsyncIterator[bytes]:
    for request in requests:
        yield request
        await asyncio.sleep(0)


class Caller(planning.Planner):
    """Makes calls over one channel, one after another; see `sync_callers.Caller`."""

    async def run(self, styles: Styles, stopped: Callable[[], bool], resting: Callable[[], bool]) -> None:
        """Make calls until told to stop, or until the channel is closed; none while told to rest."""
        while not stopped():
            if resting():
                await asyncio.sleep(_AFTER_FAILURE)
                continue
            entry = self.begin(styles)
            await self._make(entry)
            if entry.outcome == REFUSED:
                return
            await asyncio.sleep(_AFTER_FAILURE if entry.outcome == UNAVAILABLE else self._dice.uniform(0, 5) * _BREATH)

    async def recover(self, styles: Styles, more: int) -> None:
        """Make simple calls until one ends OK, and some more, which must; reported if not, or if none does in time."""
        begin = time.monotonic()
        while time.monotonic() - begin < RECOVERY:
            entry = self.begin(styles, **{**pulse(), "style": "await"})
            await self._make(entry)
            if entry.outcome in (OK, REFUSED):
                break
            await asyncio.sleep(_AFTER_FAILURE)
        else:
            self._ledger.broken("recovery", entry, NO_RECOVERY)
            return
        await asyncio.sleep(LULL)
        for _ in range(more):
            entry = self.begin(styles, **{**pulse(), "style": "await"})
            await self._make(entry)
            self._ledger.expect_ok(entry)

    async def _make(self, entry: Entry) -> None:
        try:
            await self.make(entry)
        except grpc.aio.UsageError as error:
            if "closed" not in str(error):
                raise
            entry.end(REFUSED, str(error))
        except BaseException as error:
            entry.end(f"{type(error).__name__} raised", str(error))
            raise

    # ------------------------------------------------------------ the styles

    async def make(self, entry: Entry) -> None:
        """Make the call."""
        plan = entry.plan
        calls: list[Any] = []
        arguments: list[Any] = []
        if not plan.shape.many_requests:
            arguments = [encode_message(plan.key, REQUESTS, 0, plan.requests[0])]
        elif plan.style in ("await", "callback", "read"):
            arguments = [requests_of(entry, lambda: calls[0].cancel())]
        elif plan.style == "iterate":
            arguments = [_on_loop(requests_of(entry, lambda: calls[0].cancel()))]
        call = self._methods[plan.shape](
            *arguments,
            timeout=plan.timeout,
            metadata=service.metadata(plan),
            wait_for_ready=plan.wait_for_ready or None,
            compression=grpc.Compression(plan.compression) if plan.compression else None,
        )
        if plan.drops_at is None:  # else nobody but this function may hold it
            calls.append(call)
        if plan.shape.many_responses:
            await self._stream(entry, call)
        else:
            await self._one_response(entry, call)

    async def _one_response(self, entry: Entry, call: Any) -> None:
        plan = entry.plan
        told = asyncio.Event()
        if plan.style == "callback":
            call.add_done_callback(lambda _: entry.tell())
            call.add_done_callback(lambda _: told.set())
        _cancel_later(entry, call)
        writing = asyncio.ensure_future(self._write_all(entry, call)) if plan.style == "write" else None
        try:
            response = await call
        except grpc.aio.AioRpcError as error:
            outcome = error.code().name
        except asyncio.CancelledError:
            outcome = CANCELLED
        else:
            entry.response(response)
            outcome = OK
        entry.answered = True
        if writing is not None:
            await writing
        if plan.style == "callback":
            await told.wait()
        await self._end(entry, call, outcome)

    async def _end(self, entry: Entry, call: Any, outcome: str) -> None:
        code = (await call.code()).name
        if outcome == CANCELLED and entry.cancelled and entry.plan.key % 2:
            code = CANCELLED  # it is the task that was cancelled, and the call may just have ended otherwise
        entry.end(outcome if code == outcome else f"{outcome}, and then {code}", await call.details())

    async def _write_all(self, entry: Entry, call: Any) -> None:
        try:
            for request in requests_of(entry, call.cancel):
                await call.write(request)
            await call.done_writing()
        except _OVER:
            pass

    async def _stream(self, entry: Entry, call: Any) -> None:
        plan = entry.plan
        _cancel_later(entry, call)
        writing = asyncio.ensure_future(self._write_all(entry, call)) if plan.style == "write" else None
        try:
            if plan.style == "turns":
                await self._take_turns(entry, call)
            elif plan.style == "iterate":
                async for response in call:
                    if self._is_dropped(entry, call):
                        return
                    entry.response(response)
            else:
                while (response := await call.read()) is not grpc.aio.EOF:
                    if self._is_dropped(entry, call):
                        return
                    entry.response(response)
            self._cancel_if_planned(entry, call)
        except grpc.aio.AioRpcError as error:
            outcome = error.code().name
        except asyncio.CancelledError:
            outcome = CANCELLED
        else:
            outcome = OK
        entry.answered = True
        if writing is not None:
            await writing
        await self._end(entry, call, outcome)

    async def _take_turns(self, entry: Entry, call: Any) -> None:
        over = False
        for request in requests_of(entry, call.cancel):
            try:
                await call.write(request)
            except asyncio.InvalidStateError:
                over = True
                break
            response = await call.read()
            if response is grpc.aio.EOF:
                over = True
                break
            self._cancel_if_planned(entry, call)
            entry.response(response)
        if not over:
            with contextlib.suppress(asyncio.InvalidStateError):
                await call.done_writing()
        while (response := await call.read()) is not grpc.aio.EOF:
            entry.response(response)

    def _cancel_if_planned(self, entry: Entry, call: Any) -> None:
        if entry.plan.cancels_at == entry.reader.seen and not entry.cancelled:
            _cancel(entry, call)

    def _is_dropped(self, entry: Entry, call: Any) -> bool:
        """Cancel the call if it is planned now; tell whether it is to be dropped, which then is on record."""
        self._cancel_if_planned(entry, call)
        if entry.plan.drops_at == entry.reader.seen:
            entry.end(DROPPED)
            return True
        return False


def _cancel_later(entry: Entry, call: Any) -> None:
    """Cancel when it is planned: the call, or every other time the task that waits for it."""
    after = entry.plan.cancels_after
    if after is not None:
        waiting = asyncio.current_task() if entry.plan.key % 2 else call
        asyncio.get_running_loop().call_later(after, _cancel, entry, waiting)


def _cancel(entry: Entry, call: Any) -> None:
    if entry.ended is None and not entry.answered:
        entry.cancelled = True
        call.cancel()
