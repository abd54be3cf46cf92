"""Tests of grpc.framework.foundation.abandonment."""

from __future__ import annotations

import pytest

from grpc.framework.foundation import abandonment


def test_abandoned_is_an_ordinary_exception_without_arguments() -> None:
    with pytest.raises(Exception, match=r"^$") as raised:
        raise abandonment.Abandoned
    assert type(raised.value) is abandonment.Abandoned
