"""An event loop in a thread of its own, so that something asynchronous can obey orders from any thread."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, Coroutine, TypeVar

try:
    from peers import script_values
except ImportError:  # in a peer's process this folder itself is what is importable
    import script_values

Result = TypeVar("Result")


class LoopThread:
    """Runs a loop until ``close``."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._main, name="orders-loop")
        self._thread.start()

    def _main(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """Run it on the loop, and wait for its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(2 * script_values.PATIENCE)

    def close(self) -> None:
        """End the loop, its tasks, and the thread."""
        self.run(_cancel_tasks())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()


async def _cancel_tasks() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
