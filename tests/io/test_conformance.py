"""The conformance kit, run against both drivers, and the asyncio one on every loop that is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.io import conformance, conformance_tls, rigs

if TYPE_CHECKING:
    from tests.io.rigs import Rig


@pytest.fixture(params=list(rigs.RIGS))
def rig(request: pytest.FixtureRequest) -> Rig:
    """Two drivers of one make."""
    return rigs.RIGS[request.param]()


assert conformance_tls.tls_echo.__name__ in conformance.SCENARIOS  # importing the module has added its scenarios


@pytest.mark.parametrize("name", list(conformance.SCENARIOS))
def test_driver(rig: Rig, name: str) -> None:
    rig.run(conformance.SCENARIOS[name])
