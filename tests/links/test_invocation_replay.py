"""Operations that a peer surely has not processed go to another connection, unseen by their End (gRFC A6)."""

from __future__ import annotations

from tests.links.channel_peer import frame
from tests.links.channel_rig import Rig


class TestGoAway:
    """Wire facts, section 9: streams above the last id were not processed, lower ones run on."""

    def test_streams_above_the_last_id_are_retried_on_another_connection_unseen_by_the_end(self) -> None:
        rig = Rig()
        old = rig.connect()
        rig.call("one")
        rig.call("two")
        rig.call("three")
        old.go_away(1)
        assert (rig.heard("two"), rig.heard("three")) == ([], [])
        new = rig.last_dial.accept()
        assert new.requests == [frame(b"two"), frame(b"three")]
        new.answer(1)
        new.answer(3)
        assert (rig.ending("two"), rig.ending("three")) == ("OK", "OK")

    def test_streams_up_to_the_last_id_finish_on_the_old_connection(self) -> None:
        rig = Rig()
        old = rig.connect()
        rig.call("one")
        old.go_away(1)
        rig.call("two")
        new = rig.last_dial.accept()
        assert not old.transport.closed
        old.answer(1)
        assert rig.ending("one") == "OK"
        assert old.transport.closed
        assert new.requests == [frame(b"two")]

    def test_a_stream_that_runs_on_goes_on_speaking_on_the_old_connection(self) -> None:
        rig = Rig()
        old = rig.connect()
        rig.call("one", b"1", whole=False)
        old.go_away(1)
        rig.call("two")
        rig.last_dial.accept()
        rig.say("one", 1, b"2", last=True)
        assert old.requests == [frame(b"1") + frame(b"2")]

    def test_the_channel_goes_idle_and_connects_again_when_wanted(self) -> None:
        rig = Rig()
        rig.connect().go_away(0)
        assert rig.state == "IDLE"
        rig.call("one")
        assert rig.last_dial.accept().requests == [frame(b"one")]

    def test_the_first_of_two_goaways_gives_nothing_back(self) -> None:
        """A graceful end: the last stream id is named by the second one."""
        rig = Rig()
        old = rig.connect()
        rig.call("one")
        rig.call("two")
        old.go_away(2**31 - 1)
        assert len(rig.driver.dials) == 1
        old.go_away(1)
        assert rig.last_dial.accept().requests == [frame(b"two")]

    def test_an_operation_that_was_retried_once_fails_the_second_time(self) -> None:
        rig = Rig()
        rig.connect().go_away(0)
        rig.call("one")
        rig.last_dial.accept().go_away(0)
        assert rig.ending("one") is None
        rig.last_dial.accept().go_away(0)
        assert rig.ending("one") == "the server is going away"

    def test_an_operation_that_never_left_is_retried_any_number_of_times(self) -> None:
        rig = Rig()
        peer = rig.connect(max_streams=0)
        rig.call("one", b"1", whole=False)
        rig.say("one", 1, b"2", last=True)
        for _ in range(5):
            peer.go_away(0)
            peer = rig.last_dial.accept(max_streams=0)
        for _ in range(5):
            peer.hang_up()
            peer = rig.last_dial.accept(max_streams=0)
        peer.go_away(0)
        assert rig.heard("one") == []
        assert rig.last_dial.accept().requests == [frame(b"1") + frame(b"2")]

    def test_an_operation_that_never_left_keeps_its_one_retry(self) -> None:
        rig = Rig()
        rig.connect(max_streams=0).go_away(0)
        rig.call("one")
        rig.last_dial.accept(max_streams=0).go_away(0)
        rig.last_dial.accept().go_away(0)
        assert rig.last_dial.accept().requests == [frame(b"one")]

    def test_an_operation_given_back_while_no_connection_comes_about_fails(self) -> None:
        rig = Rig()
        old = rig.connect()
        rig.call("one")
        old.go_away(0)
        rig.refuse()
        assert rig.ending("one") == "failed to connect to 'test.example:1': a: Connection refused"

    def test_operations_given_back_go_out_in_order(self) -> None:
        rig = Rig()
        old = rig.connect()
        for name in "abcdef":
            rig.call(name)
        old.go_away(0)
        rig.call("g")
        assert rig.last_dial.accept().requests == [frame(name.encode()) for name in "abcdefg"]


