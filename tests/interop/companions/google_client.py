"""A client generated for one of Google's APIs, over google-api-core: its retries, pages, errors and interceptors.

Such clients make up most of the programs that use grpcio. They note things on multi-callables, append an interceptor
of their own to a private list of the asyncio channel, and turn statuses into exceptions by their `code()`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import warnings
from concurrent import futures
from typing import Any, Iterator, List

import pytest

import grpc

# google-auth takes our version for that of an old grpcio, and all of them wish for a later Python.
warnings.simplefilter("ignore", FutureWarning)

from google.api_core import exceptions, grpc_helpers, grpc_helpers_async  # noqa: E402
from google.auth import credentials  # noqa: E402
from google.cloud import tasks_v2  # noqa: E402
from google.cloud.tasks_v2.services.cloud_tasks import transports  # noqa: E402

_Types: Any = tasks_v2.types
_NAMES = ["first", "second", "third"]


class _Queues:
    """Two methods of the service: one that may fail or be busy at first, one that answers in pages."""

    def __init__(self) -> None:
        self.metadata: List[Any] = []
        self._refusals = 0

    def get(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.metadata.append(dict(context.invocation_metadata()))
        if request.name == "nobody's":
            context.abort(grpc.StatusCode.NOT_FOUND, "no such queue")
        if request.name == "busy" and self._refusals < 1:
            self._refusals += 1
            context.abort(grpc.StatusCode.UNAVAILABLE, "later")
        return _Types.Queue(name=request.name)

    def list(self, request: Any, context: grpc.ServicerContext) -> Any:
        page = int(request.page_token or 0)
        token = str(page + 1) if page + 1 < len(_NAMES) else ""
        return _Types.ListQueuesResponse(queues=[_Types.Queue(name=_NAMES[page])], next_page_token=token)


@contextlib.contextmanager
def _serving(queues: _Queues) -> Iterator[str]:
    methods = {
        "GetQueue": grpc.unary_unary_rpc_method_handler(
            queues.get, _Types.GetQueueRequest.deserialize, _Types.Queue.serialize
        ),
        "ListQueues": grpc.unary_unary_rpc_method_handler(
            queues.list, _Types.ListQueuesRequest.deserialize, _Types.ListQueuesResponse.serialize
        ),
    }
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("google.cloud.tasks.v2.CloudTasks", methods)])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait()


def blocking() -> None:
    """Ask for a queue, for nobody's, for a busy one, and for all of them."""
    queues = _Queues()
    with _serving(queues) as address, grpc.insecure_channel(address) as channel:
        client = tasks_v2.CloudTasksClient(transport=transports.CloudTasksGrpcTransport(channel=channel))
        assert client.get_queue(name="one", timeout=20).name == "one"
        assert queues.metadata[0]["x-goog-request-params"] == "name=one"
        with pytest.raises(exceptions.NotFound, match="no such queue") as refusal:
            client.get_queue(name="nobody's", timeout=20)
        assert refusal.value.grpc_status_code is grpc.StatusCode.NOT_FOUND
        assert client.get_queue(name="busy", timeout=20).name == "busy"
        assert [queue.name for queue in client.list_queues(parent="all", timeout=20)] == _NAMES


async def _asyncio() -> None:
    queues = _Queues()
    with _serving(queues) as address:
        async with grpc.aio.insecure_channel(address) as channel:
            transport = transports.CloudTasksGrpcAsyncIOTransport(channel=channel)
            client = tasks_v2.CloudTasksAsyncClient(transport=transport)
            assert (await client.get_queue(name="one", timeout=20)).name == "one"
            assert queues.metadata[0]["x-goog-request-params"] == "name=one"
            with pytest.raises(exceptions.NotFound, match="no such queue") as refusal:
                await client.get_queue(name="nobody's", timeout=20)
            assert refusal.value.grpc_status_code is grpc.StatusCode.NOT_FOUND
            assert (await client.get_queue(name="busy", timeout=20)).name == "busy"
            assert [queue.name async for queue in await client.list_queues(parent="all", timeout=20)] == _NAMES


async def _channels_of_the_helpers() -> None:
    nobody = credentials.AnonymousCredentials()
    grpc_helpers.create_channel("127.0.0.1:1", credentials=nobody).close()
    await grpc_helpers_async.create_channel("127.0.0.1:1", credentials=nobody).close()


def _log_calls() -> None:
    """Make the interceptor that each client has read and log all there is of a call."""
    logger = logging.getLogger("google")
    logger.setLevel(logging.DEBUG)
    logger.addHandler(logging.NullHandler())
    logger.propagate = False


if __name__ == "__main__":
    blocking()
    asyncio.run(_asyncio())
    asyncio.run(_channels_of_the_helpers())
    _log_calls()
    blocking()
    asyncio.run(_asyncio())
