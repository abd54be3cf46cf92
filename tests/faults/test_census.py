from __future__ import annotations

import collections
import os
import threading
import tracemalloc

import grpc
from tests.faults import census

_NOTHING = census.Census(collections.Counter(), collections.Counter(), collections.Counter(), collections.Counter())


class _Ours:
    """Looks like an object of the library."""


_Ours.__module__ = "grpc.made.up"


def test_two_censuses_of_the_same_show_no_growth() -> None:
    before = census.take()
    assert census.growth(before, census.take()) == []


def test_a_thread_that_is_left_is_noticed() -> None:
    before = census.take()
    go = threading.Event()
    thread = threading.Thread(target=go.wait, name="left-alone")
    thread.start()
    after = census.take()
    go.set()
    thread.join()
    assert census.growth(before, after) == ["threads left: left-alone +1"]


def test_a_descriptor_that_is_left_is_noticed() -> None:
    before = census.take()
    ends = os.pipe()
    after = census.take()
    for end in ends:
        os.close(end)
    assert census.growth(before, after) == ["descriptors left: pipe +2"]


def test_objects_of_the_librarys_classes_are_noticed_others_are_not() -> None:
    before = census.take()
    kept = [_Ours(), _Ours(), threading.Event()]
    assert census.growth(before, census.take()) == ["objects left: grpc.made.up._Ours +2"]
    assert len(kept) == 3


def test_slack_forgives_some_objects_of_each_class() -> None:
    more = _NOTHING._replace(objects=collections.Counter({"grpc.A": 3, "grpc.B": 4}))
    assert census.growth(_NOTHING, more, slack=3) == ["objects left: grpc.B +4"]


def test_memory_beyond_the_tolerance_is_noticed() -> None:
    tolerated = _NOTHING._replace(memory=collections.Counter({"a.py:1": census.MEMORY_TOLERANCE}))
    assert census.growth(_NOTHING, tolerated) == []
    more = tolerated._replace(memory=tolerated.memory + collections.Counter({"b.py:2": 1}))
    (complaint,) = census.growth(_NOTHING, more)
    assert complaint == "memory left: 196609 bytes, 196608 are tolerated; most by a.py:1 +196608, b.py:2 +1"


def test_memory_is_counted_only_while_somebody_traces_and_only_that_of_the_library() -> None:
    assert census.take().memory == {}
    tracemalloc.start()
    kept = [bytearray(10_000), grpc.method_handlers_generic_handler("a", {})]
    counted = census.take().memory
    tracemalloc.stop()
    assert all("/grpc/" in line for line in counted)
    assert 0 < sum(counted.values()) < 10_000
    assert len(kept) == 2


def test_what_has_become_less_is_no_growth() -> None:
    more = census.Census(*(collections.Counter([name]) for name in ("thread", "file", "grpc.A", "grpc/a.py:1")))
    assert census.growth(more, _NOTHING) == []
