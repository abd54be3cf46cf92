"""Who meets whom, over which cases: the sections of the document, each a table with a row a case."""

from __future__ import annotations

import contextlib
import functools
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Mapping, NamedTuple, Sequence

from peers.environment import ROOT
from tests.interop.etcd import server as etcd
from tests.interop.etcd import values as etcd_values
from tests.interop.matrix import ends, results, running
from tests.interop.matrix.children import ChildError
from tests.interop.nginx import front

if TYPE_CHECKING:
    from tests.interop.matrix.security import Security

CASES: Mapping[str, str] = {
    "empty_unary": "a request and a response of no bytes",
    "large_unary": "a request and a response longer than the first flow-control window",
    "cacheable_unary": "a proxy answers the second of two equal calls with the first one's response",
    "client_compressed_unary": "compressed and plain requests, and one that lies about it and is refused",
    "server_compressed_unary": "a compressed and a plain response, as asked for",
    "client_streaming": "requests of several sizes, all of which arrive",
    "client_compressed_streaming": "a compressed and a plain request in one stream",
    "server_streaming": "responses of several sizes, in order",
    "server_compressed_streaming": "a compressed and a plain response in one stream",
    "ping_pong": "requests and responses in turn",
    "empty_stream": "a stream without any message, either way",
    "custom_metadata": "text and binary metadata come back, at the begin and at the end",
    "status_code_and_message": "a status that the server chose",
    "special_status_message": "a status text with line breaks and characters beyond ASCII",
    "unimplemented_method": "a method that the server does not have",
    "unimplemented_service": "a service that the server does not have",
    "cancel_after_begin": "cancelling before anything was sent",
    "cancel_after_first_response": "cancelling amid a stream",
    "timeout_on_sleeping_server": "a deadline that passes",
    "rpc_soak": "many calls, one after the other, over one channel",
    "channel_soak": "many calls, one after the other, each over a channel of its own",
    "concurrent_large_unary": "many calls at the same time",
    "long_lived_channel": "calls with pauses between",
}

ETCD_CASES: Mapping[str, str] = {
    "put_and_get": "a key is set, read and deleted",
    "large_value": "a value of a million bytes, there and back",
    "many_puts": "a hundred calls at the same time",
    "refused_put": "etcd's status for a request that makes no sense",
    "watch": "a stream tells of each change of a key, until the watch is cancelled in it",
    "watch_until_cancelled": "the call is cancelled amid the stream",
    "watch_until_deadline": "the deadline of the call passes amid the stream",
    "lease_kept_alive": "requests and responses in turn, and etcd ends the stream after us",
    "lease_revoked": "a stream tells of the key that goes away with its lease",
}
assert tuple(ETCD_CASES) == etcd_values.CASES


class Column(NamedTuple):
    """A client and a server.

    Attributes:
        title: stands above it.
        run: has them meet, in plaintext or over TLS; a verdict for each of the cases, whatever happens.
    """

    title: str
    run: Callable[[Security, Sequence[str]], results.Verdicts]


class Section(NamedTuple):
    """A table.

    Attributes:
        title: of the section.
        text: what has to be known of it.
        cases: the rows, each with what it is about.
        columns: the columns.
    """

    title: str
    text: str
    cases: Mapping[str, str]
    columns: Sequence[Column]


def _direct(client: ends.End, server: ends.End) -> Column:
    return Column(
        f"{client.name} → {server.name}", lambda security, cases: running.meet(client, server, security, cases)
    )


def _through_nginx(client: ends.End, server: ends.End) -> Column:
    def run(security: Security, cases: Sequence[str]) -> results.Verdicts:
        try:
            with ends.serving(server, security) as port, front.running(port, security) as port_of_nginx:
                return running.call(client, server, port_of_nginx, security, cases)
        except (ends.Unavailable, front.NginxUnavailable) as error:
            return results.not_run(cases, str(error))
        except ChildError as error:
            return results.failed(cases, str(error))

    return Column(f"{client.name} → nginx → {server.name}", run)


def _etcd_client(folder: Path, api: str) -> ends.Command:
    words = [sys.executable, "-m", "tests.interop.etcd.client", f"--api={api}"]
    return ends.Command(words, {"PYTHONPATH": f"{folder}:{ROOT}"})


def _to_etcd(api: str, name: str) -> Column:
    def run(security: Security, cases: Sequence[str]) -> results.Verdicts:
        with contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            try:
                port = stack.enter_context(etcd.running(security))
                etcd.generate(folder)
                client = ends.End(name, functools.partial(_etcd_client, folder, api))
                return running.call(client, ends.End("etcd", client.command), port, security, cases)
            except etcd.EtcdUnavailable as error:
                return results.not_run(cases, str(error))
            except ChildError as error:
                return results.failed(cases, str(error))

    return Column(f"{name} → etcd", run)


SECTIONS = (
    Section(
        "Our clients",
        "Each of our two clients with every server.",
        CASES,
        [_direct(client, server) for client in ends.OUR_CLIENTS for server in (*ends.OUR_SERVERS, *ends.PEER_SERVERS)],
    ),
    Section(
        "Our servers",
        "The others' clients with each of our two servers. Ours with ours stand in the table above.",
        CASES,
        [_direct(client, server) for client in ends.PEER_CLIENTS for server in ends.OUR_SERVERS],
    ),
    Section(
        "Through nginx",
        f"nginx stands between, by `grpc_pass`; over TLS both of its connections are. It retires a connection after "
        f"{front.REQUESTS} requests, so that the cases of many calls go on over another.",
        CASES,
        [_through_nginx(client, server) for client in ends.OUR_CLIENTS for server in ends.OUR_SERVERS],
    ),
    Section(
        "etcd",
        "A server that was not made for such tests, called through code that our plugin for protoc generated.",
        ETCD_CASES,
        [_to_etcd("sync", "blocking"), _to_etcd("aio", "asyncio")],
    ),
)
