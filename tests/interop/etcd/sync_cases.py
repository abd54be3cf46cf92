"""The cases on the blocking API."""

from __future__ import annotations

import contextlib
import queue
from typing import Any, Callable, Dict, Iterator

import kv_pb2
import rpc_pb2
import rpc_pb2_grpc

import grpc
from tests.interop.etcd import values
from tests.interop.etcd.values import TIMEOUT, check_equal


def _put_and_get(channel: grpc.Channel) -> None:
    kv = rpc_pb2_grpc.KVStub(channel)
    for text in (b"first", b"second"):
        put = kv.Put(rpc_pb2.PutRequest(key=b"one", value=text, prev_kv=True), timeout=TIMEOUT)
    check_equal("the value before", put.prev_kv.value, b"first")
    found = kv.Range(rpc_pb2.RangeRequest(key=b"one"), timeout=TIMEOUT)
    check_equal("keys and values", [(pair.key, pair.value) for pair in found.kvs], [(b"one", b"second")])
    check_equal("the revision", found.kvs[0].mod_revision, put.header.revision)
    deleted = kv.DeleteRange(rpc_pb2.DeleteRangeRequest(key=b"one"), timeout=TIMEOUT)
    check_equal("how many are deleted", deleted.deleted, 1)
    found = kv.Range(rpc_pb2.RangeRequest(key=b"one"), timeout=TIMEOUT)
    check_equal("how many are left", found.count, 0)


def _large_value(channel: grpc.Channel) -> None:
    kv = rpc_pb2_grpc.KVStub(channel)
    value = values.value(values.LARGE)
    kv.Put(rpc_pb2.PutRequest(key=b"large", value=value), timeout=TIMEOUT)
    found = kv.Range(rpc_pb2.RangeRequest(key=b"large"), timeout=TIMEOUT)
    check_equal("whether the value is the same", found.kvs[0].value == value, True)


def _many_puts(channel: grpc.Channel) -> None:
    kv = rpc_pb2_grpc.KVStub(channel)
    keys = [f"many/{index:03}".encode() for index in range(values.MANY)]
    calls = [kv.Put.future(rpc_pb2.PutRequest(key=key, value=key), timeout=TIMEOUT) for key in keys]
    revisions = {call.result().header.revision for call in calls}
    check_equal("how many revisions there are", len(revisions), values.MANY)
    found = kv.Range(rpc_pb2.RangeRequest(key=b"many/", range_end=b"many0"), timeout=TIMEOUT)
    check_equal("keys and values", [(pair.key, pair.value) for pair in found.kvs], list(zip(keys, keys)))


def _refused_put(channel: grpc.Channel) -> None:
    try:
        rpc_pb2_grpc.KVStub(channel).Put(rpc_pb2.PutRequest(value=b"no key"), timeout=TIMEOUT)
    except grpc.RpcError as error:
        values.check_refused(error, grpc.StatusCode.INVALID_ARGUMENT, "key is not provided")
    else:
        raise values.Failed("a value without a key should be refused")


class _Requests(Iterator[Any]):
    """Requests that are given one by one."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def __next__(self) -> Any:
        request = self._queue.get()
        if request is None:
            raise StopIteration
        return request

    def give(self, request: Any) -> None:
        self._queue.put(request)

    def close(self) -> None:
        self._queue.put(None)


@contextlib.contextmanager
def _watching(channel: grpc.Channel, key: bytes, timeout: float = TIMEOUT) -> Iterator[Any]:
    """A watch of a key that has begun: its requests and its call."""
    requests = _Requests()
    with contextlib.closing(requests):
        call = rpc_pb2_grpc.WatchStub(channel).Watch(requests, timeout=timeout)
        requests.give(rpc_pb2.WatchRequest(create_request=rpc_pb2.WatchCreateRequest(key=key, prev_kv=True)))
        check_equal("whether the watch is created", next(call).created, True)
        yield requests, call
        call.cancel()


def _watch(channel: grpc.Channel) -> None:
    kv = rpc_pb2_grpc.KVStub(channel)
    with _watching(channel, b"watched") as (requests, call):
        for text in (b"first", b"second"):
            kv.Put(rpc_pb2.PutRequest(key=b"watched", value=text), timeout=TIMEOUT)
            check_equal("the change", [event.kv.value for event in next(call).events], [text])
        kv.DeleteRange(rpc_pb2.DeleteRangeRequest(key=b"watched"), timeout=TIMEOUT)
        (event,) = next(call).events
        check_equal("the change", (event.type, event.prev_kv.value), (kv_pb2.Event.DELETE, b"second"))
        requests.give(rpc_pb2.WatchRequest(cancel_request=rpc_pb2.WatchCancelRequest(watch_id=0)))
        check_equal("whether the watch is cancelled", next(call).canceled, True)


def _watch_until_cancelled(channel: grpc.Channel) -> None:
    with _watching(channel, b"unchanged") as (_, call):
        call.cancel()
        check_equal("the status", call.code(), grpc.StatusCode.CANCELLED)


def _watch_until_deadline(channel: grpc.Channel) -> None:
    with _watching(channel, b"unchanged", values.SHORT_TIMEOUT) as (_, call):
        try:
            next(call)
        except grpc.RpcError as error:
            values.check_late(error)
        else:
            raise values.Failed("nothing changed, and the watch tells of it")


def _lease_kept_alive(channel: grpc.Channel) -> None:
    stub = rpc_pb2_grpc.LeaseStub(channel)
    granted = stub.LeaseGrant(rpc_pb2.LeaseGrantRequest(TTL=values.TTL), timeout=TIMEOUT)
    with contextlib.closing(_Requests()) as requests:
        call = stub.LeaseKeepAlive(requests, timeout=TIMEOUT)
        for _ in range(3):
            requests.give(rpc_pb2.LeaseKeepAliveRequest(ID=granted.ID))
            alive = next(call)
            check_equal("the lease", (alive.ID, alive.TTL), (granted.ID, values.TTL))
        requests.close()
        check_equal("the responses after it", list(call), [])


def _lease_revoked(channel: grpc.Channel) -> None:
    kv, stub = rpc_pb2_grpc.KVStub(channel), rpc_pb2_grpc.LeaseStub(channel)
    granted = stub.LeaseGrant(rpc_pb2.LeaseGrantRequest(TTL=values.TTL), timeout=TIMEOUT)
    kv.Put(rpc_pb2.PutRequest(key=b"leased", value=b"for a while", lease=granted.ID), timeout=TIMEOUT)
    found = kv.Range(rpc_pb2.RangeRequest(key=b"leased"), timeout=TIMEOUT)
    check_equal("the leases of the key", [pair.lease for pair in found.kvs], [granted.ID])
    with _watching(channel, b"leased") as (_, call):
        stub.LeaseRevoke(rpc_pb2.LeaseRevokeRequest(ID=granted.ID), timeout=TIMEOUT)
        check_equal("the changes", [event.type for event in next(call).events], [kv_pb2.Event.DELETE])
    try:
        stub.LeaseRevoke(rpc_pb2.LeaseRevokeRequest(ID=granted.ID), timeout=TIMEOUT)
    except grpc.RpcError as error:
        values.check_refused(error, grpc.StatusCode.NOT_FOUND, "lease not found")
    else:
        raise values.Failed("a lease that is gone should not be revoked again")


CASES: Dict[str, Callable[[grpc.Channel], None]] = {
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
