"""Says so when grpcio's files lie in the same folder as ours.

grpcio and layered-grpc both install a package called `grpc`. In one environment each overwrites some of the other's
files, the mixture fails in places that have nothing to do with the cause, and removing either one breaks the other.
So the first thing that `import grpc` does is to look for what only grpcio brings. When grpcio was installed last,
its `__init__.py` stands in place of ours and nothing of ours runs: that order cannot be noticed from here.
"""

from __future__ import annotations

import os

# Neither name may ever be used in this package. Two, because uninstalling by hand may leave one of them behind.
_ONLY_IN_GRPCIO = ("_cython", "_plugin_wrapping.py")


def check() -> None:
    """Raise if the folder of this package holds files of grpcio.

    Costs one `stat` for each of two names, for it is paid at every start of every program.

    Raises:
        ImportError: with one sentence that says what happened and what to do.
    """
    folder = os.path.dirname(__file__)
    for name in _ONLY_IN_GRPCIO:
        if os.path.exists(os.path.join(folder, name)):
            raise ImportError(
                f"layered-grpc and grpcio are both installed in {folder} ('{name}' there belongs to grpcio) and have "
                "overwritten each other's files: run 'pip uninstall grpcio layered-grpc', then install the one you "
                "want in a fresh environment.",
                name=__package__,
                path=folder,
            )
