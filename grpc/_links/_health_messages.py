"""The two messages of `grpc.health.v1.Health/Watch` as bytes, written and read by hand.

    message HealthCheckRequest { string service = 1; }
    message HealthCheckResponse { ServingStatus status = 1; }

They are all that the links ever need of protocol buffers' encoding, which is little for so small messages: a field is a
varint of its number and the kind of its value, and then the value. Fields that are not known are passed over.
"""

from __future__ import annotations

from typing import Dict, Tuple

SERVING = 1

_NAMES: Dict[int, str] = {0: "UNKNOWN", SERVING: "SERVING", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}

# Kinds of values: what stands in the last three bits of a field's first number.
_VARINT = 0
_FIXED_64 = 1
_BYTES = 2
_GROUP = 3
_GROUP_END = 4
_FIXED_32 = 5

_FIXED = {_FIXED_64: 8, _FIXED_32: 4}

_STATUS = 1

# A varint has seven bits a byte, and 64 bits at the most.
_LONGEST_VARINT = 10
_MOST_OF_A_TAG = 2**32 - 1
# As many groups as may lie one in another; more than that other readers refuse, too.
_DEEPEST = 100


class GarbledError(ValueError):
    """Bytes are no message; the text says where they cease to be one."""


def encode_request(service: str) -> bytes:
    """The request for a service's health; for the server's as a whole if the name is empty."""
    name = service.encode("utf-8")
    return b"\x0a" + _encode_varint(len(name)) + name if name else b""


def decode_response(data: bytes) -> int:
    """The number of the status in a response.

    Raises:
      GarbledError: It is none.
    """
    number = 0
    position = 0
    while position < len(data):
        field, kind, position = _read_tag(data, position)
        if field == _STATUS and kind == _VARINT:
            value, position = _read_varint(data, position)
            number = value & 0xFFFFFFFF
        else:
            position = _skip(data, position, field, kind, 0)
    return number


def status_name(number: int) -> str:
    """What a status is called; for a number that has no name, the number."""
    return _NAMES.get(number, f"status {number}")


def _encode_varint(value: int) -> bytes:
    data = bytearray()
    while value > 0x7F:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    data.append(value)
    return bytes(data)


def _read_varint(data: bytes, position: int) -> Tuple[int, int]:
    """A number, and where what follows it begins."""
    value = 0
    for index, byte in enumerate(data[position : position + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, position + index + 1
    raise GarbledError(f"there is no number at byte {position} of {len(data)}")


def _read_tag(data: bytes, position: int) -> Tuple[int, int, int]:
    """The number of a field, the kind of its value, and where the value begins."""
    tag, after = _read_varint(data, position)
    if not 8 <= tag <= _MOST_OF_A_TAG:
        raise GarbledError(f"there is no field at byte {position} of {len(data)}")
    return tag >> 3, tag & 7, after


def _skip(data: bytes, position: int, field: int, kind: int, depth: int) -> int:
    """Where what follows a value begins."""
    if kind == _VARINT:
        return _read_varint(data, position)[1]
    if kind == _GROUP and depth < _DEEPEST:
        while True:
            inner, inner_kind, position = _read_tag(data, position)
            if inner_kind == _GROUP_END and inner == field:
                return position
            position = _skip(data, position, inner, inner_kind, depth + 1)
    if kind == _BYTES:
        size, position = _read_varint(data, position)
    elif kind in _FIXED:
        size = _FIXED[kind]
    else:
        raise GarbledError(f"there is no value at byte {position} of {len(data)}")
    if size > len(data) - position:
        raise GarbledError(f"the value at byte {position} is longer than the rest of {len(data)}")
    return position + size
