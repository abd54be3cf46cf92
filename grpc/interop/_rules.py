"""What the test cases of both APIs agree about: values, checks, and how a case ends."""

from __future__ import annotations

import contextlib
import json
import random
import sys
import time
import traceback
from typing import Any, Callable, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import grpc
from grpc.interop.protos import messages_pb2 as messages

LARGE_REQUEST = 271828
LARGE_RESPONSE = 314159
REQUEST_SIZES = (27182, 8, 1828, 45904)
RESPONSE_SIZES = (31415, 9, 2653, 58979)
COMPRESSED_REQUEST_SIZES = (27182, 45904)  # the first of them compressed, the second not
COMPRESSED_RESPONSE_SIZES = (31415, 92653)  # likewise

ECHO_INITIAL = "x-grpc-test-echo-initial"
ECHO_TRAILING = "x-grpc-test-echo-trailing-bin"
ECHOED = ((ECHO_INITIAL, "test_initial_metadata_value"), (ECHO_TRAILING, b"\xab\xab\xab"))

# The address of a user, which tells a caching proxy that it may answer in the server's place.
CACHEABLE = (("x-user-ip", "1.2.3.4"),)
CACHE_CONTROL = ("cache-control", "max-age=60, public")

STATUS_CODE = grpc.StatusCode.UNKNOWN
STATUS_TEXT = "test status message"
SPECIAL_TEXT = "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n"

UNIMPLEMENTED_TEXT = "no server has this method"

SHORT_TIMEOUT = 0.001
TIMEOUT = 30.0
"""Seconds for a call that should succeed: no case hangs, and a busy machine passes."""

PASSED, FAILED, NOT_RUN = "passed", "failed", "not_run"


class Failed(Exception):
    """Something came out otherwise than the case demands; the text says what."""


class NotRun(Exception):
    """A case cannot be tried here; the text says why."""


class Result(NamedTuple):
    """How a case ended.

    Attributes:
        case: Its name.
        result: `passed`, `failed` or `not_run`.
        why: The reason, if it did not pass.
        seconds: How long it took.
    """

    case: str
    result: str
    why: Optional[str]
    seconds: float

    def line(self) -> str:
        """One line of JSON."""
        return json.dumps({**self._asdict(), "seconds": round(self.seconds, 4)})


@contextlib.contextmanager
def judged(case: str, tell: Callable[[Result], None]) -> Iterator[None]:
    """Run a case in the `with` block, and tell how it ended. No error of the case gets out of the block."""
    begin = time.monotonic()
    result, why = PASSED, None
    try:
        yield
    except NotRun as reason:
        result, why = NOT_RUN, str(reason)
    except Failed as reason:
        result, why = FAILED, str(reason)
    except Exception as error:  # the library's own errors are what is looked for
        traceback.print_exc(file=sys.stderr)
        result, why = FAILED, _described(error)
    tell(Result(case, result, why, time.monotonic() - begin))


def _described(error: Exception) -> str:
    if isinstance(error, grpc.RpcError):
        code, details = status(error)
        return f"a call ended with {code.name}: {details}"
    return f"{type(error).__name__}: {error}"


# ------------------------------------------------------------ checks


def check(holds: bool, otherwise: str) -> None:
    """Go on only if something holds.

    Raises:
        Failed: It does not.
    """
    if not holds:
        raise Failed(otherwise)


def check_equal(what: str, found: object, wanted: object) -> None:
    """Compare.

    Raises:
        Failed: The two differ.
    """
    check(found == wanted, f"{what} should be {wanted!r}, and is {found!r}")


def check_body(response: Any, size: int) -> None:
    """Check the payload of a response: as long as was asked for, and nothing but zeros.

    Raises:
        Failed: It is another one.
    """
    check_equal("the payload's type", response.payload.type, 0)
    check_equal("the payload's size", len(response.payload.body), size)
    check(not any(response.payload.body), "the payload should consist of zeros")


def check_bodies(responses: Sequence[Any], sizes: Sequence[int]) -> None:
    """Check the payloads of all responses of a call.

    Raises:
        Failed: They are not as many, or one of them is another one.
    """
    check_equal("the number of responses", len(responses), len(sizes))
    for response, size in zip(responses, sizes):
        check_body(response, size)


def check_cacheable(initial: Iterable[Any]) -> None:
    """Check that a response says that it may be kept.

    Raises:
        Failed: It does not.
    """
    found = [pair[1] for pair in initial if pair[0] == CACHE_CONTROL[0]]
    check(any("max-age" in str(value) for value in found), f"cache-control should give a max-age, and is {found}")


