from __future__ import annotations

import random
import threading
from typing import List

import pytest

from tests.faults import __main__ as command
from tests.faults import aio_callers, sync_callers
from tests.faults.plans import Shape, Styles, make_plan
from tests.faults.soak import Soak, Weather


@pytest.mark.slow
def test_a_short_run_breaks_no_rule() -> None:
    reports: List[str] = []
    soak = Soak(Weather(1.5, seed=2, callers=2, warming=0.4, life=0.6, storm=0.6), reports.append)
    soak.run()
    assert reports == []
    assert soak.ledger.outcomes["OK"] > 10
    assert soak.faults["connections"] > 0
    assert soak.generations >= 2
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith(("grpc-", "faults-"))]


def test_the_same_dice_make_the_same_plans() -> None:
    def plans(seed: int) -> List[object]:
        dice = random.Random(seed)
        styles = Styles(sync_callers.STYLES, True, False, True)
        return [make_plan(dice, number, "a call", styles) for number in range(100)]

    assert plans(3) == plans(3)
    assert plans(3) != plans(4)


@pytest.mark.parametrize("styles", [sync_callers.STYLES, aio_callers.STYLES])
def test_plans_are_of_all_shapes_and_styles(styles: dict[Shape, tuple[str, ...]]) -> None:
    dice = random.Random(1)
    made = [make_plan(dice, number, "a call", Styles(styles, True, False, True)) for number in range(600)]
    wanted = {(shape, style) for shape, names in styles.items() for style in names}
    assert {(plan.shape, plan.style) for plan in made} == wanted
    for field in ("cancels_at", "drops_at", "raises_at", "aborts_at"):
        assert any(getattr(plan, field) is not None for plan in made), field
    assert any(plan.timeout is None for plan in made)
    assert any(plan.wait_for_ready for plan in made)
    assert any(max(plan.requests, default=0) > 1_000_000 - 1 for plan in made)


def test_the_closing_lines_count_calls_outcomes_and_faults() -> None:
    soak = Soak(Weather(1, 5), print)
    soak.ledger.calls["sync UnaryUnary future"] = 3
    soak.ledger.outcomes.update(OK=2, UNAVAILABLE=1)
    soak.faults["cut"] = 4
    assert command.closing_lines(soak, 1.4) == [
        "calls by kind: sync UnaryUnary future 3",
        "outcomes: OK 2, UNAVAILABLE 1",
        "faults: cut 4",
        "3 calls, 0 generations, 1 s, 0 broken rules",
    ]
