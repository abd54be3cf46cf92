"""`python -m tests.trust`: connect and disconnect over and over again, and say what is left behind.

python -m tests.trust                          a few hundred rounds of every scenario
python -m tests.trust --full                   ten thousand
python -m tests.trust --count 1000 channels    as many as you like of those you name
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tracemalloc
from typing import List, Optional

from tests.trust import churn, programs, scenarios

_FEW = 300
_FULL = 10_000


def main(arguments: Optional[List[str]] = None) -> int:
    """Run the command; see the module."""
    parser = argparse.ArgumentParser(prog="python -m tests.trust", description="Look for what connections leave.")
    parser.add_argument("scenarios", nargs="*", choices=[[], *scenarios.SCENARIOS], help="which (default: all)")
    parser.add_argument("--full", action="store_true", help=f"make {_FULL} rounds")
    parser.add_argument("--count", type=int, help=f"make so many rounds (default: {_FEW})")
    parser.add_argument("--here", action="store_true", help="all in this process, instead of one for each")
    options = parser.parse_args(arguments)
    count = options.count or (_FULL if options.full else _FEW)
    names = options.scenarios or list(scenarios.SCENARIOS)
    if options.here:
        return max([_live(name, count) for name in names])
    command = [sys.executable, "-m", "tests.trust", "--here", "--count", str(count)]
    return max([subprocess.run([*command, name], cwd=programs.ROOT, check=False).returncode for name in names])


def _live(name: str, count: int) -> int:
    tracemalloc.start()
    result = asyncio.run(churn.churn(name, count))
    tracemalloc.stop()
    left = churn.complaints(result.before, result.after)
    print(f"{name:21}{count:6} rounds in {result}", flush=True)
    for complaint in left:
        print(f"    LEFT: {complaint}", flush=True)
    return int(bool(left))


if __name__ == "__main__":
    sys.exit(main())
