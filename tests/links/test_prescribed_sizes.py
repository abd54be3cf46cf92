"""`maxRequestMessageBytes` and `maxResponseMessageBytes`: wire facts, section 12; the smaller limit wins."""

from __future__ import annotations

import json
from typing import Any

import pytest

from grpc.framework.interfaces.links import links
from tests.links.channel_rig import Rig


def _rig(service: str = "pkg.Svc", **sizes: Any) -> Rig:
    return Rig(service_config=json.dumps({"methodConfig": [{"name": [{"service": service}], **sizes}]}))


class TestRequests:
    def test_one_that_is_too_long_is_not_sent(self) -> None:
        rig = _rig(maxRequestMessageBytes=10)
        peer = rig.connect()
        rig.call("one", bytes(11))
        assert rig.heard("one")[-1].code == 8
        assert rig.ending("one") == (
            "message to be sent of 11 bytes exceeds the limit of 10; the service config sets it for this method"
        )
        assert peer.streams == []

    def test_one_that_is_as_long_as_may_be_is_sent(self) -> None:
        rig = _rig(maxRequestMessageBytes=10)
        peer = rig.connect()
        rig.call("one", bytes(10))
        assert peer.completed == [1]

    def test_a_later_one_that_is_too_long_ends_the_stream(self) -> None:
        rig = _rig(maxRequestMessageBytes=10)
        peer = rig.connect()
        rig.call("one", bytes(10), whole=False)
        rig.say("one", 1, bytes(11))
        assert rig.heard("one")[-1].code == 8
        assert peer.resets == [1]

    def test_each_of_several_is_looked_at(self) -> None:
        rig = _rig(maxRequestMessageBytes=10)
        rig.connect()
        rig.call("one", bytes(10), whole=False)
        rig.link.accept_ticket(links.Ticket("one", 1, payload=b"", further_payloads=(bytes(11), b"")))
        assert rig.heard("one")[-1].code == 8

    def test_an_operation_that_waited_is_looked_at_as_well(self) -> None:
        rig = _rig(maxRequestMessageBytes=10)
        rig.call("one", bytes(10), whole=False)
        rig.say("one", 1, bytes(11))
        rig.connect()
        assert rig.heard("one")[-1].code == 8

    def test_a_method_that_is_not_named_has_the_limit_of_the_channel(self) -> None:
        rig = _rig("other.Svc", maxRequestMessageBytes=10)
        peer = rig.connect()
        rig.call("one", bytes(11))
        assert peer.completed == [1]


class TestResponses:
    def test_one_that_is_too_long_fails_the_operation(self) -> None:
        rig = _rig(maxResponseMessageBytes=3)
        peer = rig.connect()
        rig.call("one")
        peer.answer(1, b"done")
        assert rig.heard("one")[-1].code == 8
        assert rig.ending("one") == (
            "received message of 4 bytes exceeds the limit of 3; the service config sets it for this method"
        )

    def test_one_that_is_as_long_as_may_be_is_delivered(self) -> None:
        rig = _rig(maxResponseMessageBytes=4)
        peer = rig.connect()
        rig.call("one")
        peer.answer(1, b"done")
        assert rig.heard("one")[-1].payload == b"done"
        assert rig.ending("one") == "OK"

    def test_one_that_comes_in_pieces_is_delivered(self) -> None:
        rig = _rig(maxResponseMessageBytes=4)
        peer = rig.connect()
        rig.call("one")
        rig.link.accept_ticket(links.Ticket("one", 1, allowance=1))
        peer.begin_answer(1)
        peer.send(1, b"1234")
        peer.send(1, b"12345")
        assert [ticket.payload for ticket in rig.heard("one") if ticket.payload] == [b"1234"]
        assert rig.heard("one")[-1].code == 8

    def test_a_limit_of_zero_admits_empty_ones(self) -> None:
        rig = _rig(maxResponseMessageBytes=0)
        peer = rig.connect()
        rig.call("empty")
        peer.answer(1, b"")
        rig.call("one")
        peer.answer(3, b"1")
        assert rig.ending("empty") == "OK"
        assert rig.heard("one")[-1].code == 8

    def test_a_compressed_one_is_inflated(self) -> None:
        rig = _rig(maxResponseMessageBytes=1000)
        peer = rig.connect()
        rig.call("one")
        peer.answer_compressed(1, b"a" * 1000)
        assert rig.heard("one")[-1].payload == b"a" * 1000
        rig.call("two")
        peer.answer_compressed(3, b"a" * 1001)
        assert rig.heard("two")[-1].code == 8

    @pytest.mark.parametrize("sizes", [{"maxResponseMessageBytes": 5_000_000}, {"maxRequestMessageBytes": 10}])
    def test_the_limit_of_the_channel_stays_if_it_is_smaller(self, sizes: Any) -> None:
        rig = _rig(**sizes)
        peer = rig.connect()
        rig.call("one")
        peer.begin_answer(1)
        peer.say_raw(b"\0\0\5\0\0\0\0\0\1" + b"\0" + (4 * 1024 * 1024 + 1).to_bytes(4, "big"))
        assert rig.ending("one") == (
            "received message of 4194305 bytes exceeds the limit of 4194304; raise it with "
            "'grpc.max_receive_message_length'"
        )

    def test_an_answer_without_messages_ends_as_it_says(self) -> None:
        rig = _rig(maxResponseMessageBytes=4)
        peer = rig.connect()
        rig.call("one")
        peer.fail(1, 5)
        assert rig.heard("one")[-1].code == 5
