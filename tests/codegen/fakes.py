"""Channels and servers that note what generated code asks of them, and messages that are no protobuf."""

from __future__ import annotations

import sys
import types
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Tuple

if TYPE_CHECKING:
    import pytest


class Message:
    """A message class as far as stubs and servicers look at one."""

    def SerializeToString(self) -> bytes:
        raise NotImplementedError

    @classmethod
    def FromString(cls, data: bytes) -> Any:
        raise NotImplementedError


class Ask(Message):
    """A request."""


class Answer(Message):
    """A response."""


Noted = Tuple[str, Dict[str, Any]]


class Channel:
    """A channel of today: it takes the mark of generated code."""

    def __init__(self) -> None:
        self.noted: Dict[str, Noted] = {}

    def __getattr__(self, shape: str) -> Callable[..., str]:
        def make(
            method: str, request_serializer: Any, response_deserializer: Any, _registered_method: bool = False
        ) -> str:
            codecs = {"request_serializer": request_serializer, "response_deserializer": response_deserializer}
            self.noted[method] = (shape, {**codecs, "_registered_method": _registered_method})
            return f"calls {method}"

        return make


class OldChannel:
    """A channel from before that mark."""

    def __init__(self) -> None:
        self.methods: List[str] = []

    def unary_unary(self, method: str, request_serializer: Any = None, response_deserializer: Any = None) -> str:
        self.methods.append(method)
        return f"calls {method}"


class OldServer:
    """A server from before registered methods."""

    def __init__(self) -> None:
        self.generic: List[Any] = []

    def add_generic_rpc_handlers(self, handlers: Any) -> None:
        self.generic += handlers


class Server(OldServer):
    """A server of today."""

    def __init__(self) -> None:
        super().__init__()
        self.registered: Dict[str, Dict[str, Any]] = {}

    def add_registered_method_handlers(self, service: str, handlers: Dict[str, Any]) -> None:
        self.registered[service] = handlers


def load(source: str, monkeypatch: pytest.MonkeyPatch, **modules: Any) -> Any:
    """Run generated text as a module; `sample_pb2`, and others if given, are there for it to import."""
    found = {"sample_pb2": types.SimpleNamespace(Ask=Ask, Answer=Answer), **modules}
    for name, module in found.items():
        monkeypatch.setitem(sys.modules, name, module)
    loaded = types.ModuleType("sample_pb2_grpc")
    exec(compile(source, "sample_pb2_grpc.py", "exec"), loaded.__dict__)
    return loaded
