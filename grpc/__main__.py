"""`python -m grpc <command>`: finds the command and ends with its exit status."""

from __future__ import annotations

import argparse
import sys
from typing import Callable, NamedTuple, Optional, Sequence

from grpc import _demo, _migrate, _version


class _Command(NamedTuple):
    """One subcommand: what it does in a few words, what runs it and gives the exit status, and what adds its arguments.

    The arguments are passed to `run` by their names.
    """

    summary: str
    run: Callable[..., int]
    add_arguments: Callable[[argparse.ArgumentParser], None] = lambda parser: None


_COMMANDS = {
    "demo": _Command("make real calls to a real server on this machine and show them", _demo.run),
    "migrate": _Command(
        "find uses of the beta API in sources, and rewrite what is safe", _migrate.run, _migrate.add_arguments
    ),
}


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run one subcommand.

    Args:
        arguments: the words after `python -m grpc`; those of this process by default.

    Returns:
        The exit status of the subcommand: 0 when all went well.

    Raises:
        SystemExit: for wrong usage (status 2) and after `--help` and `--version` (status 0).
    """
    parser = argparse.ArgumentParser(prog="python -m grpc", description="Tools that come with layered-grpc.")
    parser.add_argument("--version", action="version", version=f"layered-grpc {_version.__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="command", required=True)
    for name, command in _COMMANDS.items():
        subparser = subparsers.add_parser(name, help=command.summary, description=f"{command.summary.capitalize()}.")
        command.add_arguments(subparser)
    chosen = vars(parser.parse_args(arguments))
    return _COMMANDS[chosen.pop("command")].run(**chosen)


if __name__ == "__main__":
    sys.exit(main())
