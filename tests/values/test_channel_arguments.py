"""Channel arguments: `wire.md` section 13, and the page that documents them."""

from __future__ import annotations

import logging
import math
import pathlib
import re
from typing import Any

import pytest

from grpc._values import channel_arguments
from grpc._values.argument_table import ALIASES, ARGUMENTS, GROUPS, INT_MAX, Argument
from grpc._values.channel_arguments import CLIENT, SERVER, parse
from grpc._values.connecting import Connecting
from grpc._values.connection_options import SERVER_KEEPALIVE, AgeOptions, KeepaliveOptions, ServerOptions
from grpc._values.limits import Limits
from tests.values.channel_arguments_page import PAGE, render

_SOURCES = pathlib.Path(channel_arguments.__file__).resolve().parents[1]


class TestDefaults:
    """What holds where nothing is given."""

    @pytest.mark.parametrize("options", [None, [], ()])
    def test_without_arguments_all_is_as_the_value_classes_say(self, options: Any) -> None:
        client, server = parse(options, CLIENT), parse(options, SERVER)
        assert (client.limits, server.limits) == (Limits(), Limits())
        assert (client.keepalive, server.keepalive) == (KeepaliveOptions(), SERVER_KEEPALIVE)
        assert (client.connecting, server.server) == (Connecting(), ServerOptions())

    @pytest.mark.parametrize("side", [CLIENT, SERVER])
    def test_an_argument_given_its_default_changes_nothing(self, side: str) -> None:
        options = [
            (argument.name, argument.default)
            for argument in ARGUMENTS.values()
            if argument.default is not None and side in argument.sides
        ]
        expected = parse(None, side)
        if side == SERVER:  # the table tells the server's other default in words
            options.append(("grpc.keepalive_time_ms", 7_200_000))
            options.append(("grpc.keepalive_permit_without_calls", 0))
        assert parse(options, side)._replace(given={}) == expected


class TestFields:
    """Where arguments go, and their units."""

    def test_limits(self) -> None:
        options = [
            ("grpc.max_receive_message_length", 1),
            ("grpc.max_send_message_length", 2),
            ("grpc.max_metadata_size", 3),
            ("grpc.max_concurrent_streams", 4),
            ("grpc.default_compression_algorithm", 2),
            ("grpc.compression_enabled_algorithms_bitset", 4),
            ("grpc.http2.lookahead_bytes", 5),
            ("grpc.http2.max_frame_size", 20_000),
            ("grpc.http2.true_binary", 0),
            ("grpc.default_compression_level", 3),
            ("grpc.per_message_compression", 0),
            ("grpc.absolute_max_metadata_size", 6),
            ("grpc.http2.hpack_table_size.decoder", 7),
            ("grpc.http2.hpack_table_size.encoder", 0),
        ]
        assert parse(options, SERVER).limits == Limits(1, 2, 3, 4, 2, 0b101, 5, 20_000, False, 3, False, 6, 7, 0)

    @pytest.mark.parametrize("side", [CLIENT, SERVER])
    def test_there_is_a_hard_limit_of_metadata_only_if_it_is_given(self, side: str) -> None:
        one = parse([("grpc.max_metadata_size", 3)], side).limits
        assert (one.max_metadata_size, one.hard_metadata_size, one.most_metadata_size) == (3, None, 3)
        two = parse([("grpc.absolute_max_metadata_size", 16_384)], side).limits
        assert (two.max_metadata_size, two.hard_metadata_size, two.most_metadata_size) == (13_107, 16_384, 16_384)

    @pytest.mark.parametrize("side", [CLIENT, SERVER])
    @pytest.mark.parametrize(("hard", "soft"), [(50_000, 40_000), (9_000, 8_192)])
    def test_a_hard_limit_alone_brings_a_soft_one(self, side: str, hard: int, soft: int) -> None:
        assert parse([("grpc.absolute_max_metadata_size", hard)], side).limits.max_metadata_size == soft
        given = [("grpc.absolute_max_metadata_size", hard), ("grpc.max_metadata_size", 100)]
        assert parse(given, side).limits.max_metadata_size == 100

    @pytest.mark.parametrize("side", [CLIENT, SERVER])
    def test_without_decompression_no_algorithm_is_accepted(self, side: str) -> None:
        options = [("grpc.compression_enabled_algorithms_bitset", 7), ("grpc.per_message_decompression", 0)]
        assert parse(options, side).limits.accepted_compression == 0b001

    def test_a_clients_keepalive(self) -> None:
        options = [
            ("grpc.keepalive_time_ms", 10_500),
            ("grpc.keepalive_timeout_ms", 500),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.http2.max_pings_without_data", 0),
        ]
        assert parse(options, CLIENT).keepalive == KeepaliveOptions(10.5, 0.5, True, 0)

    def test_a_servers_keepalive_never_depends_on_calls(self) -> None:
        options = [("grpc.keepalive_time_ms", 1000), ("grpc.keepalive_permit_without_calls", 0)]
        settings = parse(options, SERVER)
        assert settings.keepalive == settings.server.keepalive == SERVER_KEEPALIVE._replace(time=1.0)

    def test_a_servers_enforcement(self) -> None:
        options = [
            ("grpc.http2.min_ping_interval_without_data_ms", 1500),
            ("grpc.keepalive_permit_without_calls", True),
            ("grpc.http2.max_ping_strikes", 7),
        ]
        assert parse(options, SERVER).server.enforcement == (1.5, True, 7)

    def test_age_and_handshake(self) -> None:
        options = [
            ("grpc.max_connection_idle_ms", 1000),
            ("grpc.max_connection_age_ms", 2000),
            ("grpc.max_connection_age_grace_ms", 3000),
            ("grpc.server_handshake_timeout_ms", 4000),
        ]
        server = parse(options, SERVER).server
        assert (server.age, server.handshake_timeout) == (AgeOptions(1.0, 2.0, 3.0), 4.0)

    def test_connecting(self) -> None:
        options = [
            ("grpc.initial_reconnect_backoff_ms", 1100),
            ("grpc.max_reconnect_backoff_ms", 1200),
            ("grpc.min_reconnect_backoff_ms", 1300),
            ("grpc.dns_min_time_between_resolutions_ms", 1400),
            ("grpc.client_idle_timeout_ms", 1500),
            ("grpc.lb_policy_name", "round_robin"),
            ("grpc.service_config", "{}"),
            ("grpc.enable_retries", 0),
            ("grpc.per_rpc_retry_buffer_size", 1600),
            ("grpc.inhibit_health_checking", 1),
        ]
        assert parse(options, CLIENT).connecting == Connecting(
            1.1, 1.2, 1.3, 1.4, 1.5, "round_robin", "{}", False, 1600, True
        )

    def test_every_other_argument_can_be_asked_for_by_name(self) -> None:
        settings = parse([("grpc.primary_user_agent", b"me/1"), ("grpc.so_reuseport", 0)], CLIENT)
        assert (settings.text("grpc.primary_user_agent"), settings.text("grpc.default_authority")) == ("me/1", None)
        assert (settings.number("grpc.so_reuseport"), settings.number("grpc.enable_retries")) == (0, 1)

    @pytest.mark.parametrize(("name", "real"), ALIASES.items())
    def test_another_name_means_the_same(self, name: str, real: str) -> None:
        assert parse([(name, 77)], SERVER) == parse([(real, 77)], SERVER)


