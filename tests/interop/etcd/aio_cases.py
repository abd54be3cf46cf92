"""The cases on the asynchronous API: those of ``sync_cases``, in the same order."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, AsyncIterator, Awaitable, Callable, Dict

import kv_pb2
import rpc_pb2
import rpc_pb2_grpc

import grpc
import grpc.aio
from tests.interop.etcd import values
from tests.interop.etcd.values import TIMEOUT, check_equal


async def _put_and_get(channel: grpc.aio.Channel) -> None:
    kv = rpc_pb2_grpc.KVStub(channel)
    for text in (b"first", b"second"):
        put = await kv.Put(rpc_pb2.PutRequest(key=b"one", value=text, prev_kv=True), timeout=TIMEOUT)
    check_equal("the value before", put.prev_kv.value, b"first")
    found = await kv.Range(rpc_pb2.RangeRequest(key=b"one"), timeout=TIMEOUT)
    check_equal("keys and values", [(pair.key, pair.value) for pair in found.kvs], [(b"one", b"second")])
    check_equal("the revision", found.kvs[0].mod_revision, put.header.revision)
    deleted = await kv.DeleteRange(rpc_pb2.DeleteRangeRequest(key=b"one"), timeout=TIMEOUT)
    check_equal("how many are deleted", deleted.deleted, 1)
    found = await kv.Range(rpc_pb2.RangeRequest(key=b"one"), timeout=TIMEOUT)
    check_equal("how many are left", found.count, 0)


async def _large_value(channel: grpc.aio.Channel) -> None:
    kv = rpc_pb2_grpc.KVStub(channel)
    value = values.value(values.LARGE)
    await kv.Put(rpc_pb2.PutRequest(key=b"large", value=value), timeout=TIMEOUT)
    found = await kv.Range(rpc_pb2.RangeRequest(key=b"large"), timeout=TIMEOUT)
    check_equal("whether the value is the same", found.kvs[0].value == value, True)


async def _many_puts(channel: grpc.aio.Channel) -> None:
    kv = rpc_pb2_grpc.KVStub(channel)
    keys = [f"many/{index:03}".encode() for index in range(values.MANY)]
    puts = await asyncio.gather(*(kv.Put(rpc_pb2.PutRequest(key=key, value=key), timeout=TIMEOUT) for key in keys))
    check_equal("how many revisions there are", len({put.header.revision for put in puts}), values.MANY)
    found = await kv.Range(rpc_pb2.RangeRequest(key=b"many/", range_end=b"many0"), timeout=TIMEOUT)
    check_equal("keys and values", [(pair.key, pair.value) for pair in found.kvs], list(zip(keys, keys)))


async def _refused_put(channel: grpc.aio.Channel) -> None:
    try:
        await rpc_pb2_grpc.KVStub(channel).Put(rpc_pb2.PutRequest(value=b"no key"), timeout=TIMEOUT)
    except grpc.aio.AioRpcError as error:
        values.check_refused(error, grpc.StatusCode.INVALID_ARGUMENT, "key is not provided")
    else:
        raise values.Failed("a value without a key should be refused")


@contextlib.asynccontextmanager
async def _watching(channel: grpc.aio.Channel, key: bytes, timeout: float = TIMEOUT) -> AsyncIterator[Any]:
    """A watch of a key that has begun."""
    call = rpc_pb2_grpc.WatchStub(channel).Watch(timeout=timeout)
    create = rpc_pb2.WatchCreateRequest(key=key, prev_kv=True)
    await call.write(rpc_pb2.WatchRequest(create_request=create))
    check_equal("whether the watch is created", (await call.read()).created, True)
    yield call
    call.cancel()


async def _watch(channel: grpc.aio.Channel) -> None:
    kv = rpc_pb2_grpc.KVStub(channel)
    async with _watching(channel, b"watched") as call:
        for text in (b"first", b"second"):
            await kv.Put(rpc_pb2.PutRequest(key=b"watched", value=text), timeout=TIMEOUT)
            check_equal("the change", [event.kv.value for event in (await call.read()).events], [text])
        await kv.DeleteRange(rpc_pb2.DeleteRangeRequest(key=b"watched"), timeout=TIMEOUT)
        (event,) = (await call.read()).events
        check_equal("the change", (event.type, event.prev_kv.value), (kv_pb2.Event.DELETE, b"second"))
        await call.write(rpc_pb2.WatchRequest(cancel_request=rpc_pb2.WatchCancelRequest(watch_id=0)))
        check_equal("whether the watch is cancelled", (await call.read()).canceled, True)


async def _watch_until_cancelled(channel: grpc.aio.Channel) -> None:
    async with _watching(channel, b"unchanged") as call:
        call.cancel()
        check_equal("the status", await call.code(), grpc.StatusCode.CANCELLED)


async def _watch_until_deadline(channel: grpc.aio.Channel) -> None:
    async with _watching(channel, b"unchanged", values.SHORT_TIMEOUT) as call:
        try:
            await call.read()
        except grpc.aio.AioRpcError as error:
            values.check_late(error)
        else:
            raise values.Failed("nothing changed, and the watch tells of it")


async def _lease_kept_alive(channel: grpc.aio.Channel) -> None:
    stub = rpc_pb2_grpc.LeaseStub(channel)
    granted = await stub.LeaseGrant(rpc_pb2.LeaseGrantRequest(TTL=values.TTL), timeout=TIMEOUT)
    call = stub.LeaseKeepAlive(timeout=TIMEOUT)
    for _ in range(3):
        await call.write(rpc_pb2.LeaseKeepAliveRequest(ID=granted.ID))
        alive = await call.read()
        check_equal("the lease", (alive.ID, alive.TTL), (granted.ID, values.TTL))
    await call.done_writing()
    check_equal("the response after it", await call.read(), grpc.aio.EOF)


async def _lease_revoked(channel: grpc.aio.Channel) -> None:
    kv, stub = rpc_pb2_grpc.KVStub(channel), rpc_pb2_grpc.LeaseStub(channel)
    granted = await stub.LeaseGrant(rpc_pb2.LeaseGrantRequest(TTL=values.TTL), timeout=TIMEOUT)
    await kv.Put(rpc_pb2.PutRequest(key=b"leased", value=b"for a while", lease=granted.ID), timeout=TIMEOUT)
    found = await kv.Range(rpc_pb2.RangeRequest(key=b"leased"), timeout=TIMEOUT)
    check_equal("the leases of the key", [pair.lease for pair in found.kvs], [granted.ID])
    async with _watching(channel, b"leased") as call:
        await stub.LeaseRevoke(rpc_pb2.LeaseRevokeRequest(ID=granted.ID), timeout=TIMEOUT)
        check_equal("the changes", [event.type for event in (await call.read()).events], [kv_pb2.Event.DELETE])
    try:
        await stub.LeaseRevoke(rpc_pb2.LeaseRevokeRequest(ID=granted.ID), timeout=TIMEOUT)
    except grpc.aio.AioRpcError as error:
        values.check_refused(error, grpc.StatusCode.NOT_FOUND, "lease not found")
    else:
        raise values.Failed("a lease that is gone should not be revoked again")


CASES: Dict[str, Callable[[grpc.aio.Channel], Awaitable[None]]] = {
    "put_and_get": _put_and_get,
    "large_value": _large_value,
    "many_puts": _many_puts,
    "refused_put": _refused_put,
    "watch": _watch,
    "watch_until_cancelled": _watch_until_cancelled,
    "watch_until_deadline": _watch_until_deadline,
    "lease_kept_alive": _lease_kept_alive,
    "lease_revoked": _lease_revoked,
}
