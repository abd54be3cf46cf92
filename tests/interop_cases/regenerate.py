"""What protoc, our plugin and a few lines of our own make of the .proto files in `grpc/interop/protos/`.

`python -m tests.interop_cases.regenerate` writes it into that folder, after a change of a .proto file.
"""

from __future__ import annotations

import pathlib
import subprocess
import sys
import tempfile
from typing import Dict, Iterator

from google.protobuf import descriptor_pb2

from tests.codegen import protoc

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROTOS = ROOT / "grpc" / "interop" / "protos"

_FROM = PROTOS.relative_to(ROOT).as_posix()
_OPENING = (
    "# Made by tests/interop_cases/regenerate.py, which will overwrite it: change the .proto file.\n"
    f'"""The messages of {_FROM}/messages.proto."""\n\n'
)
_BYTES_A_LINE = 24

_FIELD = descriptor_pb2.FieldDescriptorProto
_TYPES = {
    _FIELD.TYPE_BOOL: "bool",
    _FIELD.TYPE_INT32: "int",
    _FIELD.TYPE_STRING: "str",
    _FIELD.TYPE_BYTES: "bytes",
    _FIELD.TYPE_ENUM: "int",
}


def _literal(data: bytes) -> Iterator[str]:
    """Lines of a bytes literal."""
    for start in range(0, len(data), _BYTES_A_LINE):
        escaped = "".join(f"\\x{byte:02x}" for byte in data[start : start + _BYTES_A_LINE])
        yield f'    b"{escaped}"'


def _module(file: descriptor_pb2.FileDescriptorProto) -> str:
    lines = [
        "from grpc.interop.protos import _descriptions",
        "",
        "_DESCRIBED = _descriptions.Described(",
        f'    "{file.package}",',
        *_literal(file.SerializeToString(deterministic=True)),
        ")",
        "",
        *(f'{message.name} = _DESCRIBED.message("{message.name}")' for message in file.message_type),
    ]
    return _OPENING + "\n".join(lines) + "\n"


def _type(field: descriptor_pb2.FieldDescriptorProto) -> str:
    return field.type_name.rpartition(".")[2] if field.type == _FIELD.TYPE_MESSAGE else _TYPES[field.type]


def _class(message: descriptor_pb2.DescriptorProto) -> Iterator[str]:
    yield f"class {message.name}(Message):"
    for field in message.field:
        many = field.label == _FIELD.LABEL_REPEATED
        yield f"    {field.name}: {f'Sequence[{_type(field)}]' if many else _type(field)}"
    yield "    def __init__("
    yield "        self,"
    if message.field:
        yield "        *,"
    for field in message.field:
        many = field.label == _FIELD.LABEL_REPEATED
        yield f"        {field.name}: {f'Iterable[{_type(field)}]' if many else f'Optional[{_type(field)}]'} = ...,"
    yield "    ) -> None: ..."
    yield ""


def _types(file: descriptor_pb2.FileDescriptorProto) -> str:
    lines = ["from typing import Iterable, Optional, Sequence", "", "from google.protobuf.message import Message", ""]
    for message in file.message_type:
        lines.extend(_class(message))
    return _OPENING + "\n".join(lines)


def generated() -> Dict[str, str]:
    """The texts of all modules that are made, by their file names."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder)
        command = [
            *(sys.executable, "-m", "protoc"),
            f"--plugin=protoc-gen-grpc_python={protoc.PLUGIN}",
            f"-I{ROOT}",
            f"--descriptor_set_out={out / 'set'}",
            f"--grpc_python_out={out}",
            "--grpc_python_opt=pyi",
            *(f"{_FROM}/{name}.proto" for name in ("messages", "test")),
        ]
        subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=True, timeout=60)
        described = descriptor_pb2.FileDescriptorSet.FromString((out / "set").read_bytes())
        (messages,) = (file for file in described.file if file.name.endswith("/messages.proto"))
        stubs = {path.name: path.read_text(encoding="utf-8") for path in (out / _FROM).glob("test_pb2_grpc.py*")}
    return {"messages_pb2.py": _module(messages), "messages_pb2.pyi": _types(messages), **stubs}


def main() -> None:
    """Write all of it."""
    for name, text in generated().items():
        (PROTOS / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
