"""`python -m tests.fuzz`: look for scripts that break an invariant, for as long as wanted.

python -m tests.fuzz --seconds 60                     a minute, from a seed that is printed
python -m tests.fuzz --seconds 60 --seed 7            the very same scripts again, as far as the time goes
python -m tests.fuzz --role client --keep found/      only clients; what is found is written there
python -m tests.fuzz --replay found/client-7-41.txt   live one again, step by step
python -m tests.fuzz --atheris -max_total_time=60     with libFuzzer's eyes on the coverage, where atheris is there
"""

from __future__ import annotations

import argparse
import faulthandler
import pathlib
import random
import sys
import time
from typing import List, Optional, Tuple

from tests.fuzz import making, script, target

_ROLES = ("server", "client")

# A script is lived in milliseconds; one that takes so many seconds is a find, too.
_SLOW = 30.0


def _arguments(arguments: Optional[List[str]]) -> Tuple[argparse.Namespace, List[str]]:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz the HTTP/2 connections.")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long (default: 60)")
    parser.add_argument("--seed", type=int, help="where to begin (default: by chance, and printed)")
    parser.add_argument("--role", choices=(*_ROLES, "both"), default="both", help="which to drive (default: both)")
    parser.add_argument("--keep", type=pathlib.Path, default=pathlib.Path("."), help="where to write what is found")
    parser.add_argument("--most", type=int, default=10, help="stop after so many finds (default: 10)")
    parser.add_argument("--replay", type=pathlib.Path, help="live the script in this file, and show what happens")
    parser.add_argument("--atheris", action="store_true", help="have atheris choose; further arguments are its own")
    return parser.parse_known_args(arguments)


def _replay(path: pathlib.Path) -> int:
    try:
        target.live(script.decode_script(path.read_text(encoding="ascii")), print)
    except target.Violation as violation:
        cause = violation.__cause__
        sys.excepthook(type(cause), cause, cause and cause.__traceback__)  # type: ignore[arg-type]  # it has one
        print(f"BROKEN: {violation}")
        return 1
    print("all is well")
    return 0


def _keep(found: script.Script, complaint: str, path: pathlib.Path) -> None:
    print(f"BROKEN: {complaint}", flush=True)
    small = target.reduced(found)
    path.parent.mkdir(parents=True, exist_ok=True)
    note = f"{found.note}\n{target.complaint(small)}".encode("ascii", "backslashreplace").decode("ascii")
    path.write_text(script.encode_script(small._replace(note=note)), encoding="ascii")
    print(f"        in {len(small.steps)} steps: python -m tests.fuzz --replay {path}", flush=True)


def _fuzz(options: argparse.Namespace) -> int:
    seed = random.randrange(10**9) if options.seed is None else options.seed
    roles = _ROLES if options.role == "both" else (options.role,)
    print(f"seed {seed}, {options.seconds:g} seconds, {' and '.join(roles)}", flush=True)
    begin = time.monotonic()
    lived = finds = size = 0
    slowest, slowest_name = 0.0, ""
    kinds = set()
    while time.monotonic() - begin < options.seconds and finds < options.most:
        number, turn = divmod(lived, len(roles))
        made = making.script_of(seed + number, roles[turn])
        if options.watched:
            faulthandler.dump_traceback_later(_SLOW, exit=True)
        started = time.monotonic()
        complaint = target.complaint(made)
        taken = time.monotonic() - started
        if options.watched:
            faulthandler.cancel_dump_traceback_later()
        lived += 1
        size += script.bytes_read(made.steps)
        if taken > slowest:
            slowest, slowest_name = taken, f"{made.role}, {made.note}"
        if complaint is not None:
            kind = target.kind_of(complaint)
            if kind not in kinds:
                kinds.add(kind)
                finds += 1
                _keep(made, complaint, options.keep / f"{made.role}-{seed + number}.txt")
    seconds = time.monotonic() - begin
    print(
        f"{lived} scripts in {seconds:.0f} s, {lived / seconds:.0f} a second, {size / seconds / 1e6:.2f} MB/s; "
        f"slowest {slowest:.2f} s ({slowest_name}); {finds} finds"
    )
    return 1 if finds else 0


def _atheris(options: argparse.Namespace, rest: List[str]) -> int:
    try:
        import atheris
    except ImportError:
        print("atheris is not installed here: pip install atheris, where there is one for this Python")
        return 2
    roles = _ROLES if options.role == "both" else (options.role,)

    def live(data: bytes) -> None:
        for role in roles:
            target.live(making.script_of_bytes(data, role))

    atheris.instrument_all()
    atheris.Setup([sys.argv[0], *rest], live)
    atheris.Fuzz()
    return 0


def main(arguments: Optional[List[str]] = None) -> int:
    """Run the command; see the module."""
    options, rest = _arguments(arguments)
    options.watched = arguments is None  # in a process of its own
    if options.atheris:
        return _atheris(options, rest)
    if rest:
        print(f"unknown arguments: {' '.join(rest)}")
        return 2
    return _replay(options.replay) if options.replay is not None else _fuzz(options)


if __name__ == "__main__":
    sys.exit(main())
