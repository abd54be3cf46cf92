"""How large header blocks may be: `wire.md` sections 4 and 13."""

from __future__ import annotations

from typing import Callable, List, Optional

import pytest

from grpc._links import _metadata
from grpc._links._size_limit import SizeLimit
from grpc._values.limits import Limits


def _refused(limit: SizeLimit, size: int) -> Optional[_metadata.MetadataError]:
    """How a header block of a size is refused; None if it is accepted."""
    try:
        limit.check([(b"a", b"b" * (size - 33))], "request metadata")
    except _metadata.MetadataError as error:
        return error
    return None


def _never_drawn() -> float:
    raise AssertionError("nothing here is a matter of chance")


def _row(*numbers: float) -> Callable[[], float]:
    return iter(numbers).__next__


class TestOneLimit:
    """Without a hard limit the only one is exact."""

    def test_a_block_of_the_limit_passes_and_one_byte_more_does_not(self) -> None:
        limit = SizeLimit(Limits(max_metadata_size=99), _never_drawn)
        assert limit.sure == 99
        assert _refused(limit, 99) is None
        error = _refused(limit, 100)
        assert error is not None
        assert error.code == 8
        assert str(error) == (
            "received request metadata of 100 bytes exceeds the limit of 99; raise it with 'grpc.max_metadata_size'"
        )

    def test_by_default_it_is_8_kib(self) -> None:
        limit = SizeLimit(Limits(), _never_drawn)
        assert _refused(limit, 8192) is None
        assert _refused(limit, 8193) is not None


class TestTwoLimits:
    """With a hard limit, what is between the two is refused with a probability that rises linearly."""

    LIMITS = Limits(max_metadata_size=1000, hard_metadata_size=2000)

    def test_up_to_the_soft_limit_all_are_accepted(self) -> None:
        assert _refused(SizeLimit(self.LIMITS, _never_drawn), 1000) is None

    def test_above_the_hard_limit_all_are_refused(self) -> None:
        error = _refused(SizeLimit(self.LIMITS, _never_drawn), 2001)
        assert error is not None
        assert error.code == 8
        assert str(error) == (
            "received request metadata of 2001 bytes exceeds the limit of 2000; raise it with "
            "'grpc.absolute_max_metadata_size'"
        )

    @pytest.mark.parametrize(("size", "chance"), [(1001, 0.001), (1250, 0.25), (1500, 0.5), (1999, 0.999)])
    def test_between_them_the_chance_to_be_refused_rises_linearly(self, size: int, chance: float) -> None:
        limit = SizeLimit(self.LIMITS, _row(chance, chance - 1e-6))
        assert _refused(limit, size) is None
        assert _refused(limit, size) is not None

    def test_at_the_hard_limit_it_is_certain(self) -> None:
        assert _refused(SizeLimit(self.LIMITS, _row(1 - 2**-53)), 2000) is not None

    def test_one_that_is_refused_by_chance_says_so_and_what_to_set(self) -> None:
        error = _refused(SizeLimit(self.LIMITS, _row(0.0)), 1200)
        assert error is not None
        assert error.code == 8
        assert str(error) == (
            "received request metadata of 1200 bytes exceeds the soft limit of 1000 and was refused at random, as "
            "more and more are up to the hard limit of 2000; raise the soft one with 'grpc.max_metadata_size'"
        )

    def test_each_block_is_drawn_for_anew(self) -> None:
        limit = SizeLimit(self.LIMITS, _row(0.9, 0.1, 0.9))
        found: List[bool] = [_refused(limit, 1500) is None for _ in range(3)]
        assert found == [True, False, True]

    @pytest.mark.parametrize("soft", [2000, 2001, 8192])
    def test_a_hard_limit_that_is_not_above_the_soft_one_is_the_only_and_exact_one(self, soft: int) -> None:
        limit = SizeLimit(Limits(max_metadata_size=soft, hard_metadata_size=2000), _never_drawn)
        assert limit.sure == 2000
        assert _refused(limit, 2000) is None
        error = _refused(limit, 2001)
        assert error is not None
        assert "raise it with 'grpc.absolute_max_metadata_size'" in str(error)

    def test_where_nothing_is_injected_chance_decides(self) -> None:
        limit = SizeLimit(self.LIMITS)
        # All alike once in 2**200 runs.
        assert len({_refused(limit, 1500) is None for _ in range(200)}) == 2
