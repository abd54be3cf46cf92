"""When the name service is asked: when it is wanted, after failures, and not too often."""

from __future__ import annotations

import random

import pytest

from grpc._io import contract
from grpc._values.connecting import Destination, Proxy
from tests.links.channel_rig import Rig, address


@pytest.fixture(autouse=True)
def _no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "uniform", lambda low, high: 1.0)


def asked(rig: Rig) -> int:
    """How often the name service was asked."""
    return len(rig.driver.questions)


class TestResolution:
    def test_the_target_is_handed_on_as_it_is(self) -> None:
        rig = Rig(target="dns:///some.host:5")
        rig.call("one")
        assert rig.driver.questions[0].target == "dns:///some.host:5"

    def test_a_failed_attempt_asks_again_but_not_before_30_seconds_have_passed(self) -> None:
        rig = Rig()
        rig.call("one")
        rig.resolve("a")
        rig.refuse()
        rig.environment.advance(29.9)
        assert asked(rig) == 1
        rig.environment.advance(0.2)
        assert asked(rig) == 2

    def test_many_failures_ask_once(self) -> None:
        rig = Rig(policy="round_robin")
        rig.call("one")
        rig.resolve("a", "b", "c")
        for dial in list(rig.driver.dials):
            rig.refuse(dial)
        rig.environment.advance(30.0)
        assert asked(rig) == 2

    def test_a_failure_while_the_name_service_is_being_asked_does_not_ask_again(self) -> None:
        rig = Rig()
        rig.call("one")
        rig.resolve("a")
        rig.refuse()
        rig.environment.advance(30.0)
        rig.refuse()
        rig.environment.advance(100.0)
        assert asked(rig) == 2

    def test_an_answer_resets_the_backoff(self) -> None:
        rig = Rig(min_resolution_interval=5.0, policy="round_robin")
        rig.call("one")
        for delay in (1.0, 1.6):
            rig.driver.questions[-1].failed("no such name", None)
            rig.environment.advance(delay)
        rig.resolve("a")
        rig.refuse()
        rig.environment.advance(5.0)
        before = asked(rig)
        rig.driver.questions[-1].failed("no such name", None)
        rig.environment.advance(1.0)
        assert asked(rig) == before + 1

    def test_the_time_between_two_questions_comes_from_the_options(self) -> None:
        rig = Rig(min_resolution_interval=2.0)
        rig.call("one")
        rig.resolve("a")
        rig.refuse()
        rig.environment.advance(2.0)
        assert asked(rig) == 2

    def test_new_addresses_are_tried_at_once(self) -> None:
        rig = Rig()
        rig.call("one")
        rig.resolve("a")
        rig.refuse()
        rig.environment.advance(30.0)
        attempts = rig.dialled.count("b")
        assert attempts == 0
        rig.refuse()
        rig.resolve("b")
        assert rig.dialled[-1] == "b"

    def test_an_address_that_is_given_again_keeps_its_backoff(self) -> None:
        rig = Rig(min_resolution_interval=0.1)
        rig.call("one")
        rig.resolve("a")
        rig.refuse()
        rig.environment.advance(0.1)
        rig.resolve("a")
        assert rig.dialled == ["a"]
        rig.environment.advance(0.9)
        assert rig.dialled == ["a", "a"]

    def test_after_a_loss_the_known_addresses_are_tried_while_the_name_is_asked_about(self) -> None:
        rig = Rig()
        peer = rig.connect("a")
        rig.environment.advance(100.0)
        peer.hang_up()
        assert asked(rig) == 1
        rig.call("one")
        assert asked(rig) == 2
        assert rig.dialled == ["a", "a"]

    def test_a_name_service_that_fails_is_asked_again_with_backoff(self) -> None:
        rig = Rig()
        rig.call("one", wait_for_ready=True)
        for delay in (1.0, 1.6, 2.56):
            before = asked(rig)
            rig.driver.questions[-1].failed("no such name", OSError("no such name"))
            rig.environment.advance(delay - 0.01)
            assert asked(rig) == before
            rig.environment.advance(0.01)
            assert asked(rig) == before + 1
        rig.resolve("a")
        rig.last_dial.accept().answer(1)
        assert rig.ending("one") == "OK"

    def test_a_name_service_that_fails_later_changes_nothing_about_known_addresses(self) -> None:
        rig = Rig()
        rig.connect("a").hang_up()
        rig.environment.advance(30.0)
        rig.call("one")
        rig.driver.questions[-1].failed("no such name", None)
        assert rig.state == "CONNECTING"
        rig.last_dial.accept()
        assert rig.state == "READY"

    def test_the_answer_to_a_question_given_up_is_ignored(self) -> None:
        rig = Rig(idle_timeout=4.0)
        rig.link.state(try_to_connect=True)
        rig.environment.advance(10.0)
        assert (rig.state, rig.driver.questions[0].cancelled) == ("IDLE", True)
        rig.resolve("a")
        rig.driver.questions[0].failed("late", None)
        assert (rig.state, rig.driver.dials) == ("IDLE", [])


class TestProxy:
    """With a proxy, its name is asked about, and the target's is not."""

    def test_the_proxy_is_resolved_and_asked_for_the_target(self) -> None:
        proxy = Proxy("dns:proxy:2", (Destination("service.example", 1),), "Basic x")
        rig = Rig(target="service.example:1", proxy=proxy)
        rig.call("one")
        assert rig.driver.questions[0].target == "dns:proxy:2"
        rig.resolve("a", "b")
        rig.refuse()
        tunnel = contract.Tunnel("service.example:1", "Basic x")
        assert [dial.to for dial in rig.driver.dials] == [
            address(name)._replace(host="service.example", tunnel=tunnel) for name in ("a", "b")
        ]

    def test_each_of_several_destinations_is_reached_by_each_address_of_the_proxy(self) -> None:
        destinations = (Destination("127.0.0.1", 1), Destination("::1", 2))
        rig = Rig(proxy=Proxy("dns:proxy:2", destinations), policy="round_robin")
        rig.call("one")
        rig.resolve("a", "b")
        found = [(dial.to.name, dial.to.tunnel and dial.to.tunnel.authority) for dial in rig.driver.dials]
        assert found == [("a", "127.0.0.1:1"), ("b", "127.0.0.1:1"), ("a", "[::1]:2"), ("b", "[::1]:2")]

    def test_a_proxy_that_cannot_be_found_is_named_as_the_proxy(self) -> None:
        rig = Rig(proxy=Proxy("dns:proxy:2", (Destination("service.example", 1),)))
        rig.call("one")
        rig.driver.questions[0].failed("cannot resolve 'dns:proxy:2': no such name", None)
        assert rig.ending("one") == "the HTTP proxy: cannot resolve 'dns:proxy:2': no such name"
