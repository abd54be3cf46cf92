"""The service config of a channel that asks the DNS for it: what holds when (gRFC A21)."""

from __future__ import annotations

import json
import logging
import random
from typing import Any, List

import pytest

from grpc._links import _config_source
from grpc._links._retries import Retries
from grpc._links._section import Section
from grpc._links._service_config import ServiceConfig
from grpc._values.connecting import ConfigLookup
from grpc.framework.interfaces.links import links
from tests.links.channel_peer import Peer, frame
from tests.links.channel_rig import COMPLETION, Rig
from tests.support.environment import FakeEnvironment

LOOKUP = ConfigLookup("_grpc_config.test.example", 5.0, "this-machine")
NAME = [{"service": "pkg.Svc"}]
RETRYING = {
    "name": NAME,
    "retryPolicy": {
        "maxAttempts": 3,
        "initialBackoff": "1s",
        "maxBackoff": "1s",
        "backoffMultiplier": 1,
        "retryableStatusCodes": ["UNAVAILABLE"],
    },
}
PATIENT = {"methodConfig": [{"name": NAME, "waitForReady": True}]}
HASTY = {"methodConfig": [{"name": NAME, "waitForReady": False}]}
# How an operation has ended whose last attempt the server has failed: `Peer.fail` gives no details.
FAILED = ""
ROUND_ROBIN = {"loadBalancingConfig": [{"round_robin": {}}]}

COMPLAINT = (
    "the TXT record of '_grpc_config.test.example' cannot be used: service config: methodConfig must be an array, not 5"
)


@pytest.fixture(autouse=True)
def _no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "uniform", lambda low, high: 1.0)


def texts(*configs: Any, **filters: Any) -> List[List[bytes]]:
    """A TXT record with these configs, each behind the same filters."""
    return [[b"grpc_config=" + json.dumps([{"serviceConfig": config, **filters} for config in configs]).encode()]]


INVALID = texts({"methodConfig": 5})


def asking(default: Any = None, **choices: Any) -> Rig:
    """A channel that asks the DNS, and has a service config of its own."""
    own = None if default is None else json.dumps(default)
    return Rig(config_lookup=LOOKUP, service_config=own, **choices)


def ask_again(rig: Rig) -> None:
    """Have the channel lose its connection and want another one, so that the name service is asked."""
    before = len(rig.driver.questions)
    rig.environment.advance(100.0)
    for transport, _ in rig.link._pool.entries:
        transport.close("test")
    rig.link.state(try_to_connect=True)
    assert len(rig.driver.questions) == before + 1


def connected(rig: Rig, config: Any) -> Peer:
    """Connect a channel, the DNS having that config for it."""
    rig.link.state(try_to_connect=True)
    rig.resolve("a", texts=texts(config))
    return rig.last_dial.accept()


