"""The HTTP/2 settings that go out and come in: wire facts, section 9."""

from __future__ import annotations

from typing import Any, Dict, Union

import pytest
from h2.settings import SettingCodes

from grpc._links._metadata import TRUE_BINARY
from grpc._values.limits import Limits
from tests.links.wire_rig import ClientRig, ServerRig, setting_frame

_PREFACE = 24


def _first_settings(rig: Union[ClientRig, ServerRig]) -> Dict[int, int]:
    """The settings in the first frame that our side writes."""
    data = rig.connection.data_to_send()
    if isinstance(rig, ClientRig):
        data = data[_PREFACE:]
    assert data[3] == 4
    body = data[9 : 9 + int.from_bytes(data[:3], "big")]
    return {
        int.from_bytes(body[at : at + 2], "big"): int.from_bytes(body[at + 2 : at + 6], "big")
        for at in range(0, len(body), 6)
    }


class TestAdvertised:
    @pytest.mark.parametrize("make", [ClientRig, ServerRig])
    def test_limits_are(self, make: Any) -> None:
        limits = Limits(max_metadata_size=5000, stream_window=7, max_frame_size=20_000)
        settings = _first_settings(make(limits, greet=False))
        assert settings[SettingCodes.MAX_HEADER_LIST_SIZE] == 5000
        assert settings[SettingCodes.INITIAL_WINDOW_SIZE] == 7
        assert settings[SettingCodes.MAX_FRAME_SIZE] == 20_000
        assert settings[TRUE_BINARY] == 1

    def test_a_client_wants_nothing_pushed(self) -> None:
        assert _first_settings(ClientRig(greet=False))[SettingCodes.ENABLE_PUSH] == 0

    def test_a_server_says_nothing_of_that_which_no_server_may_allow(self) -> None:
        assert _first_settings(ServerRig(greet=False)).get(SettingCodes.ENABLE_PUSH, 0) == 0

    def test_a_server_says_how_many_streams_it_takes(self) -> None:
        limits = Limits(max_concurrent_streams=9)
        assert _first_settings(ServerRig(limits, greet=False))[SettingCodes.MAX_CONCURRENT_STREAMS] == 9


class TestReceived:
    @pytest.mark.parametrize("make", [ClientRig, ServerRig])
    def test_one_that_is_not_known_is_ignored_and_acknowledged(self, make: Any) -> None:
        rig = make()
        assert rig.answer_to(setting_frame(0x4242, 7)) == [4]
        assert not rig.connection.finished

    @pytest.mark.parametrize("value", [0, 2])
    def test_raw_values_are_asked_for_by_a_one_alone(self, value: int) -> None:
        rig = ClientRig()
        rig.receive(setting_frame(TRUE_BINARY, value))
        rig.call(initial_metadata=(("a-bin", b"\0"),))
        assert rig.request()[-1] == (b"a-bin", b"AA")

    def test_the_wish_can_be_taken_back(self) -> None:
        rig = ClientRig()
        rig.receive(setting_frame(TRUE_BINARY, 1), setting_frame(TRUE_BINARY, 0))
        rig.call(initial_metadata=(("a-bin", b"\0"),))
        assert rig.request()[-1] == (b"a-bin", b"AA")
