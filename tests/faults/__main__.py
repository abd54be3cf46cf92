"""`python -m tests.faults`: soak the library in bad weather, for as long as wanted.

python -m tests.faults --seconds 60                    a minute, both APIs, from a seed that is printed
python -m tests.faults --seconds 600 --seed 7 --tls    ten minutes of TLS, with the very same choices each time
python -m tests.faults --api aio                       only grpc.aio, client and server

Ends with the counts of calls, outcomes and faults; exit status 1 if a rule was broken.
"""

from __future__ import annotations

import argparse
import faulthandler
import os
import random
import sys
import time
import tracemalloc
from typing import Counter, List, Optional

from tests.faults.soak import PAIRS, Hung, Soak, Weather


def _arguments(arguments: Optional[List[str]]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description="Soak the library in bad weather.")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long (default: 60)")
    parser.add_argument("--seed", type=int, help="of all choices (default: by chance, and printed)")
    parser.add_argument("--api", choices=tuple(PAIRS), default="both", help="which APIs (default: both)")
    parser.add_argument("--tls", action="store_true", help="speak TLS")
    parser.add_argument("--callers", type=int, default=3, help="callers of each channel (default: 3)")
    return parser.parse_args(arguments)


def _say(text: str) -> None:
    print(text, flush=True)


def _counts(title: str, counter: Counter[str]) -> str:
    return f"{title}: " + ", ".join(f"{name} {count}" for name, count in sorted(counter.items()))


def closing_lines(soak: Soak, seconds: float) -> List[str]:
    """What a run comes to."""
    ledger = soak.ledger
    return [
        _counts("calls by kind", ledger.calls),
        _counts("outcomes", ledger.outcomes),
        _counts("faults", soak.faults),
        f"{sum(ledger.calls.values())} calls, {soak.generations} generations, {seconds:.0f} s, "
        f"{len(ledger.finds)} broken rules",
    ]


def main(arguments: Optional[List[str]] = None) -> int:
    """Run the command; see the module."""
    options = _arguments(arguments)
    seed = random.randrange(10**9) if options.seed is None else options.seed
    print(f"seed {seed}, {options.seconds:g} seconds, api {options.api}{', TLS' if options.tls else ''}", flush=True)
    begin = time.monotonic()
    tracemalloc.start()
    soak = Soak(Weather(options.seconds, seed, options.api, options.tls, options.callers), _say)
    hung = False
    try:
        soak.run()
    except Hung as error:
        hung = True
        _say(f"given up: {error}")
        faulthandler.dump_traceback()
    for line in closing_lines(soak, time.monotonic() - begin):
        _say(line)
    if hung:
        os._exit(1)  # what hangs would keep the process
    return 1 if soak.ledger.finds else 0


if __name__ == "__main__":
    sys.exit(main())
