"""``python -m peers`` makes the peers' environment when it is absent and prints its interpreter."""

from __future__ import annotations

import sys

from peers import environment


def main() -> int:
    """Print the interpreter's path; on failure say why and return 1."""
    try:
        print(environment.python())
    except environment.EnvironmentUnavailable as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