def check_cached(bodies: Sequence[bytes], caching_proxy: bool) -> None:
    """Check that the second of two responses is the first one, kept.

    Raises:
        NotRun: It is another one, and nobody has said that there is a proxy that keeps them.
        Failed: It is another one, although there is.
    """
    if bodies[0] != bodies[1] and not caching_proxy:
        raise NotRun("no proxy that keeps responses stands before the server; --caching_proxy says that one does")
    check_equal("the second response", bodies[1], bodies[0])


def check_echoed(initial: Iterable[Any], trailing: Iterable[Any]) -> None:
    """Check that metadata came back, one item as initial and one as trailing metadata.

    Raises:
        Failed: One did not.
    """
    for kind, metadata, (key, value) in zip(("initial", "trailing"), (initial, trailing), ECHOED):
        found = [pair[1] for pair in metadata if pair[0] == key]
        check_equal(f"what {kind} metadata have for {key}", found, [value])


def status(error: Any) -> Tuple[grpc.StatusCode, str]:
    """Code and text of a failed call: what a call raises is a call as well, though its class does not say so."""
    return error.code(), error.details() or ""


def check_status(found: Tuple[grpc.StatusCode, str], code: grpc.StatusCode, text: Optional[str] = None) -> None:
    """Check how a call ended; any text will do where None is given.

    Raises:
        Failed: It ended otherwise.
    """
    check(found[0] is code, f"the status should be {code.name}, and is {found[0].name}: {found[1]}")
    if text is not None:
        check_equal("the status text", found[1], text)


def check_refused(found: Tuple[grpc.StatusCode, str]) -> None:
    """Check what a server says to a message that is not compressed, although it says that it is.

    Raises:
        NotRun: The server says that it cannot know.
        Failed: It says anything else than INVALID_ARGUMENT.
    """
    if found[0] is grpc.StatusCode.UNIMPLEMENTED:
        raise NotRun(f"the server does not check compression: {found[1]}")
    check_status(found, grpc.StatusCode.INVALID_ARGUMENT)


def code_of(number: int) -> grpc.StatusCode:
    """The status code of a number; UNKNOWN for a number that has none."""
    return next((code for code in grpc.StatusCode if code.value[0] == number), grpc.StatusCode.UNKNOWN)


def compression(compressed: bool) -> grpc.Compression:
    """What a service chooses for responses that should come compressed, or should not."""
    return grpc.Compression.Gzip if compressed else grpc.Compression.NoCompression


def should_have_failed() -> Failed:
    """The error for a call that succeeded against its rule."""
    return Failed("the call should have failed, and ended with OK")


# ------------------------------------------------------------ requests


def zeros(size: int) -> messages.Payload:
    """A payload that compresses well."""
    return messages.Payload(body=bytes(size))


def noise(size: int) -> messages.Payload:
    """A payload that no compression makes smaller: implementations send it plain, always the same one."""
    return messages.Payload(body=random.Random(size).getrandbits(8 * size).to_bytes(size, "big"))


def cacheable_request() -> messages.SimpleRequest:
    """Another one each time that this is called."""
    return messages.SimpleRequest(payload=messages.Payload(body=str(time.time_ns()).encode()))


def flag(value: bool) -> messages.BoolValue:
    """A bool that is there."""
    return messages.BoolValue(value=value)


def large_request(
    compressed: Optional[bool] = None, response_compressed: Optional[bool] = None
) -> messages.SimpleRequest:
    """A request, and for a response, that are longer than the windows which a connection begins with.

    Args:
        compressed: Whether the server should find it compressed; None if that does not matter.
        response_compressed: Whether the response should come compressed; None likewise.
    """
    return messages.SimpleRequest(
        response_size=LARGE_RESPONSE,
        payload=zeros(LARGE_REQUEST),
        expect_compressed=None if compressed is None else flag(compressed),
        response_compressed=None if response_compressed is None else flag(response_compressed),
    )


def input_request(size: int, compressed: Optional[bool] = None) -> messages.StreamingInputCallRequest:
    """One of many requests; see `large_request`."""
    if compressed is None:
        return messages.StreamingInputCallRequest(payload=zeros(size))
    return messages.StreamingInputCallRequest(
        payload=zeros(size) if compressed else noise(size), expect_compressed=flag(compressed)
    )


def output_request(
    sizes: Iterable[int], payload: int = 0, compressed: Iterable[bool] = ()
) -> messages.StreamingOutputCallRequest:
    """A request for responses of some sizes, and perhaps for the compression of each."""
    parameters: List[messages.ResponseParameters] = [messages.ResponseParameters(size=size) for size in sizes]
    for parameter, wanted in zip(parameters, compressed):
        parameter.compressed.CopyFrom(flag(wanted))
    return messages.StreamingOutputCallRequest(response_parameters=parameters, payload=zeros(payload))


def status_wanted(text: str) -> messages.EchoStatus:
    """What makes a server end a call with the status of the cases about that."""
    return messages.EchoStatus(code=STATUS_CODE.value[0], message=text)
