"""The two makers."""

from __future__ import annotations

import pytest

from grpc.framework.core import implementations
from grpc.framework.foundation import environment
from grpc.framework.interfaces.base import base
from grpc.framework.interfaces.links import links
from tests.framework.core._kit import Servicer
from tests.support.environment import FakeEnvironment

MAKERS = [
    pytest.param(implementations.invocation_end_link, id="invocation"),
    pytest.param(lambda given=None: implementations.service_end_link(Servicer(), None, None, given), id="service"),
]


@pytest.mark.parametrize("make", MAKERS)
def test_what_is_made_is_an_end_and_a_link(make: type) -> None:
    made = make()
    assert isinstance(made, base.End)
    assert isinstance(made, links.Link)


@pytest.mark.parametrize("make", MAKERS)
def test_an_end_has_the_environment_that_it_was_given(make: type) -> None:
    given = FakeEnvironment()
    assert make(given).environment is given
    assert make().environment is environment.default()


def test_an_end_says_in_its_repr_which_side_it_is_and_how_it_fares() -> None:
    end = implementations.invocation_end_link()
    assert repr(end) == "<invocation End, unstarted, 0 operations>"
    end.start()
    assert repr(end) == "<invocation End, running, 0 operations>"
    end.stop(0)
    assert repr(end) == "<invocation End, stopped, 0 operations>"
    assert repr(implementations.service_end_link(Servicer(), None, None)).startswith("<service End")
