"""Binding: one port for all addresses of a host, and the files of Unix sockets."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import socket
from typing import TYPE_CHECKING, Any, List

import pytest

from grpc._io import addresses, binding, contract

if TYPE_CHECKING:
    import pathlib


class _Bound:
    """All sockets of an address."""

    def __init__(self, address: str, so_reuseport: bool) -> None:
        self._sockets = binding.bind(address, so_reuseport)
        self.port = self._sockets[0].port

    def close(self) -> None:
        for bound in self._sockets:
            bound.close()


def _bind(address: str, so_reuseport: bool = False) -> _Bound:
    return _Bound(address, so_reuseport)


def _two_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    def two(address: str) -> List[contract.Address]:
        port = int(address.rpartition(":")[2])
        return [contract.Address(int(socket.AF_INET), (host, port), host) for host in ("127.0.0.1", "127.0.0.2")]

    monkeypatch.setattr(addresses, "listening", two)


class TestPorts:
    def test_if_the_port_is_taken_on_one_of_them_another_one_is_found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        _two_addresses(monkeypatch)
        taken: List[socket.socket] = []
        bind_one = binding._bind_one

        def spoil_once(place: contract.Address, port: Any, so_reuseport: bool) -> Any:
            if port is not None and not taken:
                taken.append(socket.create_server(("127.0.0.2", port)))
            return bind_one(place, port, so_reuseport)

        monkeypatch.setattr(binding, "_bind_one", spoil_once)
        listener = _bind("two.example:0")
        assert listener.port != taken[0].getsockname()[1]
        listener.close()
        taken[0].close()

    def test_a_host_without_ipv6_is_content_with_ipv4(self, monkeypatch: pytest.MonkeyPatch) -> None:
        make = socket.socket

        def without(family: int = -1, *arguments: Any, **keywords: Any) -> socket.socket:
            if family == socket.AF_INET6:
                raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
            return make(family, *arguments, **keywords)

        monkeypatch.setattr(socket, "socket", without)
        for address in ("[::]:0", "localhost:0"):
            with contextlib.closing(_bind(address)) as listener:
                assert listener.port > 0
        with pytest.raises(OSError, match=r"cannot listen on '\[::1\]:0': Address family not supported"):
            _bind("[::1]:0")

    def test_a_busy_port_is_an_error_that_names_the_address(self) -> None:
        listener = _bind("127.0.0.1:0")
        address = f"127.0.0.1:{listener.port}"
        with pytest.raises(OSError, match=re.escape(f"cannot listen on '{address}': Address already in use")) as caught:
            _bind(address)
        assert caught.value.errno == errno.EADDRINUSE
        listener.close()

    def test_so_reuseport_has_to_be_asked_for_by_both(self) -> None:
        first = _bind("127.0.0.1:0", so_reuseport=True)
        address = f"127.0.0.1:{first.port}"
        second = _bind(address, so_reuseport=True)
        with pytest.raises(OSError, match="Address already in use"):
            _bind(address)
        assert second.port == first.port
        first.close()
        second.close()

    def test_so_reuseport_where_there_is_none_is_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delattr(socket, "SO_REUSEPORT")
        with pytest.raises(OSError, match="this system has no SO_REUSEPORT"):
            _bind("127.0.0.1:0", so_reuseport=True)

    def test_a_name_that_is_unknown_is_an_error_that_names_the_address(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def unknown(*_: Any) -> Any:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", unknown)
        with pytest.raises(OSError, match=r"cannot listen on 'nowhere\.example:1': Name or service not known"):
            _bind("nowhere.example:1")


class TestFiles:
    def test_the_file_of_a_server_that_lives_is_not_replaced(self, tmp_path: pathlib.Path) -> None:
        path = tmp_path / "socket"
        with contextlib.closing(_bind(f"unix:{path}")):
            with pytest.raises(OSError, match=re.escape(f"cannot listen on 'unix:{path}'")):
                _bind(f"unix:{path}")
            assert path.exists()

    def test_a_file_of_another_kind_is_not_touched(self, tmp_path: pathlib.Path) -> None:
        path = tmp_path / "precious"
        path.write_text("data", encoding="utf-8")
        with pytest.raises(OSError, match="Address already in use"):
            _bind(f"unix:{path}")
        assert path.read_text(encoding="utf-8") == "data"

    def test_a_file_that_another_server_has_put_there_since_stays(self, tmp_path: pathlib.Path) -> None:
        path = tmp_path / "socket"
        listener = _bind(f"unix:{path}")
        (tmp_path / "kept").hardlink_to(path) if hasattr(path, "hardlink_to") else os.link(path, tmp_path / "kept")
        path.unlink()  # the number of its inode is not used again, as a link is left
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(path))
            listener.close()
        assert path.exists()
