"""Whether an address lies within this machine, by its looks: nothing is looked up."""

from __future__ import annotations

import ipaddress
from typing import Any


def check(address: Any, kind: str) -> None:
    """Refuse an address that local credentials are not for.

    Args:
      address: A target or a listening address.
      kind: `UDS` for Unix sockets only, `LOCAL_TCP` for loopback addresses.

    Raises:
      ValueError: It is not of that kind.
    """
    is_unix = isinstance(address, str) and address.startswith(("unix:", "unix-abstract:"))
    if kind == "UDS":
        if not is_unix:
            raise ValueError(f"local credentials of type UDS are for Unix sockets, such as unix:path, not {address!r}")
    elif not is_unix and not _is_loopback(str(address)):
        raise ValueError(f"local credentials are for loopback addresses, such as localhost:50051, not {address!r}")


def _is_loopback(address: str) -> bool:
    for scheme in ("dns:///", "dns:", "ipv4:", "ipv6:"):
        if address.startswith(scheme):
            address = address[len(scheme) :]
            break
    host = address[1:].partition("]")[0] if address.startswith("[") else address.rpartition(":")[0] or address
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
