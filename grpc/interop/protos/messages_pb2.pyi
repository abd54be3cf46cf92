# Made by tests/interop_cases/regenerate.py, which will overwrite it: change the .proto file.
"""The messages of grpc/interop/protos/messages.proto."""

from typing import Iterable, Optional, Sequence

from google.protobuf.message import Message

class Empty(Message):
    def __init__(
        self,
    ) -> None: ...

class BoolValue(Message):
    value: bool
    def __init__(
        self,
        *,
        value: Optional[bool] = ...,
    ) -> None: ...

class Payload(Message):
    type: int
    body: bytes
    def __init__(
        self,
        *,
        type: Optional[int] = ...,
        body: Optional[bytes] = ...,
    ) -> None: ...

class EchoStatus(Message):
    code: int
    message: str
    def __init__(
        self,
        *,
        code: Optional[int] = ...,
        message: Optional[str] = ...,
    ) -> None: ...

class SimpleRequest(Message):
    response_type: int
    response_size: int
    payload: Payload
    fill_username: bool
    fill_oauth_scope: bool
    response_compressed: BoolValue
    response_status: EchoStatus
    expect_compressed: BoolValue
    fill_server_id: bool
    fill_grpclb_route_type: bool
    def __init__(
        self,
        *,
        response_type: Optional[int] = ...,
        response_size: Optional[int] = ...,
        payload: Optional[Payload] = ...,
        fill_username: Optional[bool] = ...,
        fill_oauth_scope: Optional[bool] = ...,
        response_compressed: Optional[BoolValue] = ...,
        response_status: Optional[EchoStatus] = ...,
        expect_compressed: Optional[BoolValue] = ...,
        fill_server_id: Optional[bool] = ...,
        fill_grpclb_route_type: Optional[bool] = ...,
    ) -> None: ...

class SimpleResponse(Message):
    payload: Payload
    username: str
    oauth_scope: str
    def __init__(
        self,
        *,
        payload: Optional[Payload] = ...,
        username: Optional[str] = ...,
        oauth_scope: Optional[str] = ...,
    ) -> None: ...

class StreamingInputCallRequest(Message):
    payload: Payload
    expect_compressed: BoolValue
    def __init__(
        self,
        *,
        payload: Optional[Payload] = ...,
        expect_compressed: Optional[BoolValue] = ...,
    ) -> None: ...

class StreamingInputCallResponse(Message):
    aggregated_payload_size: int
    def __init__(
        self,
        *,
        aggregated_payload_size: Optional[int] = ...,
    ) -> None: ...

class ResponseParameters(Message):
    size: int
    interval_us: int
    compressed: BoolValue
    def __init__(
        self,
        *,
        size: Optional[int] = ...,
        interval_us: Optional[int] = ...,
        compressed: Optional[BoolValue] = ...,
    ) -> None: ...

class StreamingOutputCallRequest(Message):
    response_type: int
    response_parameters: Sequence[ResponseParameters]
    payload: Payload
    response_status: EchoStatus
    def __init__(
        self,
        *,
        response_type: Optional[int] = ...,
        response_parameters: Iterable[ResponseParameters] = ...,
        payload: Optional[Payload] = ...,
        response_status: Optional[EchoStatus] = ...,
    ) -> None: ...

class StreamingOutputCallResponse(Message):
    payload: Payload
    def __init__(
        self,
        *,
        payload: Optional[Payload] = ...,
    ) -> None: ...
