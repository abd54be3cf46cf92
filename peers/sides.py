"""One implementation as a side of a conversation: servers and clients that obey orders, one JSON object each.

Orders for servers, by ``do``:

* ``serve``: begin to serve the script at ``address`` with ``security``, ``options`` and ``compression``; tells the
  ``server``'s number and its ``port``.
* ``stop`` a ``server`` with ``grace``, which returns at once, and ``await-stop``.
* ``await``: return when the call with this ``tag`` has come to ``what``: ``begun``, ``holds``, ``over`` or ``left``.
* ``release`` the call with this ``tag`` from its ``hold``.

Orders for clients, all with the ``tag`` of a call:

* ``open`` a call over ``channel`` (``target``, ``security``, ``options``, ``compression``; the same again is the same
  channel) in the ``shape`` of a multi-callable, with ``requests`` that go at once and maybe a ``half_close``.
* ``send`` one more request, ``half-close``, ``cancel``.
* ``receive`` one response, or the news that none follows; wait for the ``initial`` metadata.
* ``finish``: take all further responses, and tell how it ended.
* ``part``, which names no call: end all calls, and close all channels.

``reset`` ends all servers and clients.
"""

from __future__ import annotations

from typing import Any, Dict, Protocol

Line = Dict[str, Any]

_FOR_CLIENTS = frozenset(["open", "send", "half-close", "cancel", "receive", "initial", "finish"])


class Obeying(Protocol):
    """Half a side."""

    def obey(self, order: Line) -> Line:
        """Carry out an order."""

    def close(self) -> None:
        """End everything that was ordered; more may be ordered afterwards."""


class Side:
    """The two halves of a side."""

    def __init__(self, servers: Obeying, clients: Obeying) -> None:
        self._servers = servers
        self._clients = clients

    def obey(self, order: Line) -> Line:
        """Carry out an order."""
        if order["do"] in ("reset", "part"):
            self._clients.close()
            if order["do"] == "reset":
                self._servers.close()
            return {"ok": True}
        return (self._clients if order["do"] in _FOR_CLIENTS else self._servers).obey(order)

    def close(self) -> None:
        """End everything."""
        self._clients.close()
        self._servers.close()
