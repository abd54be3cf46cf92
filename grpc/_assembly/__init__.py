"""The one place that knows all the layers, and puts sides together out of them.

* `client`: an invocation End over HTTP/2, or joined to a server's in memory.
* `server`: a service End over HTTP/2, with Face above it.
* `aio`: both of them on an asyncio loop.

They are imported when they are first asked for, as in `_assembly.client`: with them come h2, ssl, sockets and nearly
all of this package, which nobody should have to wait for who has imported `grpc` and not yet made a channel.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

    from grpc._assembly import aio, client, server

__all__ = ["aio", "client", "server"]


def __getattr__(name: str) -> ModuleType:
    if name in __all__:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
