"""`python -m grpc.interop client` and `server`; by its path it runs for another implementation of `grpc` as well."""

from __future__ import annotations

import importlib.util
import pathlib
import sys

_NAME = "grpc.interop"


def _make_importable() -> None:
    """Give the `grpc` of this interpreter, whosever it is, the package that this file lies in.

    A file that is run by its path belongs to no package. With our `grpc` the package is there all the same; what
    grpcio lacks is just this one, which uses nothing of ours but public names that both have.
    """
    if importlib.util.find_spec(_NAME) is not None:
        return
    folder = pathlib.Path(__file__).resolve().parent
    spec = importlib.util.spec_from_file_location(
        _NAME, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules[_NAME] = package
    spec.loader.exec_module(package)


if __name__ == "__main__":
    _make_importable()
    from grpc.interop import _command

    sys.exit(_command.main())
