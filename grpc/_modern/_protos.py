"""Modules made of .proto files at run time, which is not possible here: every compiler has a compiled part."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, Tuple

if TYPE_CHECKING:
    import types

_SUFFIX = ".proto"


def _refuse(protobuf_path: str) -> NoReturn:
    if not isinstance(protobuf_path, str) or not protobuf_path.endswith(_SUFFIX):
        raise ValueError(f"the path of a protobuf file ends with {_SUFFIX}, and {protobuf_path!r} does not")
    raise NotImplementedError(
        "making modules of .proto files at run time needs the package grpcio-tools, which cannot be installed beside "
        "this one; generate the modules before, with protoc"
    )


def protos(protobuf_path: str) -> types.ModuleType:
    """Not to be had here: the module of messages of a .proto file.

    Args:
      protobuf_path: The file, relative to an entry of `sys.path`.

    Raises:
      NotImplementedError: Always, with what to do instead.
      ValueError: It is not the path of such a file.
    """
    _refuse(protobuf_path)


def services(protobuf_path: str) -> types.ModuleType:
    """Not to be had here: the module of services of a .proto file; see `protos`."""
    _refuse(protobuf_path)


def protos_and_services(protobuf_path: str) -> Tuple[types.ModuleType, types.ModuleType]:
    """Not to be had here: both modules of a .proto file; see `protos`."""
    _refuse(protobuf_path)