class TestValues:
    """What is accepted."""

    @pytest.mark.parametrize("value", [-1, INT_MAX, 2**40])
    def test_a_negative_or_the_largest_time_is_never(self, value: int) -> None:
        assert parse([("grpc.keepalive_time_ms", value)], SERVER).keepalive.time == math.inf
        assert parse([("grpc.client_idle_timeout_ms", value)], CLIENT).connecting.idle_timeout is None

    def test_a_number_that_is_too_small_is_raised_with_a_warning(self, caplog: pytest.LogCaptureFixture) -> None:
        settings = parse([("grpc.initial_reconnect_backoff_ms", 5)], CLIENT)
        assert settings.connecting.initial_backoff == 0.1
        assert [record.getMessage() for record in caplog.records] == [
            "Channel argument 'grpc.initial_reconnect_backoff_ms' is raised from 5 to 100, the least it can be"
        ]

    def test_a_number_that_is_too_large_is_lowered_with_a_warning(self, caplog: pytest.LogCaptureFixture) -> None:
        assert parse([("grpc.http2.max_frame_size", 2**24)], CLIENT).limits.max_frame_size == 2**24 - 1
        assert [record.getMessage() for record in caplog.records] == [
            "Channel argument 'grpc.http2.max_frame_size' is lowered from 16777216 to 16777215, the most it can be"
        ]

    @pytest.mark.parametrize("value", [True, 1, 2])
    def test_a_bool_is_any_int(self, value: int) -> None:
        assert parse([("grpc.keepalive_permit_without_calls", value)], CLIENT).keepalive.permit_without_calls is True

    def test_a_string_may_be_bytes(self) -> None:
        assert parse([(b"grpc.lb_policy_name", b"round_robin")], CLIENT).connecting.policy == "round_robin"

    def test_the_last_of_equal_names_counts(self) -> None:
        options = [("grpc.max_message_length", 1), ("grpc.max_receive_message_length", 2)]
        assert parse(options, CLIENT).limits.max_receive_message_length == 2


