"""What a .proto file says of its services, as plain values: names, shapes, messages and comments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, Iterable, List, NamedTuple, Sequence, Tuple

from grpc._codegen import _names, _text

if TYPE_CHECKING:
    from google.protobuf import descriptor_pb2

# Field numbers of descriptor.proto, of which the paths to comments are made.
_FILE_PACKAGE, _FILE_SERVICE, _FILE_SYNTAX, _FILE_EDITION = 2, 6, 12, 14
_SERVICE_METHOD = 2


class UnusableInput(Exception):
    """A file cannot be generated from; the text says why, to whoever wrote the file or called protoc."""


class Message(NamedTuple):
    """A message, by the module that has it and the path of names in it, the outermost message first."""

    module: str
    path: Tuple[str, ...]

    @property
    def expression(self) -> str:
        """The expression for its class, where the module has its alias."""
        found = _names.module_alias(self.module)
        for name in self.path:
            found = _names.attribute(found, name)
        return found

    @property
    def annotation(self) -> str:
        """Its class in an annotation, which cannot name all."""
        words = all(_names.is_word(name) for name in self.path) and _names.is_importable(self.module)
        return self.expression if words else "_t.Any"


class Method(NamedTuple):
    """A method of a service; `word` is its name as far as Python has a word for it, `path` how the wire names it."""

    name: str
    word: str
    path: str
    request: Message
    response: Message
    requests_stream: bool
    responses_stream: bool
    comment: str

    @property
    def shape(self) -> str:
        """Such as `unary_stream`."""
        return "_".join("stream" if many else "unary" for many in (self.requests_stream, self.responses_stream))

    @property
    def argument(self) -> str:
        """What the generated functions call the first argument."""
        return "request_iterator" if self.requests_stream else "request"

    @property
    def attribute(self) -> str:
        """What stubs and servicers have it as: its name, also if that is no word, unless Python would take it amiss."""
        return self.word if _names.is_special(self.name) else self.name

    @property
    def has_two_names(self) -> bool:
        """Whether stubs and servicers have it by a word as well."""
        return self.attribute != self.word


class Service(NamedTuple):
    """A service."""

    name: str
    word: str
    full_name: str
    methods: Sequence[Method]
    comment: str


class File(NamedTuple):
    """A .proto file."""

    name: str
    services: Sequence[Service]
    comment: str

    def modules(self) -> List[str]:
        """The modules of all messages that its methods take and give, sorted."""
        methods = [method for service in self.services for method in service.methods]
        return sorted({message.module for method in methods for message in (method.request, method.response)})


class Messages:
    """All messages that protoc has sent, by full name."""

    def __init__(self, files: Iterable[descriptor_pb2.FileDescriptorProto]) -> None:
        self._found: Dict[str, Message] = {}
        for file in files:
            prefix = f".{file.package}" if file.package else ""
            self._add(file.message_type, _names.module_name(file.name), prefix, ())

    def _add(
        self, messages: Iterable[descriptor_pb2.DescriptorProto], module: str, prefix: str, outer: Tuple[str, ...]
    ) -> None:
        for message in messages:
            name, path = f"{prefix}.{message.name}", (*outer, message.name)
            self._found[name] = Message(module, path)
            self._add(message.nested_type, module, name, path)

    def named(self, full_name: str) -> Message:
        """The message of a name that begins with a dot.

        Raises:
            UnusableInput: There is none.
        """
        try:
            return self._found[full_name]
        except KeyError:
            raise UnusableInput(f"no file that protoc sent has the message {full_name[1:]}") from None


class _Comments:
    """The comments of a file, by the path to what they stand at."""

    def __init__(self, file: descriptor_pb2.FileDescriptorProto) -> None:
        self._found = {
            tuple(place.path): [_text.clean(place.leading_comments), _text.clean(place.trailing_comments)]
            for place in file.source_code_info.location
        }

    def at(self, *path: int) -> str:
        """What stands before a thing and what stands behind it, with a blank line between them."""
        return "\n\n".join(text for text in self._found.get(path, ()) if text)


def _method(
    proto: descriptor_pb2.MethodDescriptorProto, names: Sequence[str], service: str, messages: Messages, comment: str
) -> Method:
    return Method(
        name=proto.name,
        word=_names.python_name(proto.name, names),
        path=f"/{service}/{proto.name}",
        request=messages.named(proto.input_type),
        response=messages.named(proto.output_type),
        requests_stream=proto.client_streaming,
        responses_stream=proto.server_streaming,
        comment=comment,
    )


def read(file: descriptor_pb2.FileDescriptorProto, messages: Messages) -> File:
    """Read what a file says of its services.

    Args:
        file: a `FileDescriptorProto`, with its source code info if there is to be any comment.
        messages: those of this file and of all that it imports.

    Raises:
        UnusableInput: A method speaks of a message that there is not, or a service has a name that cannot be had.
    """
    comments = _Comments(file)
    services: List[Service] = []
    service_names = [service.name for service in file.service]
    for number, service in enumerate(file.service):
        if service.name == "grpc":
            raise UnusableInput(f"{file.name}: a service cannot be called 'grpc', which is the module that it needs")
        full_name = f"{file.package}.{service.name}" if file.package else service.name
        names = [method.name for method in service.method]
        methods = [
            _method(method, names, full_name, messages, comments.at(_FILE_SERVICE, number, _SERVICE_METHOD, place))
            for place, method in enumerate(service.method)
        ]
        word = _names.python_name(service.name, service_names)
        services.append(Service(service.name, word, full_name, methods, comments.at(_FILE_SERVICE, number)))
    about = [comments.at(field) for field in (_FILE_SYNTAX, _FILE_EDITION, _FILE_PACKAGE)]
    return File(file.name, services, "\n\n".join(text for text in about if text))
