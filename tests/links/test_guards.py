"""What a peer can make us do for nothing: `wire.md` section 15, each limit by itself."""

from __future__ import annotations

from grpc._links import _guards


class TestTokenBucket:
    """So many at once, so many per second."""

    def test_the_burst_passes_at_once_and_no_more(self) -> None:
        bucket = _guards.TokenBucket(3.0, 1.0)
        assert [bucket.take(1.0, 5.0) for _ in range(4)] == [True, True, True, False]

    def test_it_fills_with_time_up_to_the_burst(self) -> None:
        bucket = _guards.TokenBucket(3.0, 1.0)
        bucket.take(3.0, 0.0)
        assert bucket.take(1.0, 1.0)
        assert not bucket.take(1.0, 1.5)
        assert [bucket.take(1.0, 100.0) for _ in range(4)] == [True, True, True, False]


class TestResets:
    """Rapid reset."""

    def test_a_client_may_give_up_a_thousand_calls_in_one_moment(self) -> None:
        guard = _guards.ResetGuard()
        assert all(guard.allows(2 * number + 1, 1999, 50.0) for number in range(1000))

    def test_more_resets_of_young_streams_are_too_many(self) -> None:
        guard = _guards.ResetGuard()
        verdicts = [guard.allows(2 * number + 1, 2 * number + 1, 50.0 + number / 10_000) for number in range(1100)]
        assert verdicts.index(False) in range(1000, 1010)

    def test_a_few_resets_a_second_go_on_for_ever(self) -> None:
        guard = _guards.ResetGuard()
        assert all(guard.allows(2 * number + 1, 2 * number + 1, number / 30) for number in range(5000))

    def test_streams_older_than_a_round_trip_do_not_count(self) -> None:
        # 1000 calls a second, each given up after 200 ms: none of them is young.
        guard = _guards.ResetGuard()
        assert all(guard.allows(2 * number + 1, 2 * (number + 200) + 1, number / 1000) for number in range(10_000))

    def test_streams_younger_than_that_count_at_the_same_rate(self) -> None:
        guard = _guards.ResetGuard()
        assert not all(guard.allows(2 * number + 1, 2 * (number + 5) + 1, number / 1000) for number in range(10_000))


class TestLateFrames:
    """Frames on streams that were reset."""

    def test_each_reset_of_ours_grants_what_may_be_under_way(self) -> None:
        guard = _guards.LateGuard()
        for _ in range(3):
            guard.on_own_reset(65_535)
        assert all(guard.allows(_guards.LATE_FRAMES_PER_RESET, 65_535, 0.0) for _ in range(3))
        assert not guard.allows(1 + int(_guards.LATE_BURST), 0, 0.0)

    def test_data_that_were_granted_count_as_no_frames(self) -> None:
        guard = _guards.LateGuard()
        guard.on_own_reset(100_000)
        assert all(guard.allows(0, 1, 0.0) for _ in range(100_000))

    def test_more_data_than_were_granted_count_as_frames(self) -> None:
        guard = _guards.LateGuard()
        guard.on_own_reset(0)
        granted = (_guards.LATE_FRAMES_PER_RESET + int(_guards.LATE_BURST)) * _guards.LATE_BYTES_OF_A_FRAME
        verdicts = [guard.allows(0, 10 * _guards.LATE_BYTES_OF_A_FRAME - 1, 0.0) for _ in range(210)]
        assert granted // (10 * _guards.LATE_BYTES_OF_A_FRAME) == 202
        assert verdicts.index(False) == 202

    def test_without_a_reset_of_ours_a_few_a_second_go_on_for_ever(self) -> None:
        guard = _guards.LateGuard()
        assert all(guard.allows(1, 0, number / 90) for number in range(5000))
        assert not all(guard.allows(1, 0, 60.0 + number / 1000) for number in range(5000))


class TestUselessFrames:
    """PING, SETTINGS and empty frames."""

    def test_a_thousand_in_one_moment_pass_and_no_more(self) -> None:
        guard = _guards.UselessGuard()
        assert [guard.allows(1.0) for _ in range(1001)] == [True] * 1000 + [False]

    def test_settings_weigh_more(self) -> None:
        guard = _guards.UselessGuard()
        assert [guard.allows(1.0, _guards.SETTINGS_COST) for _ in range(101)] == [True] * 100 + [False]

    def test_a_ping_every_ten_milliseconds_goes_on_for_ever(self) -> None:
        guard = _guards.UselessGuard()
        assert all(guard.allows(number / 100) for number in range(5000))

    def test_between_useful_frames_any_number_goes_on_for_ever(self) -> None:
        # A peer that measures bandwidth sends one PING for each piece of data it gets.
        guard = _guards.UselessGuard()
        for _ in range(5000):
            assert guard.allows(1.0)
            guard.on_useful()


class TestOutput:
    """A peer that does not read."""

    def test_output_that_nobody_takes_is_kept_up_to_the_limit(self) -> None:
        guard = _guards.OutputGuard()
        piece = bytes(_guards.MOST_OUTPUT // 4)
        assert [guard.put(piece) for _ in range(4)] == [True] * 4
        assert not guard.put(b"x")

    def test_what_was_kept_comes_first_and_once(self) -> None:
        guard = _guards.OutputGuard()
        guard.put(b"ab")
        guard.put(b"")
        guard.put(b"c")
        assert guard.size == 3
        assert guard.take(b"de") == b"abcde"
        assert (guard.size, guard.take(b"f")) == (0, b"f")
