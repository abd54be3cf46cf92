"""When a transport writes, on a loop of asyncio's and over a transport that only takes notes."""

from __future__ import annotations

import asyncio
import errno
import socket
import threading
from typing import TYPE_CHECKING, Any, Callable, Coroutine, List, Optional

from grpc._io import buffers
from grpc._io.aio import _registry, _transport
from tests.io.rigs import LoopRig
from tests.io.talkers import LOST, Talker

if TYPE_CHECKING:
    import pytest


class _Notes(asyncio.Transport):
    """Stands for asyncio's transport: takes notes, and is told by the test when its buffer is full."""

    def __init__(self) -> None:
        super().__init__()
        self.written: List[bytes] = []
        self.protocol: _transport.Transport
        self.limits: List[Optional[int]] = []
        self.closed = False
        self.aborted = False
        self.failed = False

    def is_closing(self) -> bool:
        return self.closed or self.aborted or self.failed

    def write(self, data: Any) -> None:
        self.written.append(bytes(data))

    def set_write_buffer_limits(self, high: Optional[int] = None, low: Optional[int] = None) -> None:
        self.limits.append(high)

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.aborted = True


class _Bench:
    """A transport with a talker on it, on the running loop."""

    def __init__(self, on_deliver: Optional[Callable[[Talker, Any], None]] = None) -> None:
        self.rig = LoopRig(asyncio.new_event_loop)
        self.rig.changed = lambda: None  # type: ignore[method-assign]  # nobody waits here
        self.talker = Talker(self.rig, on_deliver=on_deliver)
        self.registry = _registry.Registry(asyncio.get_running_loop())
        self.transport = _transport.Transport(self.registry, "the peer", lambda _: self.talker)
        self.talker.transport = self.transport
        self.notes = _Notes()
        self.transport.connection_made(self.notes)

    def receive(self, data: bytes) -> None:
        """Have data arrive, as asyncio reports it."""
        view = memoryview(self.transport.get_buffer(-1))
        view[: len(data)] = data
        self.transport.buffer_updated(len(data))

    @property
    def written(self) -> List[bytes]:
        return self.notes.written


async def _turn() -> None:
    """Let the loop run what it is to run now."""
    await asyncio.sleep(0)


