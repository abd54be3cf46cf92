"""The state of a channel, and who watches it: each state once, in order, first the present one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, List

from grpc._links import _connectivity
from grpc._links._section import Section
from grpc._values.connectivity import ChannelConnectivity
from tests.links.channel_rig import Rig
from tests.support.environment import FakeEnvironment

if TYPE_CHECKING:
    import pytest

State = ChannelConnectivity


class LateEnvironment(FakeEnvironment):
    """Customers' code runs when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.actions: List[Callable[[], None]] = []

    def execute(self, action: Callable[[], None]) -> None:
        self.actions.append(action)

    def run(self) -> None:
        while self.actions:
            self.actions.pop(0)()


class Bench:
    """A `Connectivity` alone."""

    def __init__(self) -> None:
        self.environment = LateEnvironment()
        self.section = Section()
        self.connectivity = _connectivity.Connectivity(self.section, self.environment)
        self.seen: List[State] = []

    def watch(self, callback: Callable[[State], None]) -> None:
        with self.section:
            self.connectivity.watch(callback)

    def change(self, *states: State) -> None:
        for state in states:
            with self.section:
                self.connectivity.change(state)


class TestWatchers:
    def test_a_watcher_is_told_the_present_state_first(self) -> None:
        bench = Bench()
        bench.change(State.CONNECTING)
        bench.watch(bench.seen.append)
        bench.environment.run()
        assert bench.seen == [State.CONNECTING]

    def test_each_state_is_told_in_order_even_if_it_has_passed(self) -> None:
        bench = Bench()
        bench.watch(bench.seen.append)
        bench.change(State.CONNECTING, State.TRANSIENT_FAILURE, State.READY, State.IDLE)
        bench.environment.run()
        assert bench.seen == [State.IDLE, State.CONNECTING, State.TRANSIENT_FAILURE, State.READY, State.IDLE]

    def test_the_same_state_again_is_no_news(self) -> None:
        bench = Bench()
        bench.watch(bench.seen.append)
        bench.change(State.IDLE, State.CONNECTING, State.CONNECTING)
        bench.environment.run()
        assert bench.seen == [State.IDLE, State.CONNECTING]

    def test_callbacks_go_through_the_environment(self) -> None:
        bench = Bench()
        bench.watch(bench.seen.append)
        assert bench.seen == []
        assert len(bench.environment.actions) == 1

    def test_who_watches_no_more_is_told_nothing_more(self) -> None:
        bench = Bench()
        bench.watch(bench.seen.append)
        bench.environment.run()
        bench.change(State.CONNECTING)
        with bench.section:
            bench.connectivity.unwatch(bench.seen.append)
        bench.change(State.READY)
        bench.environment.run()
        assert bench.seen == [State.IDLE]

    def test_ending_a_watch_that_nobody_knows_is_no_error(self) -> None:
        bench = Bench()
        with bench.section:
            bench.connectivity.unwatch(bench.seen.append)

    def test_a_callback_that_raises_is_logged_and_called_again(self, caplog: pytest.LogCaptureFixture) -> None:
        bench = Bench()

        def raising(state: State) -> None:
            bench.seen.append(state)
            raise RuntimeError("customer")

        bench.watch(raising)
        bench.change(State.CONNECTING)
        bench.environment.run()
        assert bench.seen == [State.IDLE, State.CONNECTING]
        assert "A connectivity callback raised" in caplog.text

    def test_a_callback_that_changes_the_state_is_told_of_it_afterwards(self) -> None:
        rig = Rig()
        told: List[str] = []

        def curious(state: State) -> None:
            told.append(f"{state.name} begins")
            rig.link.state(try_to_connect=True)
            told.append(f"{state.name} ends")

        rig.link.watch(curious)
        assert told == ["IDLE begins", "IDLE ends", "CONNECTING begins", "CONNECTING ends"]


class TestStates:
    def test_a_connection_takes_the_channel_from_idle_to_ready_and_its_loss_back(self) -> None:
        rig = Rig()
        rig.connect().hang_up()
        assert rig.states == ["IDLE", "CONNECTING", "READY", "IDLE"]

    def test_asking_for_the_state_connects_only_if_told_to(self) -> None:
        rig = Rig()
        assert rig.link.state() is State.IDLE
        assert rig.driver.questions == []
        assert rig.link.state(try_to_connect=True) is State.IDLE
        assert rig.link.state() is State.CONNECTING
        assert len(rig.driver.questions) == 1

    def test_asking_again_while_connecting_does_nothing_more(self) -> None:
        rig = Rig()
        rig.link.state(try_to_connect=True)
        rig.link.state(try_to_connect=True)
        assert len(rig.driver.questions) == 1

    def test_shutdown_is_final(self) -> None:
        rig = Rig()
        peer = rig.connect()
        rig.link.close()
        peer.hang_up()
        rig.link.state(try_to_connect=True)
        rig.environment.advance(1000.0)
        assert rig.states == ["IDLE", "CONNECTING", "READY", "SHUTDOWN"]
        assert len(rig.driver.dials) == 1

    def test_who_no_longer_watches_the_link_hears_nothing(self) -> None:
        rig = Rig()
        seen: List[State] = []
        rig.link.watch(seen.append)
        rig.link.unwatch(seen.append)
        rig.connect()
        assert seen == [State.IDLE]
