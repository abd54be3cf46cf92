"""The asyncio driver beyond what the conformance kit asks of every driver."""

from __future__ import annotations

import asyncio
import errno
import socket
import threading
from typing import TYPE_CHECKING, Any, Callable, List, Tuple

import pytest

from grpc._io import aio
from grpc._io.aio import _listening, _registry
from tests.io.rigs import RIGS, LoopRig, Rig
from tests.io.talkers import LOST, Call, Host, Talker, addresses_of, connect, pair

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=[name for name in RIGS if name != "threads"])
def rig(request: pytest.FixtureRequest) -> Rig:
    """Two asyncio drivers on one loop."""
    return RIGS[request.param]()


def test_without_a_loop_there_is_no_driver() -> None:
    with pytest.raises(RuntimeError, match="no running event loop"):
        aio.driver()


def test_nothing_is_reported_before_the_call_has_returned(rig: Rig) -> None:
    async def scenario(rig: Rig) -> None:
        reports: List[str] = []
        for target in ("127.0.0.1:1", "ipv4:nonsense"):
            rig.client.resolve(target, lambda _: _note(rig, reports), lambda *_: _note(rig, reports))
        assert reports == []
        await rig.until(lambda: len(reports) == 2)
        host = Host(rig)
        call = Call(rig, (await addresses_of(rig, f"127.0.0.1:{host.listener.port}"))[0])
        assert not call.opened
        await call.outcome()

    rig.run(scenario)


def test_closing_the_driver_ends_what_its_owner_has_left_open(rig: Rig) -> None:
    async def scenario(rig: Rig) -> None:
        near, far = await pair(rig)
        rig.client.close()
        rig.server.close()
        assert near.lost == (f"{near.transport.peer}: the driver was closed", None)
        assert far.over

    rig.run(scenario)


