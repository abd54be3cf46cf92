"""Message classes from the serialized description of a .proto file, with whichever protobuf is installed.

Each file gets a pool of its own, so that it can stand beside another description of the same names: many projects
bring their own modules of `grpc.testing`.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pool, message_factory


class Described:
    """The messages of one file."""

    def __init__(self, package: str, serialized: bytes) -> None:
        """Read a description.

        Args:
            package: The name before those of the messages.
            serialized: A `FileDescriptorProto`; what it depends on other files for is not there.
        """
        self._package = package
        self._pool = descriptor_pool.DescriptorPool()
        self._pool.AddSerializedFile(serialized)

    def message(self, name: str) -> Any:
        """The class of a message.

        Raises:
            KeyError: The file has no message of that name.
        """
        descriptor = self._pool.FindMessageTypeByName(f"{self._package}.{name}")
        factory: Any = message_factory
        if hasattr(factory, "GetMessageClass"):  # since protobuf 4.22; the other way is gone from 5 on
            return factory.GetMessageClass(descriptor)
        return factory.MessageFactory(self._pool).GetPrototype(descriptor)
