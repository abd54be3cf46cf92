"""Readiness of descriptors: the same rules for the kernel's table and for the standard library's selector."""

from __future__ import annotations

import select
import socket
import threading
from typing import Callable, Iterator, List, Tuple

import pytest

from grpc._io.threads import _poller
from tests.io.lines import LIMIT

READ, WRITE = _poller.READ, _poller.WRITE


@pytest.fixture(params=[_poller.EpollPoller, _poller.SelectorPoller], ids=["epoll", "selector"])
def poller(request: pytest.FixtureRequest) -> Iterator[_poller.Poller]:
    poller = request.param()
    yield poller
    poller.close()


@pytest.fixture
def pair() -> Iterator[Tuple[socket.socket, socket.socket]]:
    ours, peer = socket.socketpair()
    ours.setblocking(False)
    yield ours, peer
    ours.close()
    peer.close()


Pair = Tuple[socket.socket, socket.socket]


def test_a_readable_descriptor_is_reported_again_and_again(poller: _poller.Poller, pair: Pair) -> None:
    poller.add(pair[0].fileno(), READ)
    pair[1].send(b"x")
    assert poller.poll(LIMIT) == [(pair[0].fileno(), READ)]
    assert poller.poll(LIMIT) == [(pair[0].fileno(), READ)]


def test_a_descriptor_watched_once_is_reported_once(poller: _poller.Poller, pair: Pair) -> None:
    poller.add(pair[0].fileno(), READ, once=True)
    pair[1].send(b"x")
    assert poller.poll(LIMIT) == [(pair[0].fileno(), READ)]
    assert poller.poll(0) == []
    poller.change(pair[0].fileno(), READ, once=True)
    assert _polled(poller) == [(pair[0].fileno(), READ)]


def _polled(poller: _poller.Poller) -> _poller.Events:
    """What is ready, past a poll that a wake ends."""
    return poller.poll(0) or poller.poll(0)


def test_interests_can_be_exchanged(poller: _poller.Poller, pair: Pair) -> None:
    poller.add(pair[0].fileno(), READ)
    poller.change(pair[0].fileno(), WRITE)
    assert _polled(poller) == [(pair[0].fileno(), WRITE)]
    pair[1].send(b"x")
    poller.change(pair[0].fileno(), READ | WRITE)
    assert _polled(poller) == [(pair[0].fileno(), READ | WRITE)]


def test_without_interest_a_descriptor_is_silent_and_can_be_watched_again(poller: _poller.Poller, pair: Pair) -> None:
    poller.add(pair[0].fileno(), 0)
    pair[1].send(b"x")
    assert _polled(poller) == []
    poller.change(pair[0].fileno(), READ)
    assert _polled(poller) == [(pair[0].fileno(), READ)]


def test_a_hang_up_without_interest_does_not_keep_the_poller_busy(poller: _poller.Poller, pair: Pair) -> None:
    poller.add(pair[0].fileno(), READ)
    poller.change(pair[0].fileno(), 0)
    pair[1].close()
    _polled(poller)  # once it may be reported
    assert _polled(poller) == []


def test_an_error_counts_as_whatever_is_waited_for(poller: _poller.Poller) -> None:
    with socket.socket() as refused, socket.socket() as client:
        refused.bind(("127.0.0.1", 0))  # bound, but nobody listens
        client.setblocking(False)
        client.connect_ex(refused.getsockname())
        poller.add(client.fileno(), WRITE)
        found = _polled(poller) or poller.poll(LIMIT)
        assert [(fd, events & WRITE) for fd, events in found] == [(client.fileno(), WRITE)]
        poller.remove(client.fileno())


def test_a_removed_descriptor_is_forgotten_even_when_its_number_is_used_again(
    poller: _poller.Poller, pair: Pair
) -> None:
    ours, peer = socket.socketpair()
    number = ours.fileno()
    poller.add(number, READ)
    peer.send(b"x")
    poller.remove(number)
    ours.close()
    peer.close()
    again, peer = socket.socketpair()
    assert number in (again.fileno(), peer.fileno())
    assert _polled(poller) == []
    poller.add(again.fileno(), READ)
    peer.send(b"x")
    assert _polled(poller) == [(again.fileno(), READ)]
    poller.remove(again.fileno())
    again.close()
    peer.close()


def test_a_wake_ends_the_present_poll(poller: _poller.Poller) -> None:
    found: List[_poller.Events] = []
    thread = threading.Thread(target=lambda: found.append(poller.poll(None)))
    thread.start()
    poller.wake()
    thread.join(LIMIT)
    assert found == [[]]


def test_a_wake_ends_the_next_poll_and_no_other(poller: _poller.Poller, pair: Pair) -> None:
    poller.wake()
    poller.wake()
    assert poller.poll(None) == []
    poller.add(pair[0].fileno(), READ)
    pair[1].send(b"x")
    assert (poller.poll(LIMIT) or poller.poll(LIMIT)) == [(pair[0].fileno(), READ)]


def test_any_number_of_wakes_is_drained_and_never_blocks(poller: _poller.Poller) -> None:
    for _ in range(100_000 // 64):
        poller.wake()
    assert poller.poll(None) == []
    assert poller.poll(0) == []


def test_another_thread_may_change_interests_during_a_poll(poller: _poller.Poller, pair: Pair) -> None:
    poller.add(pair[0].fileno(), 0)
    pair[1].send(b"x")
    found: List[_poller.Events] = []

    def poll() -> None:
        while not found or not found[-1]:
            found.append(poller.poll(None))

    thread = threading.Thread(target=poll)
    thread.start()
    poller.change(pair[0].fileno(), READ)
    thread.join(LIMIT)
    assert found[-1] == [(pair[0].fileno(), READ)]


def test_removing_from_a_closed_poller_is_no_error(pair: Pair) -> None:
    poller = _poller.EpollPoller()
    poller.add(pair[0].fileno(), READ)
    poller.close()
    poller.remove(pair[0].fileno())


def test_a_waker_stays_usable_until_nobody_refers_to_it() -> None:
    poller = _poller.EpollPoller()
    wake = poller.wake
    poller.close()
    del poller
    wake()  # writes into its own sockets, not into whatever has their numbers by now


def test_the_poller_of_a_system_without_epoll_is_the_selector(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(_poller.make_poller(), _poller.EpollPoller)
    monkeypatch.delattr(select, "epoll")
    poller = _poller.make_poller()
    assert isinstance(poller, _poller.SelectorPoller)
    poller.close()


class TestGate:
    @pytest.fixture(params=["poll", "select"])
    def make(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], _poller.Gate]:
        if request.param == "select":
            monkeypatch.delattr(select, "poll")
        return _poller.Gate

    def test_it_tells_when_the_descriptor_is_readable(self, make: Callable[[int], _poller.Gate], pair: Pair) -> None:
        gate = make(pair[0].fileno())
        pair[1].send(b"x")
        assert gate.wait(None)

    def test_a_wake_ends_one_wait(self, make: Callable[[int], _poller.Gate], pair: Pair) -> None:
        gate = make(pair[0].fileno())
        gate.wake()
        assert not gate.wait(None)
        assert not gate.wait(0)

    def test_a_wake_hides_nothing(self, make: Callable[[int], _poller.Gate], pair: Pair) -> None:
        gate = make(pair[0].fileno())
        pair[1].send(b"x")
        gate.wake()
        assert gate.wait(None)

    def test_the_end_of_the_stream_is_readable(self, make: Callable[[int], _poller.Gate], pair: Pair) -> None:
        gate = make(pair[0].fileno())
        pair[1].close()
        assert gate.wait(None)