def test_a_transport_that_comes_when_its_attempt_was_cancelled_is_closed(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_transport = _registry.Registry.open_transport
    calls: List[Call] = []

    async def cancel_and_open(registry: _registry.Registry, sock: socket.socket, transport: Any) -> None:
        if calls:
            calls.pop().attempt.cancel()
            rig.changed()
        await open_transport(registry, sock, transport)

    monkeypatch.setattr(_registry.Registry, "open_transport", cancel_and_open)

    async def scenario(rig: Rig) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            call = Call(rig, (await addresses_of(rig, f"127.0.0.1:{server.getsockname()[1]}"))[0])
            calls.append(call)
            await rig.until(lambda: not calls)
            assert isinstance(rig.client, aio.Driver)
            await rig.client.wait_closed()
        assert not call.opened
        assert call.failures == []

    rig.run(scenario)


def test_a_transport_whose_task_is_cancelled_when_it_has_just_been_opened_is_lost(rig: Rig) -> None:
    async def scenario(rig: Rig) -> None:
        def close(talker: Talker, delivery: Any) -> None:
            rig.client.close()  # cancels the task, which has yet to hear that the transport is there

        host = Host(rig)
        (address,) = await addresses_of(rig, f"127.0.0.1:{host.listener.port}")
        call = Call(rig, address, greeting=b"hello")
        call.talker.deliveries.append("opened")
        call.talker._on_deliver = close
        await rig.until(lambda: call.talker.over)
        assert isinstance(rig.client, aio.Driver)
        await rig.client.wait_closed()
        assert call.talker.lost is not None

    rig.run(scenario)


def test_an_attempt_may_be_cancelled_from_another_thread(rig: Rig) -> None:
    async def scenario(rig: Rig) -> None:
        reports: List[str] = []
        attempt = rig.client.resolve("localhost:1", lambda _: reports.append("resolved"), lambda *_: reports.append(""))
        await rig.in_thread(attempt.cancel)
        assert isinstance(rig.client, aio.Driver)
        rig.client.close()
        await rig.client.wait_closed()

    rig.run(scenario)


def test_an_action_from_another_thread_runs_on_the_loop(rig: Rig) -> None:
    async def scenario(rig: Rig) -> None:
        driver = rig.client
        assert isinstance(driver, aio.Driver)
        ran: List[Tuple[int, int]] = []

        def elsewhere() -> None:
            for number in range(3):
                driver.call_soon(lambda number=number: ran.append((number, threading.get_ident())))  # type: ignore[misc]

        await rig.in_thread(elsewhere)
        await rig.until(lambda: len(ran) == 3)
        assert ran == [(number, threading.get_ident()) for number in range(3)]

    rig.run(scenario)


def test_many_loops_in_many_threads_do_not_know_of_each_other() -> None:
    failures: List[BaseException] = []

    async def scenario(rig: Rig) -> None:
        near, far = await pair(rig)
        for number in range(50):
            near.say(b"%d" % number)
            length = len(far.received)
            await rig.until(lambda length=length: len(far.received) > length)  # type: ignore[misc]

    def one() -> None:
        try:
            LoopRig(asyncio.new_event_loop, debug=True).run(scenario)
        except BaseException as error:
            failures.append(error)

    workers = [threading.Thread(target=one) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []


def test_a_unix_socket_whose_queue_is_full_is_waited_for(rig: Rig, tmp_path: Path) -> None:
    path = tmp_path / "socket"

    async def scenario(rig: Rig) -> None:
        with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as first:
            server.bind(str(path))
            server.listen(0)
            first.connect(str(path))
            call = Call(rig, (await addresses_of(rig, f"unix:{path}"))[0])
            tried: List[str] = []
            rig.client.environment.call_at(rig.client.environment.time() + 0.005, lambda: _note(rig, tried))
            await rig.until(lambda: bool(tried))
            assert not call.opened
            server.accept()[0].close()
            await call.outcome()
            assert call.opened

    rig.run(scenario)


class _Exhausted(socket.socket):
    """A listening socket that cannot accept at first."""

    failures = 1

    def accept(self) -> Tuple[socket.socket, Any]:
        if self.failures:
            self.failures -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


def test_a_listener_pauses_when_there_are_no_descriptors_left(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(_listening, "_PAUSE", 0.001)
    monkeypatch.setattr(socket, "socket", _Exhausted)

    async def scenario(rig: Rig) -> None:
        host = Host(rig)
        await connect(rig, f"127.0.0.1:{host.listener.port}")
        await host.talker()

    rig.run(scenario)
    assert caplog.text.count("Too many open files") == 1


def test_a_listener_may_be_closed_during_its_pause(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "socket", _Exhausted)

    async def scenario(rig: Rig) -> None:
        host = Host(rig)
        await connect(rig, f"127.0.0.1:{host.listener.port}")
        assert isinstance(host.listener, _listening.Listener)
        assert host.listener._pauses
        host.listener.close()
        assert not host.listener._pauses

    rig.run(scenario)


def test_ctrl_c_in_a_delivery_does_not_keep_the_others_from_hearing_of_the_end() -> None:
    heard: List[Any] = []

    async def main() -> None:
        def interrupt(talker: Talker, delivery: Any) -> None:
            heard.append(delivery)
            if delivery == b"now":
                raise KeyboardInterrupt

        rig = LoopRig(asyncio.new_event_loop)
        rig._loop = asyncio.get_running_loop()
        rig._event = asyncio.Event()
        rig.client, rig.server = client, server = aio.driver(), aio.driver()
        try:
            host = Host(rig)
            await connect(rig, f"127.0.0.1:{host.listener.port}", on_deliver=interrupt)
            (await host.talker()).say(b"now")
            await asyncio.Event().wait()
        finally:
            rig.take_down()
            await client.wait_closed()
            await server.wait_closed()

    with pytest.raises(KeyboardInterrupt):
        _run_like_before_3_11(main)
    assert heard == [b"now", LOST]


def _run_like_before_3_11(main: Callable[[], Any]) -> None:
    """An exception that is no `Exception` comes out of `run_until_complete`; then what is left is cancelled."""
    loop = asyncio.new_event_loop()
    task = loop.create_task(main())
    try:
        loop.run_until_complete(task)
    finally:
        task.cancel()
        loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
        loop.close()


def _note(rig: Rig, notes: List[str]) -> None:
    notes.append("")
    rig.changed()