class TestRefusedStream:
    def test_a_refused_stream_is_retried_at_once(self) -> None:
        rig = Rig()
        peer = rig.connect()
        rig.call("one")
        peer.refuse(1)
        assert (peer.streams, rig.heard("one")) == ([1, 3], [])
        peer.answer(3)
        assert rig.ending("one") == "OK"

    def test_a_refused_stream_goes_to_another_connection_if_there_is_one(self) -> None:
        rig = Rig(policy="round_robin")
        rig.link.state(try_to_connect=True)
        rig.resolve("a", "b", "c")
        peers = [dial.accept() for dial in rig.driver.dials]
        for name in "uvw":
            rig.call(name)
        for peer in peers:
            others = [each for each in peers if each is not peer]
            heard = sum(len(other.streams) for other in others)
            refused = len(peer.streams)
            peer.refuse(1)
            assert len(peer.streams) == refused
            assert sum(len(other.streams) for other in others) == heard + 1

    def test_a_stream_that_is_refused_twice_fails(self) -> None:
        rig = Rig()
        peer = rig.connect()
        rig.call("one")
        peer.refuse(1)
        peer.refuse(3)
        assert peer.streams == [1, 3]
        (failure,) = rig.heard("one")
        assert failure.code == 14

    def test_a_stream_is_not_retried_once_response_headers_have_arrived(self) -> None:
        rig = Rig()
        peer = rig.connect()
        rig.call("one")
        peer.begin_answer(1)
        peer.refuse(1)
        assert peer.streams == [1]
        assert rig.heard("one")[-1].code == 14

    def test_a_stream_with_several_messages_is_retried_whole(self) -> None:
        rig = Rig()
        peer = rig.connect()
        rig.call("one", b"1", whole=False)
        rig.say("one", 1, b"2")
        peer.refuse(1)
        rig.say("one", 2, b"3", last=True)
        assert peer.requests[1] == frame(b"1") + frame(b"2") + frame(b"3")
        assert peer.completed == [3]

    def test_a_stream_that_has_said_more_than_is_kept_fails(self) -> None:
        rig = Rig()
        peer = rig.connect()
        rig.call("one", b"1", whole=False)
        rig.say("one", 1, bytes(256 * 1024))
        rig.say("one", 2, b"x")
        peer.refuse(1)
        assert peer.streams == [1]
        assert rig.heard("one")[-1].code == 14

    def test_the_first_message_is_kept_however_large_it_is(self) -> None:
        """Only a reference is kept, and it costs nothing as long as the message is on its way."""
        rig = Rig()
        peer = rig.connect()
        rig.call("one", bytes(1024 * 1024))
        peer.refuse(1)
        assert peer.streams == [1, 3]

    def test_an_operation_that_is_cancelled_while_it_comes_back_is_not_sent_again(self) -> None:
        rig = Rig()
        peer = rig.connect()
        rig.call("one", whole=False)
        peer.transport.hold_deliveries()
        peer.refuse(1)
        rig.cancel("one")
        peer.transport.release_deliveries()
        assert peer.streams == [1]
        assert rig.ending("one") is None

    def test_what_is_said_while_an_operation_comes_back_is_sent_with_it(self) -> None:
        rig = Rig()
        peer = rig.connect()
        rig.call("one", b"1", whole=False)
        peer.transport.hold_deliveries()
        peer.refuse(1)
        rig.say("one", 1, b"2", last=True)
        peer.transport.release_deliveries()
        assert peer.requests[1] == frame(b"1") + frame(b"2")

    def test_the_end_hears_one_sequence_of_tickets_without_gaps(self) -> None:
        rig = Rig()
        peer = rig.connect()
        rig.call("one", b"1", whole=False)
        peer.refuse(1)
        rig.say("one", 1, b"2", last=True)
        peer.answer(3)
        tickets = rig.heard("one")
        assert [ticket.sequence_number for ticket in tickets] == list(range(len(tickets)))
        assert tickets[0].allowance is not None
        assert tickets[-1].payload == b"done"

    def test_the_end_gets_no_more_leave_because_it_is_said_again(self) -> None:
        rig = Rig()
        peer = rig.connect()
        rig.call("one", b"x", whole=False)
        for number in range(1, 20):
            rig.say("one", number, b"x")
        peer.refuse(1)
        leave = 1 + sum(ticket.allowance or 0 for ticket in rig.heard("one")) - 20
        assert leave <= 64

    def test_a_retried_stream_can_be_cancelled(self) -> None:
        rig = Rig()
        peer = rig.connect()
        rig.call("one")
        peer.refuse(1)
        rig.cancel("one")
        assert peer.resets == [3]
