"""A lock that says what is to be done once it has been released."""

from __future__ import annotations

import threading
from typing import List

import pytest

from grpc._links._section import Section


class TestSection:
    def test_acts_happen_after_the_section_is_left_in_the_order_decided(self) -> None:
        section = Section()
        done: List[str] = []
        with section:
            section.later(lambda: done.append("first"))
            section.later(lambda: done.append("second"))
            done.append("inside")
        assert done == ["inside", "first", "second"]

    def test_an_act_may_enter_the_section(self) -> None:
        section = Section()
        done: List[str] = []

        def act() -> None:
            with section:
                section.later(lambda: done.append("inner"))
            done.append("outer")

        with section:
            section.later(act)
        assert done == ["inner", "outer"]

    def test_acts_happen_once(self) -> None:
        section = Section()
        done: List[str] = []
        with section:
            section.later(lambda: done.append("once"))
        with section:
            pass
        assert done == ["once"]

    def test_acts_decided_before_an_error_happen_and_the_section_is_free_again(self) -> None:
        section = Section()
        done: List[str] = []

        def fail() -> None:
            with section:
                section.later(lambda: done.append("done"))
                raise KeyError()

        with pytest.raises(KeyError):
            fail()
        assert done == ["done"]
        with section:
            pass

    def test_nothing_can_be_decided_outside(self) -> None:
        with pytest.raises(AssertionError):
            Section().later(lambda: None)

    def test_one_thread_at_a_time_is_inside(self) -> None:
        section = Section()
        seen: List[str] = []

        def enter() -> None:
            with section:
                seen.append("other")

        with section:
            thread = threading.Thread(target=enter)
            thread.start()
            seen.append("first")
        thread.join()
        assert seen == ["first", "other"]
