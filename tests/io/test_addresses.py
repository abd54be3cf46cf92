"""Targets and listening addresses: what is understood, what is shown, and what a bad one is told."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any, List

import pytest

from grpc._io import addresses

if TYPE_CHECKING:
    from grpc._io.contract import Address


def _names(found: List[Address]) -> List[str]:
    return [address.name for address in found]


@pytest.mark.parametrize(
    ("target", "names"),
    [
        ("127.0.0.1:50051", ["ipv4:127.0.0.1:50051"]),
        ("127.0.0.1", ["ipv4:127.0.0.1:443"]),
        ("[::1]:50051", ["ipv6:[::1]:50051"]),
        ("[::1]", ["ipv6:[::1]:443"]),
        ("::1", ["ipv6:[::1]:443"]),
        ("dns:127.0.0.1:1", ["ipv4:127.0.0.1:1"]),
        ("dns:///127.0.0.1:1", ["ipv4:127.0.0.1:1"]),
        ("dns://8.8.8.8/127.0.0.1:1", ["ipv4:127.0.0.1:1"]),
        ("dns://8.8.8.8:53/[::1]:1", ["ipv6:[::1]:1"]),
        ("ipv4:1.2.3.4:5", ["ipv4:1.2.3.4:5"]),
        ("ipv4:1.2.3.4", ["ipv4:1.2.3.4:443"]),
        ("ipv4:///1.2.3.4:5", ["ipv4:1.2.3.4:5"]),
        ("ipv4:1.2.3.4:5,6.7.8.9:10", ["ipv4:1.2.3.4:5", "ipv4:6.7.8.9:10"]),
        ("ipv6:[::1]:5,[::2]:6", ["ipv6:[::1]:5", "ipv6:[::2]:6"]),
        ("ipv6:::1", ["ipv6:[::1]:443"]),
        ("ipv6:%5B::1%5D:5", ["ipv6:[::1]:5"]),
        ("unix:relative/path", ["unix:relative/path"]),
        ("unix:/absolute/path", ["unix:/absolute/path"]),
        ("unix:///absolute/path", ["unix:/absolute/path"]),
        ("unix:/with%20space", ["unix:/with space"]),
        ("unix:/50%of", ["unix:/50%of"]),
        ("unix-abstract:name", ["unix-abstract:name"]),
        ("unix-abstract:a%00b", ["unix-abstract:a%00b"]),
        ("localhost%3A1", ["ipv4:127.0.0.1:1"]),
    ],
)
def test_a_target_is_understood(target: str, names: List[str]) -> None:
    found = _names(addresses.resolve(target))
    assert [name for name in found if name in names] == names


def test_a_name_is_not_literal_and_resolves_to_all_its_addresses_without_repetition() -> None:
    assert addresses.literal("localhost:50051") == []
    found = addresses.resolve("localhost:50051")
    assert "ipv4:127.0.0.1:50051" in _names(found)
    assert len(set(found)) == len(found)
    assert {address.host for address in found} == {"localhost"}


@pytest.mark.parametrize(
    ("target", "host"),
    [
        ("localhost:1", "localhost"),
        ("127.0.0.1:1", "127.0.0.1"),
        ("[::1]:1", "::1"),
        ("unix:/run/x", "localhost"),
        ("unix-abstract:x", "localhost"),
    ],
)
def test_an_address_knows_the_host_of_its_target(target: str, host: str) -> None:
    assert addresses.resolve(target)[0].host == host


@pytest.mark.parametrize(
    ("target", "advice"),
    [
        ("", "write host:port"),
        (":50051", "write host:port"),
        ("dns:", "write host:port"),
        ("dns:///", "write host:port"),
        ("dns://8.8.8.8", "write dns:name or dns:///name"),
        ("host:port", "its port must be a number from 0 to 65535, not 'port'"),
        ("host:65536", "its port must be a number from 0 to 65535"),
        ("host:-1", "its port must be a number from 0 to 65535"),
        ("host:\u0663", "its port must be a number"),
        ("host:", "a port has to follow the colon"),
        ("[::1", "write an IPv6 address with a port as [address]:port"),
        ("[::1]50051", "write an IPv6 address with a port as [address]:port"),
        ("http://host:80", "write host:port, without a path"),
        ("host/path", "write host:port, without a path"),
        ("ipv4:localhost:1", "write ipv4:1.2.3.4:port, several with commas between"),
        ("ipv4:[::1]:1", "write ipv4:1.2.3.4:port"),
        ("ipv4:1.2.3.4:5,", "is not a numeric address"),
        ("ipv6:1.2.3.4:5", "write ipv6:[::1]:port"),
        ("ipv4://authority/1.2.3.4:5", "write ipv4:name or ipv4:///name"),
        ("unix:", "write unix:path"),
        ("unix:///", None),
        ("unix://relative/path", "write unix:path or unix:///absolute/path"),
        ("unix:a%00b", "a path cannot hold a NUL character"),
        ("unix-abstract:", "write unix-abstract:name"),
    ],
)
def test_a_bad_target_is_a_value_error_that_says_what_to_write(target: str, advice: Any) -> None:
    if advice is None:
        assert _names(addresses.literal(target)) == ["unix:/"]  # refused when it is connected to
        return
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the message is what is tested
        addresses.resolve(target)
    assert advice in str(caught.value)


def test_a_system_without_unix_sockets_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "_UNIX", None)
    with pytest.raises(ValueError, match="this system has no Unix sockets"):
        addresses.literal("unix:/run/x")


@pytest.mark.parametrize(
    ("family", "sockaddr", "shown"),
    [
        (socket.AF_INET, ("1.2.3.4", 5), "ipv4:1.2.3.4:5"),
        (socket.AF_INET6, ("::1", 5, 0, 0), "ipv6:[::1]:5"),
        (socket.AF_INET6, ("fe80::1", 5, 0, 2), "ipv6:[fe80::1%2]:5"),
        (socket.AF_INET6, ("::ffff:1.2.3.4", 5, 0, 0), "ipv4:1.2.3.4:5"),
        (socket.AF_UNIX, "/run/x", "unix:/run/x"),
        (socket.AF_UNIX, b"\0name", "unix-abstract:name"),
        (socket.AF_UNIX, "", "unix:"),
    ],
)
def test_an_address_is_shown_as_peers_are(family: int, sockaddr: Any, shown: str) -> None:
    assert addresses.show(family, sockaddr) == shown


@pytest.mark.parametrize(
    ("target", "authority"),
    [
        ("localhost:50051", "localhost:50051"),
        ("dns:///example.com", "example.com"),
        ("dns://8.8.8.8/example.com:1", "example.com:1"),
        ("ipv4:1.2.3.4:5,6.7.8.9:10", "1.2.3.4:5"),
        ("ipv6:%5B::1%5D:5", "[::1]:5"),
        ("unix:/run/x", "localhost"),
        ("unix-abstract:x", "localhost"),
        ("unix://bad/x", "unix://bad/x"),
    ],
)
def test_the_default_authority_is_what_follows_the_scheme(target: str, authority: str) -> None:
    assert addresses.default_authority(target) == authority


@pytest.mark.parametrize(
    ("address", "names"),
    [
        ("127.0.0.1:0", ["ipv4:127.0.0.1:0"]),
        ("[::]:50051", ["ipv6:[::]:50051"]),
        (":50051", ["ipv6:[::]:50051"]),
        ("*:50051", ["ipv6:[::]:50051"]),
        ("ipv4::50051", ["ipv4:0.0.0.0:50051"]),
        ("dns:127.0.0.1:1", ["ipv4:127.0.0.1:1"]),
        ("unix:///run/x", ["unix:/run/x"]),
        ("unix-abstract:x", ["unix-abstract:x"]),
    ],
)
def test_a_listening_address_is_understood(address: str, names: List[str]) -> None:
    assert _names(addresses.listening(address)) == names


@pytest.mark.parametrize(
    ("address", "advice"),
    [
        ("localhost", "write host:port, with port 0 for any free one"),
        ("localhost:x", "its port must be a number"),
        ("unix:", "write unix:path"),
        ("a" * 64 + ".example:1", "is not a host name"),
    ],
)
def test_a_bad_listening_address_is_a_value_error_that_says_what_to_write(address: str, advice: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the message is what is tested
        addresses.listening(address)
    assert advice in str(caught.value)
