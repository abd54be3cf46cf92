"""``python -m peers`` makes the peers' environment when it is absent and prints its interpreter.

With ``--all`` it makes all that the tests need from a package index.
"""

from __future__ import annotations

import sys
from typing import Sequence

from peers import companions, environment


def main(arguments: Sequence[str]) -> int:
    """Print the interpreter's path; on failure say why and return 1."""
    try:
        print(environment.python())
        if "--all" in arguments:
            companions.folder()
    except (environment.EnvironmentUnavailable, companions.CompanionsUnavailable) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