class TestErrors:
    """What is refused, in which words."""

    @pytest.mark.parametrize(
        ("option", "message"),
        [
            (
                ("grpc.keepalive_time_ms", "10s"),
                "channel argument 'grpc.keepalive_time_ms' takes an int, in milliseconds, not '10s'",
            ),
            (
                ("grpc.keepalive_time_ms", 1e4),
                "channel argument 'grpc.keepalive_time_ms' takes an int, in milliseconds, not 10000.0",
            ),
            (
                ("grpc.max_metadata_size", None),
                "channel argument 'grpc.max_metadata_size' takes an int, in bytes, not None",
            ),
            (("grpc.so_reuseport", "no"), "channel argument 'grpc.so_reuseport' takes 0 or 1, not 'no'"),
            (("grpc.lb_policy_name", 1), "channel argument 'grpc.lb_policy_name' takes a str, not 1"),
            (("my.own", 1.5), "channel argument 'my.own' takes an int, a str or bytes, not 1.5"),
            (
                "grpc.so_reuseport",
                "a channel argument is a pair such as ('grpc.keepalive_time_ms', 10000), not 'grpc.so_reuseport'",
            ),
            ((1, 2), "a channel argument is a pair such as ('grpc.keepalive_time_ms', 10000), not (1, 2)"),
            (1, "a channel argument is a pair such as ('grpc.keepalive_time_ms', 10000), not 1"),
        ],
    )
    def test_a_wrong_type_is_a_clear_sentence(self, option: Any, message: str) -> None:
        with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
            parse([option], CLIENT)

    def test_bytes_that_are_no_text_are_refused(self) -> None:
        with pytest.raises(ValueError, match=r"'grpc\.lb_policy_name' is not UTF-8"):
            parse([("grpc.lb_policy_name", b"\xff")], CLIENT)

    @pytest.mark.parametrize("value", ["ftp", "HTTP", "", b"a b"])
    def test_a_scheme_that_no_server_takes_is_refused(self, value: Any) -> None:
        text = value.decode() if isinstance(value, bytes) else value
        message = re.escape(f"channel argument 'grpc.http2_scheme' takes 'http' or 'https', not {text!r}")
        with pytest.raises(ValueError, match=f"^{message}$"):
            parse([("grpc.http2_scheme", value)], CLIENT)

    @pytest.mark.parametrize("coder", ["decoder", "encoder"])
    def test_a_table_of_less_than_nothing_is_refused(self, coder: str) -> None:
        name = f"grpc.http2.hpack_table_size.{coder}"
        message = re.escape(f"channel argument {name!r} takes 0 or more, in bytes, not -1")
        with pytest.raises(ValueError, match=f"^{message}$"):
            parse([(name, -1)], SERVER)

    def test_names_without_effect_are_accepted_and_listed_once_at_debug(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG, channel_arguments.__name__)
        parse([("my.own", 1), ("grpc.max_metadata_size", 9000), ("grpc.http2.bdp_probe", 0), ("my.too", "x")], CLIENT)
        parse([("grpc.max_connection_age_ms", 1000)], CLIENT)
        assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
            ("DEBUG", "Channel arguments without effect here: my.own, grpc.http2.bdp_probe, my.too"),
            ("DEBUG", "Channel arguments without effect here: grpc.max_connection_age_ms"),
        ]


class TestTable:
    """The table, its honesty, and its page."""

    def test_no_name_comes_twice(self) -> None:
        assert len(ARGUMENTS) == sum(map(len, GROUPS.values()))
        assert not ALIASES.keys() & ARGUMENTS.keys()

    @pytest.mark.parametrize("argument", ARGUMENTS.values(), ids=lambda argument: argument.name)
    def test_each_row_is_well_formed(self, argument: Argument) -> None:
        assert argument.sides in ("C", "S", "CS")
        assert argument.unit in ("", "ms", "bytes")
        assert argument.default is None or isinstance(argument.default, str if argument.kind == "str" else int)
        assert argument.kind != "bool" or argument.default in (0, 1)
        if isinstance(argument.default, int):
            assert argument.least <= argument.default <= argument.most
        else:
            assert argument.kind == "str" or argument.default_text
        assert "|" not in argument.meaning

    def test_what_is_honoured_is_asked_for_somewhere_and_nothing_else_is(self) -> None:
        naming = ("argument_table.py", "_experimental.py")  # name arguments for others to give or to ask for
        texts = [path.read_text(encoding="utf-8") for path in _SOURCES.rglob("*.py") if path.name not in naming]
        asked = {name for name in ARGUMENTS if any(f'"{name}"' in text for text in texts)}
        assert asked == {argument.name for argument in ARGUMENTS.values() if argument.honoured}

    def test_the_page_is_what_the_table_says(self) -> None:
        assert PAGE.read_text(encoding="utf-8") == render(), "run: python -m tests.values.channel_arguments_page"
