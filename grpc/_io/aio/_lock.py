"""What stands for a transport's lock on a loop, where there is one thread."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from types import TracebackType


class NoLock:
    """What stands for the lock where there is one thread. Cheaper than `contextlib.nullcontext`, and than a lock."""

    __slots__ = ()

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: Optional[type], error: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        return None


class CheckingLock(NoLock):
    """The same in the loop's debug mode: says so when a thread takes it that is not the loop's."""

    __slots__ = ("_thread",)

    def __init__(self) -> None:
        self._thread = threading.get_ident()

    def __enter__(self) -> None:
        if threading.get_ident() != self._thread:
            raise RuntimeError(
                "an asyncio channel or server was used from a thread that is not its event loop's: "
                "use loop.call_soon_threadsafe or asyncio.run_coroutine_threadsafe"
            )


NO_LOCK = NoLock()
