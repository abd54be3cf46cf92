"""A channel without operations goes IDLE after its idle timeout and at most a quarter more."""

from __future__ import annotations

from tests.links.channel_rig import Rig


class TestIdleTimeout:
    def test_a_channel_without_operations_goes_idle_and_closes_its_connection(self) -> None:
        rig = Rig(idle_timeout=8.0)
        peer = rig.connect()
        rig.environment.advance(8.0)
        assert rig.state == "READY"
        rig.environment.advance(2.0)
        assert rig.states == ["IDLE", "CONNECTING", "READY", "IDLE"]
        assert peer.transport.closed
        assert rig.environment.pending == 0

    def test_an_operation_under_way_keeps_the_channel_from_it(self) -> None:
        rig = Rig(idle_timeout=8.0)
        peer = rig.connect()
        rig.call("one")
        rig.environment.advance(100.0)
        assert rig.state == "READY"
        peer.answer(1)
        rig.environment.advance(7.9)
        assert rig.state == "READY"
        rig.environment.advance(4.1)
        assert rig.state == "IDLE"

    def test_an_operation_between_two_looks_counts(self) -> None:
        rig = Rig(idle_timeout=8.0)
        peer = rig.connect()
        for number in range(10):
            rig.environment.advance(5.0)
            rig.call(number)
            peer.answer(2 * number + 1)
        rig.environment.advance(7.9)
        assert rig.state == "READY"

    def test_an_operation_that_waits_keeps_the_channel_from_it(self) -> None:
        rig = Rig(idle_timeout=1.0)
        rig.call("one", wait_for_ready=True)
        rig.resolve("a")
        rig.refuse()
        rig.environment.advance(100.0)
        assert rig.state == "TRANSIENT_FAILURE"

    def test_attempts_end_when_nobody_needs_them(self) -> None:
        rig = Rig(idle_timeout=60.0)
        rig.call("one")
        rig.resolve("a")
        rig.refuse()
        rig.environment.advance(76.0)
        assert rig.state == "IDLE"
        assert rig.environment.pending == 0

    def test_the_next_operation_connects_again_and_asks_the_name_service(self) -> None:
        rig = Rig(idle_timeout=60.0)
        rig.connect()
        rig.environment.advance(76.0)
        rig.call("one")
        assert (len(rig.driver.questions), rig.dialled) == (2, ["a", "a"])
        rig.last_dial.accept().answer(1)
        assert rig.ending("one") == "OK"

    def test_without_a_timeout_a_channel_is_never_looked_at(self) -> None:
        rig = Rig()
        rig.connect()
        assert rig.environment.pending == 0