class TestFirstAnswer:
    def test_a_channel_hands_on_how_to_ask_with_every_question(self) -> None:
        rig = asking()
        connected(rig, {})
        ask_again(rig)
        assert [question.lookup for question in rig.driver.questions] == [LOOKUP, LOOKUP]

    def test_a_channel_that_does_not_ask_the_dns_takes_no_notice_of_it(self) -> None:
        rig = Rig(service_config=json.dumps(HASTY))
        rig.call("one")
        rig.resolve("a", texts=texts(PATIENT))
        rig.refuse()
        assert rig.driver.questions[0].lookup is None
        assert rig.ending("one") is not None

    def test_what_the_dns_has_holds_and_not_what_the_argument_says(self) -> None:
        rig = asking(HASTY)
        rig.call("early")
        rig.resolve("a", texts=texts(PATIENT))
        rig.refuse()
        rig.call("late")
        assert (rig.ending("early"), rig.ending("late")) == (None, None)

    @pytest.mark.parametrize(
        "found",
        [(), [[b"v=spf1"]], texts(HASTY, clientLanguage=["go"]), texts(HASTY, clientHostname=["another-machine"])],
        ids=["no record", "a record of others", "another language", "another machine"],
    )
    def test_where_the_dns_has_none_for_this_client_the_argument_holds(self, found: Any) -> None:
        rig = asking(PATIENT)
        rig.call("one")
        rig.resolve("a", texts=found)
        rig.refuse()
        assert rig.ending("one") is None

    def test_a_choice_by_hostname_knows_this_machine(self) -> None:
        rig = asking()
        rig.call("one")
        rig.resolve("a", texts=texts(PATIENT, clientHostname=["this-machine"]))
        rig.refuse()
        assert rig.ending("one") is None

    def test_a_percentage_is_drawn_from_a_hundred_numbers(self) -> None:
        assert {_config_source._draw() for _ in range(5000)} == set(range(100))

    def test_an_operation_that_came_before_it_is_tried_again_by_what_the_dns_has(self) -> None:
        rig = asking()
        rig.call("one", whole=False)
        rig.say("one", 1, b" more")
        rig.resolve("a", texts=texts({"methodConfig": [RETRYING]}))
        peer = rig.last_dial.accept()
        rig.say("one", 2, b" most", last=True)
        peer.fail(1)
        assert rig.heard("one")[-1].termination is None
        rig.environment.advance(1.0)
        assert peer.requests == [frame(b"one") + frame(b" more") + frame(b" most")] * 2
        peer.answer(3)
        assert rig.ending("one") == "OK"

    def test_one_that_came_before_it_is_tried_again_by_the_argument_where_the_dns_has_none(self) -> None:
        rig = asking({"methodConfig": [RETRYING]})
        rig.call("one")
        rig.resolve("a")
        peer = rig.last_dial.accept()
        peer.fail(1)
        rig.environment.advance(1.0)
        assert len(peer.streams) == 2

    def test_one_that_came_before_it_is_not_tried_again_by_the_argument_where_the_dns_has_another_one(self) -> None:
        rig = asking({"methodConfig": [RETRYING]})
        rig.call("one")
        rig.resolve("a", texts=texts({}))
        rig.last_dial.accept().fail(1)
        assert rig.ending("one") == FAILED

    def test_nothing_is_kept_of_one_that_is_not_to_be_tried_again(self) -> None:
        rig = asking()
        rig.call("one", whole=False)
        assert repr(rig.link._retries) == "<Retries: 1 operations, 0 between two attempts>"
        rig.resolve("a", texts=texts({}))
        assert repr(rig.link._retries) == "<Retries: 0 operations, 0 between two attempts>"

    def test_one_that_fails_before_it_is_not_tried_again(self) -> None:
        rig = asking({"methodConfig": [RETRYING]})
        rig.call("one")
        rig.driver.questions[0].failed("no such name", OSError())
        assert rig.ending("one") == "no such name"
        assert repr(rig.link._retries) == "<Retries: 0 operations, 0 between two attempts>"

    def test_one_that_is_too_long_to_be_kept_is_sent_once(self) -> None:
        rig = asking(retry_buffer=100)
        rig.call("one", bytes(101))
        rig.resolve("a", texts=texts({"methodConfig": [RETRYING]}))
        rig.last_dial.accept().fail(1)
        assert rig.ending("one") == FAILED

    def test_without_retries_none_is_tried_again(self) -> None:
        rig = asking(retries=False)
        rig.call("one")
        rig.resolve("a", texts=texts({"methodConfig": [RETRYING]}))
        rig.last_dial.accept().fail(1)
        assert rig.ending("one") == FAILED

    def test_one_that_begins_just_as_it_comes_is_not_overlooked(self) -> None:
        """Between the look at the config and the entry in the register another thread may bring the first answer."""

        class Interrupting(FakeEnvironment):
            def time(self) -> float:
                with section:
                    retries.configure(ServiceConfig())
                return super().time()

        section = Section()
        retries = Retries(section, Interrupting(), None, 1000, lambda waiting: None, lambda low, high: 1.0)
        retries.begin(links.Ticket("one", 0, "pkg.Svc", "Do", payload=b"", termination=COMPLETION))
        assert repr(retries) == "<Retries: 0 operations, 0 between two attempts>"


class TestInvalidAtTheStart:
    def test_however_deep_it_nests_there_is_a_failure(self) -> None:
        source = asking().link._configs
        for depth in range(800, 1000):  # about what Python's stack takes
            nested = b'{"x":' * depth + b"1" + b"}" * depth
            for text in (nested, b'[{"serviceConfig": {"methodConfig": ' + nested + b"}}]"):
                assert source.take([[b"grpc_config=" + text]]) is not None

    def test_it_fails_operations_and_says_what_is_wrong(self) -> None:
        rig = asking(PATIENT)  # of the argument nothing is known to hold
        rig.call("one", wait_for_ready=False)
        rig.resolve("a", texts=INVALID)
        assert rig.ending("one") == COMPLAINT
        assert rig.heard("one")[-1].code == 14
        assert (rig.state, rig.dialled) == ("TRANSIENT_FAILURE", [])

    def test_an_operation_that_waits_for_ready_waits(self) -> None:
        rig = asking()
        rig.call("one", wait_for_ready=True)
        rig.resolve("a", texts=INVALID)
        assert rig.ending("one") is None

    def test_the_dns_is_asked_again_and_may_have_a_good_one_then(self) -> None:
        rig = asking()
        rig.call("patient", wait_for_ready=True)
        rig.resolve("a", texts=INVALID)
        for delay in (1.0, 1.6):
            before = len(rig.driver.questions)
            rig.environment.advance(delay - 0.01)
            assert len(rig.driver.questions) == before
            rig.environment.advance(0.01)
            assert len(rig.driver.questions) == before + 1
            rig.resolve("a", texts=INVALID)
        rig.environment.advance(3.0)
        rig.resolve("a", texts=texts({}))
        assert rig.last_dial.accept().requests == [frame(b"patient")]
        assert rig.state == "READY"

    def test_an_argument_that_cannot_be_used_fails_operations_for_good(self) -> None:
        rig = asking({"methodConfig": 5})
        rig.call("one", wait_for_ready=True)
        assert rig.ending("one") == "service config: methodConfig must be an array, not 5"
        assert rig.driver.questions == []


