"""The conformance kit, run against both drivers, and the asyncio one on every loop that is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.io import conformance, conformance_ends, conformance_tls, rigs

if TYPE_CHECKING:
    from tests.io.rigs import Rig


@pytest.fixture(params=list(rigs.RIGS))
def rig(request: pytest.FixtureRequest) -> Rig:
    """Two drivers of one make."""
    return rigs.RIGS[request.param]()


# Importing the modules has added their scenarios.
assert {conformance_ends.close_is_heard_on_both_sides.__name__, conformance_tls.tls_echo.__name__} <= set(
    conformance.SCENARIOS
)


@pytest.mark.parametrize("name", list(conformance.SCENARIOS))
def test_driver(rig: Rig, name: str) -> None:
    rig.run(conformance.SCENARIOS[name])
