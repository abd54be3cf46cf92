"""Script: runs cases against an etcd with code that our plugin generated; prints one JSON line a case.

The generated modules lie in a folder of the Python path. The flags are those of ``python -m grpc.interop client``, as
far as they mean anything here.
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
from tests.interop.etcd import aio_cases, sync_cases, values


def _flags() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--api", choices=("sync", "aio"), default="sync")
    parser.add_argument("--server_port", type=int, required=True)
    parser.add_argument("--test_case", required=True, help="names of cases, joined by commas")
    parser.add_argument("--server_host_override")
    parser.add_argument("--ca_file", type=Path)
    for switch in ("--use_tls", "--use_test_ca"):
        parser.add_argument(switch, action="store_true")
    return parser.parse_args()


def _channel(module: Any, flags: argparse.Namespace) -> Any:
    target = f"127.0.0.1:{flags.server_port}"
    if not flags.use_tls:
        return module.insecure_channel(target)
    credentials = grpc.ssl_channel_credentials(flags.ca_file.read_bytes() if flags.use_test_ca else None)
    options = [("grpc.ssl_target_name_override", flags.server_host_override)] if flags.server_host_override else []
    return module.secure_channel(target, credentials, options=options)


def _run(case: str, flags: argparse.Namespace) -> None:
    with _channel(grpc, flags) as channel:
        sync_cases.CASES[case](channel)


async def _run_aio(case: str, flags: argparse.Namespace) -> None:
    async with _channel(grpc.aio, flags) as channel:
        await aio_cases.CASES[case](channel)


def main() -> None:
    """Run them, each over a channel of its own."""
    flags = _flags()
    for case in flags.test_case.split(","):
        failure = None
        try:
            if flags.api == "aio":
                asyncio.run(_run_aio(case, flags))
            else:
                _run(case, flags)
        except Exception as error:  # what a call raises is what is looked for
            failure = error
        values.say(case, failure)


if __name__ == "__main__":
    main()
