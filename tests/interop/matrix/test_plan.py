"""The plan: every case that a client has is a row, and nothing of what it needs is taken for granted."""

from __future__ import annotations

import functools
import json
import re

import pytest

from grpc.interop import _flags
from peers import environment, node
from tests.interop.matrix import ends, plan
from tests.interop.matrix.results import NOT_RUN, Verdict

_SCRIPTS = "\n".join(path.read_text(encoding="utf-8") for path in node.SCRIPTS.glob("*.js"))


def _columns(title: str) -> list[plan.Column]:
    return list(next(section for section in plan.SECTIONS if section.title == title).columns)


def test_every_case_of_our_client_is_a_row() -> None:
    assert tuple(plan.CASES) == _flags.CASES


@pytest.mark.parametrize("case", plan.CASES)
def test_the_client_for_grpc_js_has_every_case(case: str) -> None:
    assert re.search(rf"^ +{case}: ", _SCRIPTS, re.MULTILINE)


def test_no_two_columns_of_a_section_have_the_same_title() -> None:
    for section in plan.SECTIONS:
        titles = [column.title for column in section.columns]
        assert len(set(titles)) == len(titles)


def test_without_etcd_its_cases_are_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    for column in _columns("etcd"):
        (verdict,) = column.run(None, ("watch",)).values()
        assert verdict.result == NOT_RUN
        assert "'etcd-server'" in str(verdict.why)


@pytest.mark.slow
def test_without_nginx_the_cases_through_it_are_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name, path=None: None)
    (verdict,) = _columns("Through nginx")[0].run(None, ("empty_unary",)).values()
    assert verdict.result == NOT_RUN
    assert "in the package 'nginx'" in str(verdict.why)


def test_without_node_its_client_and_server_are_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr(ends, "_node", functools.cache(ends._node.__wrapped__))
    for role in ("client", "server"):
        with pytest.raises(ends.Unavailable, match="there is no 'node' here: install Node"):
            ends.grpc_js(role)


def test_a_peer_environment_that_cannot_be_made_makes_grpcio_unavailable_and_is_tried_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tries = []

    def fail() -> None:
        tries.append(1)
        raise environment.EnvironmentUnavailable(node.SCRIPTS, "no network")

    monkeypatch.setattr(ends, "_python", functools.cache(ends._python.__wrapped__))
    monkeypatch.setattr(environment, "python", fail)
    for role in ("client", "server"):
        with pytest.raises(ends.Unavailable, match="The reason: no network"):
            ends.grpcio(role)
    assert len(tries) == 1


def test_a_verdict_for_what_is_absent_has_the_reason() -> None:
    column = plan._direct(ends.End("absent", _absent), ends.End("absent", _absent))
    assert column.run(None, ("empty_unary",)) == {"empty_unary": Verdict(NOT_RUN, "nowhere")}


def _absent() -> ends.Command:
    raise ends.Unavailable("nowhere")


class TestLockFile:
    """``package-lock.json``."""

    _LOCK = json.loads((node.SCRIPTS / "package-lock.json").read_bytes())
    _PACKAGES = _LOCK["packages"]

    def test_it_names_no_registry_so_that_each_machine_asks_its_own(self) -> None:
        assert [name for name, package in self._PACKAGES.items() if "resolved" in package] == []

    def test_it_is_for_what_is_asked_for(self) -> None:
        asked = json.loads((node.SCRIPTS / "package.json").read_bytes())["dependencies"]
        assert self._PACKAGES[""]["dependencies"] == asked