def _run(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(scenario())


class TestWriting:
    def test_the_first_words_of_a_turn_are_written_at_once_and_the_others_together_at_its_end(self) -> None:
        async def scenario() -> None:
            bench = _Bench()
            for word in (b"1", b"2", b"3"):
                bench.talker.say(word)
            assert bench.written == [b"1"]
            await _turn()
            assert bench.written == [b"1", b"23"]

        _run(scenario)

    def test_a_turn_that_has_nothing_to_add_writes_nothing(self) -> None:
        async def scenario() -> None:
            bench = _Bench()
            bench.talker.say(b"1")
            await _turn()
            bench.talker.say(b"2")
            await _turn()
            assert bench.written == [b"1", b"2"]

        _run(scenario)

    def test_a_full_batch_does_not_wait_for_the_end_of_the_turn(self) -> None:
        async def scenario() -> None:
            bench = _Bench()
            for _ in range(2 * _transport._BATCH + 2):
                bench.talker.say(b"x")
            assert [len(data) for data in bench.written] == [1, _transport._BATCH, _transport._BATCH]
            await _turn()
            assert len(bench.written[-1]) == 1

        _run(scenario)

    def test_what_is_said_during_deliveries_is_written_after_them(self) -> None:
        async def scenario() -> None:
            def answer(talker: Talker, delivery: Any) -> None:
                talker.say(b"a")
                talker.say(b"b")
                seen.append(list(bench.written))

            seen: List[List[bytes]] = []
            bench = _Bench(answer)
            bench.receive(b"question")
            assert seen == [[]]
            assert bench.written == [b"ab"]

        _run(scenario)

    def test_what_tasks_say_that_a_delivery_has_woken_shares_a_write(self) -> None:
        async def scenario() -> None:
            async def answer() -> None:
                await woken.wait()
                bench.talker.say(b"x")

            woken = asyncio.Event()
            bench = _Bench(lambda talker, delivery: woken.set())
            tasks = [asyncio.create_task(answer()) for _ in range(5)]
            await _turn()
            bench.receive(b"now")
            await asyncio.gather(*tasks)
            assert bench.written == [b"x", b"xxxx"]

        _run(scenario)

    def test_a_buffer_is_held_only_while_asyncio_reads_into_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        spare: List[memoryview] = []
        monkeypatch.setattr(buffers, "_spare", spare)

        async def scenario() -> None:
            benches = [_Bench(), _Bench()]
            for bench in benches * 2:
                bench.receive(b"x")
                assert len(spare) == 1
            assert benches[0].transport.get_buffer(-1) is benches[0].transport.get_buffer(-1)
            assert spare == []
            benches[1].transport.get_buffer(-1)
            benches[0].transport.buffer_updated(0)
            assert len(spare) == 1

        _run(scenario)

    def test_each_read_is_copied_out_of_the_shared_buffer(self) -> None:
        async def scenario() -> None:
            bench = _Bench()
            bench.receive(b"first")
            bench.receive(b"other")
            assert bench.talker.delivered == [b"first", b"other"]

        _run(scenario)

    def test_a_connection_that_raises_is_given_up(self, caplog: pytest.LogCaptureFixture) -> None:
        async def scenario() -> None:
            bench = _Bench()
            bench.talker.receive_data = None  # type: ignore[assignment, method-assign]  # to break it
            bench.receive(b"x")
            assert bench.notes.aborted
            assert bench.talker.lost is not None
            assert bench.talker.lost[0].startswith("the peer: internal error: TypeError")

        _run(scenario)
        assert "defect of the library" in caplog.text


class TestAPeerThatDoesNotRead:
    def test_nothing_is_taken_until_writing_resumes(self) -> None:
        async def scenario() -> None:
            bench = _Bench()
            bench.transport.pause_writing()
            bench.talker.say(b"kept")
            await _turn()
            assert bench.written == []
            bench.transport.resume_writing()
            assert bench.written == []  # asyncio's transport is still at work
            await _turn()
            assert bench.written == [b"kept"]

        _run(scenario)

    def test_a_close_does_not_wait_for_it(self) -> None:
        async def scenario() -> None:
            bench = _Bench()
            bench.talker.last_words = b"farewell"
            bench.transport.pause_writing()
            bench.transport.close("enough")
            assert bench.notes.aborted
            assert bench.written == []

        _run(scenario)

    def test_a_finished_connection_waits_for_an_empty_buffer(self) -> None:
        async def scenario() -> None:
            bench = _Bench()
            bench.notes.set_write_buffer_limits = lambda high: bench.transport.pause_writing()  # type: ignore[assignment, method-assign, misc]
            bench.talker.say(b"last words", then_finish=True)
            assert bench.written == [b"last words"]
            assert bench.talker.lost is None
            bench.transport.resume_writing()
            await _turn()
            assert bench.notes.closed
            assert bench.talker.lost == ("the peer: closed by this side", None)

        _run(scenario)


class TestTheEnd:
    def test_a_transport_that_does_not_close_is_torn_down_after_a_while(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_transport, "_LINGER", 0.0)

        async def scenario() -> None:
            bench = _Bench()
            bench.transport.close("enough")
            assert bench.notes.closed
            assert not bench.notes.aborted
            await _turn()
            await _turn()
            assert bench.notes.aborted

        _run(scenario)

    def test_what_waits_for_the_end_of_the_turn_is_written_before_the_farewell(self) -> None:
        async def scenario() -> None:
            bench = _Bench()
            bench.talker.last_words = b"farewell"
            bench.talker.say(b"1")
            bench.talker.say(b"2")
            bench.transport.close("enough")
            assert bench.written == [b"1", b"2", b"farewell"]

        _run(scenario)

    def test_nobody_hears_of_what_arrives_after_a_close(self) -> None:
        async def scenario() -> None:
            bench = _Bench()
            bench.transport.close("enough")
            bench.receive(b"too late")
            bench.transport.eof_received()
            bench.transport.connection_lost(None)
            assert bench.talker.delivered == [LOST]
            assert bench.rig.faults == []

        _run(scenario)

    def test_nothing_is_written_once_asyncio_has_given_the_socket_up(self) -> None:
        # It says so to the protocol later, and until then warns of every write.
        async def scenario() -> None:
            bench = _Bench()
            bench.notes.failed = True
            for _ in range(2 * _transport._BATCH):
                bench.talker.say(b"x")
            await _turn()
            assert bench.written == []
            bench.transport.connection_lost(BrokenPipeError())
            assert bench.talker.delivered[-1] is LOST

        _run(scenario)

    def test_what_had_arrived_when_a_write_failed_is_read_before_the_loss_is_told(self) -> None:
        async def scenario() -> None:
            ours, peer = socket.socketpair()
            with ours, peer:
                ours.setblocking(False)
                bench = _Bench()
                bench.transport.sock = ours
                peer.sendall(b"the reason")
                bench.notes.failed = True
                bench.transport.connection_lost(BrokenPipeError(errno.EPIPE, "Broken pipe"))
            assert bench.talker.delivered == [b"the reason", LOST]
            assert bench.talker.lost is not None
            assert bench.talker.lost[0] == "the peer: Broken pipe"
            assert bench.written == []

        _run(scenario)

    def test_an_abandoned_attempt_leaves_no_transport(self) -> None:
        async def scenario() -> None:
            registry = _registry.Registry(asyncio.get_running_loop())
            transport = _transport.Transport(registry, "the peer", lambda _: None)
            notes = _Notes()
            transport.connection_made(notes)
            assert notes.aborted
            transport.connection_lost(None)
            await registry.wait_empty()

        _run(scenario)

    def test_a_defect_while_opening_costs_that_connection(self, caplog: pytest.LogCaptureFixture) -> None:
        def opened(_: _transport.Transport) -> None:
            raise RuntimeError("this one is meant")

        async def scenario() -> None:
            registry = _registry.Registry(asyncio.get_running_loop())
            transport = _transport.Transport(registry, "the peer", opened)
            notes = _Notes()
            transport.connection_made(notes)
            assert notes.aborted

        _run(scenario)
        assert "this one is meant" in caplog.text


class TestOtherThreads:
    def test_in_debug_mode_another_thread_is_told_off(self) -> None:
        errors: List[BaseException] = []

        def trespass(bench: _Bench) -> None:
            try:
                bench.talker.say(b"x")
            except RuntimeError as error:
                errors.append(error)

        async def scenario() -> None:
            bench = _Bench()
            bench.talker.say(b"allowed here")
            thread = threading.Thread(target=trespass, args=(bench,))
            thread.start()
            thread.join()

        asyncio.run(scenario(), debug=True)
        (error,) = errors
        assert "use loop.call_soon_threadsafe or asyncio.run_coroutine_threadsafe" in str(error)
