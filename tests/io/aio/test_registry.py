"""What lives on a loop, and how its end is awaited."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, List

from grpc._io.aio import _registry

if TYPE_CHECKING:
    import pytest


class _Member:
    def __init__(self) -> None:
        self.abandoned = False

    def abandon(self) -> None:
        self.abandoned = True


def test_an_empty_registry_is_not_waited_for() -> None:
    async def main() -> None:
        await _registry.Registry(asyncio.get_running_loop()).wait_empty()

    asyncio.run(main())


def test_the_wait_ends_with_the_last_member_and_the_last_task() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        registry = _registry.Registry(loop)
        member = _Member()
        registry.add(member)
        go = loop.create_future()

        async def work() -> None:
            await go

        registry.spawn(work())
        waits = [loop.create_task(registry.wait_empty()) for _ in range(2)]
        await asyncio.sleep(0)
        registry.discard(member)
        await asyncio.sleep(0)
        assert not any(wait.done() for wait in waits)
        go.set_result(None)
        await asyncio.gather(*waits)

    asyncio.run(main())


def test_closing_cancels_tasks_and_tells_members() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        registry = _registry.Registry(loop)
        member = _Member()
        registry.add(member)

        async def work() -> None:
            await loop.create_future()

        task = registry.spawn(work())
        await asyncio.sleep(0)
        registry.close()
        registry.discard(member)
        await registry.wait_empty()
        assert task.cancelled()
        assert member.abandoned

    asyncio.run(main())


def test_a_task_that_raises_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        registry = _registry.Registry(asyncio.get_running_loop())

        async def work() -> None:
            raise RuntimeError("this one is meant")

        registry.spawn(work())
        await registry.wait_empty()

    asyncio.run(main())
    assert "this one is meant" in caplog.text


def test_a_latch_wakes_everybody_once_and_for_all() -> None:
    async def main() -> None:
        latch = _registry.Latch(asyncio.get_running_loop())
        woken: List[int] = []

        async def wait(number: int) -> None:
            await latch.wait()
            woken.append(number)

        tasks = [asyncio.create_task(wait(number)) for number in range(3)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.sleep(0)
        latch.set()
        latch.set()
        await asyncio.gather(tasks[0], tasks[2])
        await latch.wait()
        assert woken == [0, 2]

    asyncio.run(main())