class TestUpdates:
    def test_an_invalid_one_leaves_the_last_good_one_and_is_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        rig = asking()
        connected(rig, PATIENT)
        ask_again(rig)
        rig.resolve("b", texts=INVALID)
        rig.refuse()
        rig.call("one")
        assert rig.ending("one") is None
        assert rig.dialled[-1] == "b"
        assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
            ("WARNING", f"{COMPLAINT}; what it said before goes on to hold")
        ]

    def test_it_is_logged_where_the_log_may_use_the_channel(self) -> None:
        rig = asking()
        connected(rig, {})
        ask_again(rig)
        locked: List[bool] = []
        handler = logging.Handler()
        handler.emit = lambda record: locked.append(rig.link._section._lock.locked())  # type: ignore[method-assign]
        logger = logging.getLogger(_config_source.__name__)
        logger.addHandler(handler)
        try:
            rig.resolve("a", texts=INVALID)
        finally:
            logger.removeHandler(handler)
        assert locked == [False]

    def test_none_gives_way_to_the_argument(self) -> None:
        rig = asking(PATIENT)
        connected(rig, HASTY)
        ask_again(rig)
        rig.resolve("b")
        rig.refuse()
        rig.call("one")
        assert rig.ending("one") is None

    def test_a_good_one_holds_for_new_operations(self) -> None:
        rig = asking()
        connected(rig, HASTY)
        ask_again(rig)
        rig.resolve("b", texts=texts(PATIENT))
        rig.refuse()
        rig.call("one")
        assert rig.ending("one") is None

    def test_the_config_is_remembered_while_the_channel_is_idle(self) -> None:
        rig = asking(idle_timeout=4.0)
        connected(rig, PATIENT)
        rig.environment.advance(10.0)
        assert rig.state == "IDLE"
        rig.call("one")
        rig.refuse()
        assert rig.ending("one") is None

    def test_a_policy_for_retries_is_for_operations_that_begin_after_it(self) -> None:
        rig = asking(policy="round_robin")
        peer = self._with_a_second_address_that_fails(rig, {})
        rig.call("before")
        rig.resolve("a", "b", texts=texts({"methodConfig": [RETRYING]}))
        rig.call("after")
        peer.fail(1)
        peer.fail(3)
        assert (rig.ending("before"), rig.ending("after")) == (FAILED, None)
        rig.environment.advance(1.0)
        assert peer.streams == [1, 3, 5]

    def test_operations_that_began_by_a_policy_keep_to_it(self) -> None:
        rig = asking(policy="round_robin")
        peer = self._with_a_second_address_that_fails(rig, {"methodConfig": [RETRYING]})
        rig.call("before")
        rig.resolve("a", "b", texts=texts({}))
        rig.call("after")
        peer.fail(1)
        peer.fail(3)
        assert (rig.ending("before"), rig.ending("after")) == (None, FAILED)

    @pytest.mark.parametrize(("tokens", "left"), [(4, 3.0), (6, 6.0)], ids=["the same", "another one"])
    def test_throttling_begins_anew_only_if_it_is_another_one(self, tokens: int, left: float) -> None:
        rig = asking(policy="round_robin")
        config = {"methodConfig": [RETRYING], "retryThrottling": {"maxTokens": 4, "tokenRatio": 1}}
        peer = self._with_a_second_address_that_fails(rig, config)
        rig.call("one")
        peer.fail(1)
        config = {**config, "retryThrottling": {"maxTokens": tokens, "tokenRatio": 1}, **ROUND_ROBIN}
        rig.resolve("a", "b", texts=texts(config))
        assert rig.link._retries is not None
        assert rig.link._retries._throttle is not None
        assert rig.link._retries._throttle.tokens == left

    def test_message_sizes_hold_for_new_operations_on_the_connections_there_are(self) -> None:
        rig = asking(policy="round_robin")
        peer = self._with_a_second_address_that_fails(rig, {})
        rig.resolve("a", "b", texts=texts({"methodConfig": [{"name": NAME, "maxRequestMessageBytes": 10}]}))
        rig.call("one", bytes(11))
        assert peer.streams == []
        assert rig.heard("one")[-1].code == 8

    def test_health_is_asked_about_on_the_connections_there_are(self) -> None:
        rig = asking(policy="round_robin")
        peer = self._with_a_second_address_that_fails(rig, {})
        rig.resolve("a", "b", texts=texts({"healthCheckConfig": {"serviceName": "pkg.Svc"}}))
        assert peer.header(b":path") == b"/grpc.health.v1.Health/Watch"
        assert rig.state == "CONNECTING"

    def test_an_equal_one_changes_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        rig = asking(policy="round_robin")
        config = {"methodConfig": [RETRYING]}
        self._with_a_second_address_that_fails(rig, config)

        def changed(*what: Any) -> None:
            raise AssertionError(what)

        monkeypatch.setattr(rig.link._configs, "_changed", changed)
        rig.resolve("a", "b", texts=texts(config))
        assert rig.state == "READY"

    def _with_a_second_address_that_fails(self, rig: Rig, config: Any) -> Peer:
        """Connect a channel of the policy round_robin to `a`; as `b` fails, the name service is asked again."""
        rig.link.state(try_to_connect=True)
        rig.resolve("a", "b", texts=texts(config))
        first, second = rig.driver.dials
        peer = first.accept()
        rig.refuse(second)
        rig.environment.advance(30.0)
        assert len(rig.driver.questions) == 2
        return peer


