"""Which proxy a channel goes through: its argument, the environment, the exceptions."""

from __future__ import annotations

import base64
import logging
import os
from typing import Dict, Optional, Tuple

import pytest

from grpc._io import proxies
from grpc._values.connecting import Destination, Proxy

TARGET = "service.example:8443"


def chosen(target: str = TARGET, uri: Optional[str] = None, *, enabled: bool = True, **environ: str) -> Optional[Proxy]:
    return proxies.choose(target, uri, enabled, environ)


class TestWhichOneCounts:
    def test_without_argument_and_environment_there_is_none(self) -> None:
        assert chosen() is None

    @pytest.mark.parametrize(
        ("environ", "expected"),
        [
            ({"http_proxy": "http://c:1"}, "dns:c:1"),
            ({"http_proxy": "http://c:1", "https_proxy": "http://b:1"}, "dns:b:1"),
            ({"http_proxy": "http://c:1", "https_proxy": "http://b:1", "grpc_proxy": "http://a:1"}, "dns:a:1"),
        ],
        ids=["http_proxy", "https_proxy", "grpc_proxy"],
    )
    def test_of_the_variables_the_most_special_one(self, environ: Dict[str, str], expected: str) -> None:
        proxy = proxies.choose(TARGET, None, True, environ)
        assert proxy is not None
        assert proxy.target == expected

    def test_the_argument_beats_them(self) -> None:
        assert chosen(uri="http://given:1", grpc_proxy="http://a:1") == Proxy(
            "dns:given:1", (Destination("service.example", 8443),)
        )

    def test_an_empty_one_means_none_and_counts(self) -> None:
        assert chosen(uri="", grpc_proxy="http://a:1") is None
        assert chosen(grpc_proxy="", https_proxy="http://b:1") is None

    def test_all_can_be_switched_off(self) -> None:
        assert chosen(uri="http://given:1", enabled=False, grpc_proxy="http://a:1") is None


class TestUri:
    @pytest.mark.parametrize(
        ("uri", "target"),
        [
            ("http://host:3128", "dns:host:3128"),
            ("HTTP://host:3128/", "dns:host:3128"),
            ("http://host", "dns:host:80"),
            ("host:3128", "dns:host:3128"),
            (" http://127.0.0.1:1?x#y ", "dns:127.0.0.1:1"),
            ("http://[::1]:3128", "dns:[::1]:3128"),
        ],
    )
    def test_names_a_host_and_a_port(self, uri: str, target: str) -> None:
        proxy = chosen(uri=uri)
        assert proxy is not None
        assert (proxy.target, proxy.authorization) == (target, None)

    @pytest.mark.parametrize(
        ("userinfo", "credentials"),
        [("user:pass", b"user:pass"), ("user:p%40ss%3A%C3%A9", "user:p@ss:é".encode()), ("us@r:pass", b"us@r:pass")],
    )
    def test_user_and_password_become_an_authorization(self, userinfo: str, credentials: bytes) -> None:
        proxy = chosen(uri=f"http://{userinfo}@host:1")
        assert proxy is not None
        assert proxy.target == "dns:host:1"
        assert proxy.authorization == "Basic " + base64.b64encode(credentials).decode()

    def test_the_password_is_not_shown(self) -> None:
        proxy = chosen(uri="http://user:secret@host:1")
        assert repr(proxy) == "<Proxy 'dns:host:1'>"

    @pytest.mark.parametrize(
        ("uri", "complaint"),
        [
            ("https://user:secret@host:1", "its scheme is 'https', and only proxies that are spoken to by 'http' can"),
            ("http://user:secret@", "it has no host"),
            ("http://user:secret@ho st", "it has no host"),
            ("http://user:secret@host:port", "its port must be a number"),
        ],
    )
    def test_what_cannot_be_used_is_an_error_in_an_argument(self, uri: str, complaint: str) -> None:
        with pytest.raises(ValueError, match=r"channel argument 'grpc\.http_proxy' names no proxy") as caught:
            chosen(uri=uri)
        assert complaint in str(caught.value)
        assert str(caught.value).endswith("write http://host:port, or http://user:password@host:port")
        assert "secret" not in str(caught.value)

    def test_and_a_warning_in_the_environment(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.WARNING):
            assert chosen(https_proxy="socks5://user:secret@host:1", http_proxy="http://c:1") is None
        assert "The environment variable https_proxy names no proxy (its scheme is 'socks5'" in caplog.text
        assert "channels connect directly" in caplog.text
        assert "secret" not in caplog.text


class TestTarget:
    @pytest.mark.parametrize(
        ("target", "authorities"),
        [
            ("service.example", ("service.example:443",)),
            ("dns:///service.example:1", ("service.example:1",)),
            ("[::1]:5", ("[::1]:5",)),
            ("::1", ("[::1]:443",)),
            ("ipv4:127.0.0.1:1,127.0.0.2", ("127.0.0.1:1", "127.0.0.2:443")),
            ("ipv6:[::1]:1", ("[::1]:1",)),
            ("bücher.example:1", ("xn--bcher-kva.example:1",)),
        ],
    )
    def test_is_what_the_proxy_is_asked_for(self, target: str, authorities: Tuple[str, ...]) -> None:
        proxy = chosen(target, "http://host:1")
        assert proxy is not None
        assert tuple(destination.authority for destination in proxy.destinations) == authorities

    @pytest.mark.parametrize("target", ["unix:/run/socket", "unix:///run/socket", "unix-abstract:name"])
    def test_of_this_machine_needs_no_proxy(self, target: str) -> None:
        assert chosen(target, "http://host:1") is None

    @pytest.mark.parametrize("target", ["", ":1", "host:port", "ho%0D%0Ast:1", "dns://nowhere", "a..ü"])
    def test_that_makes_no_sense_is_left_to_whoever_resolves_it(self, target: str) -> None:
        assert chosen(target, "http://host:1") is None


class TestExceptions:
    @pytest.mark.parametrize("entries", ["service.example", ".example", "other, SERVICE.EXAMPLE ,", "*", "example"])
    def test_a_name_that_ends_with_one_is_connected_to_directly(self, entries: str) -> None:
        assert chosen(uri="http://host:1", no_proxy=entries) is None

    @pytest.mark.parametrize("entries", ["", ",", "service", "service.example:8443", "other.example"])
    def test_any_other_is_not(self, entries: str) -> None:
        assert chosen(uri="http://host:1", no_proxy=entries) is not None

    def test_those_for_grpc_replace_the_general_ones(self) -> None:
        assert chosen(http_proxy="http://c:1", no_grpc_proxy="other", no_proxy="*") is not None
        assert chosen(http_proxy="http://c:1", no_grpc_proxy="example", no_proxy="other") is None

    def test_one_address_of_several_is_enough(self) -> None:
        assert chosen("ipv4:127.0.0.1:1,127.0.0.2:1", "http://host:1", no_proxy="127.0.0.2") is None


def test_no_test_sees_the_proxies_of_this_machine() -> None:
    assert not [name for name in proxies.VARIABLES if name in os.environ]
