"""Tests of grpc.framework.foundation.stream_util."""

from __future__ import annotations

import functools
import itertools
import threading
from typing import Any, Callable

import pytest

from grpc.framework.foundation import logging_pool, stream, stream_util
from tests.framework.foundation._threads import (
    NoticedCondition,
    Overlap,
    frequent_switches,
    join,
    run_together,
    wait_for,
)


class _Recorder(stream.Consumer[Any]):
    """Records its calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def consume(self, value: Any) -> None:
        self.calls.append(("consume", value))

    def terminate(self) -> None:
        self.calls.append(("terminate",))

    def consume_and_terminate(self, value: Any) -> None:
        self.calls.append(("consume_and_terminate", value))


class TestTransformingConsumer:
    def test_it_passes_on_each_call_with_the_value_transformed(self) -> None:
        sink = _Recorder()
        consumer: stream.Consumer[int] = stream_util.TransformingConsumer(str, sink)
        consumer.consume(1)
        consumer.terminate()
        consumer.consume_and_terminate(2)
        assert sink.calls == [("consume", "1"), ("terminate",), ("consume_and_terminate", "2")]

    @pytest.mark.parametrize("name", ["consume", "consume_and_terminate"])
    def test_a_transformation_that_raises_does_so_to_the_caller_and_passes_nothing_on(self, name: str) -> None:
        sink = _Recorder()
        consumer: stream.Consumer[str] = stream_util.TransformingConsumer(int, sink)
        with pytest.raises(ValueError, match="invalid literal"):
            getattr(consumer, name)("x")
        assert sink.calls == []


class TestIterableConsumer:
    def test_the_values_come_out_in_order_until_termination(self) -> None:
        consumer = stream_util.IterableConsumer[int]()
        consumer.consume(1)
        consumer.consume(2)
        consumer.terminate()
        assert list(consumer) == [1, 2]

    def test_the_value_that_comes_with_the_termination_is_the_last(self) -> None:
        consumer = stream_util.IterableConsumer[int]()
        consumer.consume(1)
        consumer.consume_and_terminate(2)
        assert list(consumer) == [1, 2]

    def test_values_after_termination_are_ignored(self) -> None:
        consumer = stream_util.IterableConsumer[int]()
        consumer.terminate()
        consumer.consume(1)
        consumer.consume_and_terminate(2)
        assert list(consumer) == []

    def test_the_end_is_final(self) -> None:
        consumer = stream_util.IterableConsumer[int]()
        consumer.terminate()
        for _ in range(2):
            with pytest.raises(StopIteration):
                next(consumer)

    def test_next_can_be_called_by_its_old_name(self) -> None:
        consumer = stream_util.IterableConsumer[int]()
        consumer.consume(1)
        assert consumer.next() == 1

    def test_it_is_its_own_iterator(self) -> None:
        consumer = stream_util.IterableConsumer[int]()
        assert iter(consumer) is consumer

    @pytest.mark.parametrize(
        ("feed", "got"),
        [
            (lambda consumer: consumer.consume(1) or consumer.terminate(), [1]),
            (lambda consumer: consumer.consume_and_terminate(1), [1]),
            (lambda consumer: consumer.terminate(), []),
        ],
        ids=["consume", "consume_and_terminate", "terminate"],
    )
    def test_a_thread_that_waits_for_a_value_wakes_up(
        self, feed: Callable[[stream.Consumer[int]], None], got: list[int]
    ) -> None:
        consumer = stream_util.IterableConsumer[int]()
        consumer._condition = condition = NoticedCondition()
        read: list[int] = []
        thread = threading.Thread(target=lambda: read.extend(consumer), daemon=True)
        thread.start()
        condition.await_waiting(1)
        feed(consumer)
        join(thread)
        assert read == got

    @pytest.mark.parametrize("feed", [lambda c: c.terminate(), lambda c: c.consume_and_terminate(1)])
    def test_termination_wakes_all_threads_that_wait(self, feed: Callable[[stream.Consumer[int]], None]) -> None:
        consumer = stream_util.IterableConsumer[int]()
        consumer._condition = condition = NoticedCondition()

        def work(index: int) -> None:
            if index < 3:
                list(consumer)
            else:
                condition.await_waiting(3)
                feed(consumer)

        run_together(4, work)

    def test_a_value_wakes_a_thread_that_waits_before_termination(self) -> None:
        consumer = stream_util.IterableConsumer[int]()
        consumer._condition = condition = NoticedCondition()
        read: list[int] = []
        thread = threading.Thread(target=lambda: read.append(next(consumer)), daemon=True)
        thread.start()
        condition.await_waiting(1)
        consumer.consume(1)
        join(thread)
        assert read == [1]

    def test_each_value_goes_to_one_of_the_threads_that_iterate_and_all_of_them_end(self) -> None:
        consumer = stream_util.IterableConsumer[int]()
        read: list[list[int]] = [[] for _ in range(3)]

        def work(index: int) -> None:
            if index < 3:
                read[index].extend(consumer)
            else:
                for number in range(200):
                    consumer.consume(number)
                consumer.terminate()

        with frequent_switches():
            run_together(4, work)
        assert sorted(itertools.chain(*read)) == list(range(200))
        assert all(part == sorted(part) for part in read)


class TestThreadSwitchingConsumer:
    def test_the_calls_reach_the_sink_in_order_in_the_pool(self) -> None:
        sink = _Recorder()
        threads: set[threading.Thread] = set()

        def mark(value: int) -> int:
            threads.add(threading.current_thread())
            return value

        marked = stream_util.TransformingConsumer(mark, sink)
        with logging_pool.pool(2) as pool:
            consumer = stream_util.ThreadSwitchingConsumer(marked, pool)
            for number in range(20):
                consumer.consume(number)
            consumer.terminate()
        assert sink.calls == [*(("consume", number) for number in range(20)), ("terminate",)]
        assert threading.current_thread() not in threads

    def test_the_last_value_and_the_termination_reach_the_sink_together(self) -> None:
        sink = _Recorder()
        with logging_pool.pool(1) as pool:
            stream_util.ThreadSwitchingConsumer(sink, pool).consume_and_terminate(1)
        assert sink.calls == [("consume_and_terminate", 1)]

    @pytest.mark.parametrize("end", ["terminate", "consume_and_terminate"])
    def test_what_comes_after_termination_is_ignored(self, end: str) -> None:
        sink = _Recorder()
        with logging_pool.pool(1) as pool:
            consumer = stream_util.ThreadSwitchingConsumer(sink, pool)
            getattr(consumer, end)(*([1] if end == "consume_and_terminate" else []))
            consumer.consume(2)
            consumer.terminate()
            consumer.consume_and_terminate(3)
        assert [call[0] for call in sink.calls] == [end]

    def test_the_caller_does_not_wait_for_a_sink_that_blocks(self) -> None:
        began, go = threading.Event(), threading.Event()
        sink = _Recorder()

        def block(value: int) -> int:
            began.set()
            wait_for(go)
            return value

        with logging_pool.pool(1) as pool:
            consumer = stream_util.ThreadSwitchingConsumer(stream_util.TransformingConsumer(block, sink), pool)
            consumer.consume(1)
            wait_for(began)
            consumer.consume_and_terminate(2)
            assert sink.calls == []
            go.set()
        assert sink.calls == [("consume", 1), ("consume_and_terminate", 2)]

    def test_a_sink_that_raises_is_logged_and_gets_the_next_value(self, caplog: pytest.LogCaptureFixture) -> None:
        sink = _Recorder()
        with logging_pool.pool(1) as pool:
            consumer = stream_util.ThreadSwitchingConsumer(stream_util.TransformingConsumer(int, sink), pool)
            consumer.consume("x")
            consumer.consume_and_terminate("2")
        assert sink.calls == [("consume_and_terminate", 2)]
        assert len(caplog.records) == 1

    def test_a_pool_that_was_shut_down_raises_to_the_caller(self) -> None:
        pool = logging_pool.pool(1)
        pool.shutdown()
        with pytest.raises(RuntimeError, match="shutdown"):
            stream_util.ThreadSwitchingConsumer(_Recorder(), pool).consume(1)

    def test_many_threads_reach_the_sink_one_at_a_time_and_never_after_termination(self) -> None:
        overlap = Overlap()
        sink = _Recorder()

        def mark(value: tuple[int, int]) -> tuple[int, int]:
            with overlap:
                return value

        def work(consumer: stream.Consumer[tuple[int, int]], index: int) -> None:
            for number in range(100):
                consumer.consume((index, number))
            consumer.terminate()

        with frequent_switches(), logging_pool.pool(4) as pool:
            consumer = stream_util.ThreadSwitchingConsumer(stream_util.TransformingConsumer(mark, sink), pool)
            run_together(4, functools.partial(work, consumer))
        assert not overlap.seen
        assert [call for call in sink.calls if call[0] == "terminate"] == [sink.calls[-1]]
        for index in range(4):
            numbers = [call[1][1] for call in sink.calls[:-1] if call[1][0] == index]
            assert numbers == list(range(len(numbers)))