class TestPolicy:
    def test_the_dns_may_name_the_policy(self) -> None:
        rig = asking(policy="pick_first")
        rig.call("one")
        rig.resolve("a", "b", texts=texts(ROUND_ROBIN))
        assert rig.dialled == ["a", "b"]

    def test_a_change_connects_anew_and_lets_the_running_operations_end(self) -> None:
        rig = asking(policy="round_robin", min_resolution_interval=0.0)
        rig.link.state(try_to_connect=True)
        rig.resolve("a", "b")
        first, second = rig.driver.dials
        peer = first.accept()
        rig.call("running")
        rig.refuse(second)
        rig.resolve("a", "c", texts=texts({"loadBalancingConfig": [{"pick_first": {}}]}))
        assert (rig.state, peer.left, peer.transport.closed) == ("CONNECTING", True, False)
        assert rig.dialled == ["a", "b", "a"]
        rig.call("waiting")
        peer.answer(1)
        assert (rig.ending("running"), peer.transport.closed) == ("OK", True)
        assert rig.last_dial.accept().requests == [frame(b"waiting")]

    def test_without_a_change_the_connections_stay(self) -> None:
        rig = asking(policy="round_robin", min_resolution_interval=0.0)
        rig.link.state(try_to_connect=True)
        rig.resolve("a", "b")
        first, second = rig.driver.dials
        peer = first.accept()
        rig.refuse(second)
        rig.resolve("a", texts=texts({**ROUND_ROBIN, **PATIENT}))
        assert (rig.state, peer.left) == ("READY", False)

    def test_what_names_no_policy_goes_back_to_the_arguments(self) -> None:
        rig = asking(policy="round_robin")
        connected(rig, {"loadBalancingConfig": [{"pick_first": {}}]})
        ask_again(rig)
        rig.resolve("c", "d", texts=texts({}))
        assert rig.dialled[-2:] == ["c", "d"]

    def test_a_change_while_nobody_wants_a_connection_makes_none(self) -> None:
        rig = asking(min_resolution_interval=0.0)
        rig.link.state(try_to_connect=True)
        rig.resolve("a", "b")
        rig.refuse()  # so the name service is asked again
        rig.last_dial.accept().hang_up()
        rig.resolve("c", "d", texts=texts(ROUND_ROBIN))
        assert (rig.state, rig.dialled) == ("IDLE", ["a", "b"])
        rig.call("one")
        assert rig.dialled == ["a", "b", "c", "d"]

    def test_an_argument_that_nobody_knows_is_logged_once(self, caplog: pytest.LogCaptureFixture) -> None:
        rig = asking(policy="grpclb")
        connected(rig, ROUND_ROBIN)
        ask_again(rig)
        rig.resolve("c", "d", texts=texts({}))
        assert rig.dialled[-1] == "c"
        assert caplog.text.count("There is no load balancing policy 'grpclb'") == 1


def test_a_source_says_what_holds() -> None:
    rig = asking()
    source = rig.link._configs
    assert repr(source) == "<ConfigSource: the DNS has not answered yet>"
    connected(rig, {})
    assert repr(source) == f"<ConfigSource: {ServiceConfig()!r}>"
