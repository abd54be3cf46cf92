# Made by protoc-gen-grpc_python of layered-grpc. protoc will overwrite it: change the .proto file.
"""The services of grpc/interop/protos/test.proto."""

import abc as _abc
import typing as _t

import grpc
import grpc.aio

from grpc.interop.protos import messages_pb2 as grpc_dot_interop_dot_protos_dot_messages__pb2

_Request = _t.TypeVar("_Request")
_Response = _t.TypeVar("_Response")

class _Future(grpc.Future, _t.Generic[_Response], metaclass=_abc.ABCMeta):
    def result(self, timeout: _t.Optional[float] = ...) -> _Response: ...
    def initial_metadata(self) -> _t.Any: ...
    def trailing_metadata(self) -> _t.Any: ...
    def code(self) -> grpc.StatusCode: ...
    def details(self) -> str: ...

class _Responses(grpc.Call, _t.Generic[_Response], metaclass=_abc.ABCMeta):
    def __iter__(self) -> _t.Iterator[_Response]: ...
    def __next__(self) -> _Response: ...

class _AioUnaryStreamCall(grpc.aio.UnaryStreamCall[_Request, _Response], metaclass=_abc.ABCMeta):
    def __aiter__(self) -> _t.AsyncIterator[_Response]: ...

class _AioStreamStreamCall(grpc.aio.StreamStreamCall[_Request, _Response], metaclass=_abc.ABCMeta):
    def __aiter__(self) -> _t.AsyncIterator[_Response]: ...

class _UnaryUnary(grpc.UnaryUnaryMultiCallable, _t.Generic[_Request, _Response]):
    def __call__(
        self,
        request: _Request,
        timeout: _t.Optional[float] = ...,
        metadata: _t.Any = ...,
        credentials: _t.Optional[grpc.CallCredentials] = ...,
        wait_for_ready: _t.Optional[bool] = ...,
        compression: _t.Optional[grpc.Compression] = ...,
    ) -> _Response: ...
    def with_call(
        self,
        request: _Request,
        timeout: _t.Optional[float] = ...,
        metadata: _t.Any = ...,
        credentials: _t.Optional[grpc.CallCredentials] = ...,
        wait_for_ready: _t.Optional[bool] = ...,
        compression: _t.Optional[grpc.Compression] = ...,
    ) -> _t.Tuple[_Response, grpc.Call]: ...
    def future(
        self,
        request: _Request,
        timeout: _t.Optional[float] = ...,
        metadata: _t.Any = ...,
        credentials: _t.Optional[grpc.CallCredentials] = ...,
        wait_for_ready: _t.Optional[bool] = ...,
        compression: _t.Optional[grpc.Compression] = ...,
    ) -> _Future[_Response]: ...

class _AioUnaryUnary(grpc.aio.UnaryUnaryMultiCallable, _t.Generic[_Request, _Response]):
    def __call__(
        self,
        request: _Request,
        *,
        timeout: _t.Optional[float] = ...,
        metadata: _t.Any = ...,
        credentials: _t.Optional[grpc.CallCredentials] = ...,
        wait_for_ready: _t.Optional[bool] = ...,
        compression: _t.Optional[grpc.Compression] = ...,
    ) -> grpc.aio.UnaryUnaryCall[_Request, _Response]: ...

class _UnaryStream(grpc.UnaryStreamMultiCallable, _t.Generic[_Request, _Response]):
    def __call__(
        self,
        request: _Request,
        timeout: _t.Optional[float] = ...,
        metadata: _t.Any = ...,
        credentials: _t.Optional[grpc.CallCredentials] = ...,
        wait_for_ready: _t.Optional[bool] = ...,
        compression: _t.Optional[grpc.Compression] = ...,
    ) -> _Responses[_Response]: ...

class _AioUnaryStream(grpc.aio.UnaryStreamMultiCallable, _t.Generic[_Request, _Response]):
    def __call__(
        self,
        request: _Request,
        *,
        timeout: _t.Optional[float] = ...,
        metadata: _t.Any = ...,
        credentials: _t.Optional[grpc.CallCredentials] = ...,
        wait_for_ready: _t.Optional[bool] = ...,
        compression: _t.Optional[grpc.Compression] = ...,
    ) -> _AioUnaryStreamCall[_Request, _Response]: ...

class _StreamUnary(grpc.StreamUnaryMultiCallable, _t.Generic[_Request, _Response]):
    def __call__(
        self,
        request_iterator: _t.Iterator[_Request],
        timeout: _t.Optional[float] = ...,
        metadata: _t.Any = ...,
        credentials: _t.Optional[grpc.CallCredentials] = ...,
        wait_for_ready: _t.Optional[bool] = ...,
        compression: _t.Optional[grpc.Compression] = ...,
    ) -> _Response: ...
    def with_call(
        self,
        request_iterator: _t.Iterator[_Request],
        timeout: _t.Optional[float] = ...,
        metadata: _t.Any = ...,
        credentials: _t.Optional[grpc.CallCredentials] = ...,
        wait_for_ready: _t.Optional[bool] = ...,
        compression: _t.Optional[grpc.Compression] = ...,
    ) -> _t.Tuple[_Response, grpc.Call]: ...
    def future(
        self,
        request_iterator: _t.Iterator[_Request],
        timeout: _t.Optional[float] = ...,
        metadata: _t.Any = ...,
        credentials: _t.Optional[grpc.CallCredentials] = ...,
        wait_for_ready: _t.Optional[bool] = ...,
        compression: _t.Optional[grpc.Compression] = ...,
    ) -> _Future[_Response]: ...

class _AioStreamUnary(grpc.aio.StreamUnaryMultiCallable, _t.Generic[_Request, _Response]):
    def __call__(
        self,
        request_iterator: _t.Union[_t.AsyncIterable[_Request], _t.Iterable[_Request], None] = ...,
        timeout: _t.Optional[float] = ...,
        metadata: _t.Any = ...,
        credentials: _t.Optional[grpc.CallCredentials] = ...,
        wait_for_ready: _t.Optional[bool] = ...,
        compression: _t.Optional[grpc.Compression] = ...,
    ) -> grpc.aio.StreamUnaryCall[_Request, _Response]: ...

class _StreamStream(grpc.StreamStreamMultiCallable, _t.Generic[_Request, _Response]):
    def __call__(
        self,
        request_iterator: _t.Iterator[_Request],
        timeout: _t.Optional[float] = ...,
        metadata: _t.Any = ...,
        credentials: _t.Optional[grpc.CallCredentials] = ...,
        wait_for_ready: _t.Optional[bool] = ...,
        compression: _t.Optional[grpc.Compression] = ...,
    ) -> _Responses[_Response]: ...

class _AioStreamStream(grpc.aio.StreamStreamMultiCallable, _t.Generic[_Request, _Response]):
    def __call__(
        self,
        request_iterator: _t.Union[_t.AsyncIterable[_Request], _t.Iterable[_Request], None] = ...,
        timeout: _t.Optional[float] = ...,
        metadata: _t.Any = ...,
        credentials: _t.Optional[grpc.CallCredentials] = ...,
        wait_for_ready: _t.Optional[bool] = ...,
        compression: _t.Optional[grpc.Compression] = ...,
    ) -> _AioStreamStreamCall[_Request, _Response]: ...

class TestServiceStub:
    @_t.overload
    def __new__(cls, channel: grpc.Channel) -> TestServiceStub: ...
    @_t.overload
    def __new__(cls, channel: grpc.aio.Channel) -> _TestServiceAioStub: ...
    EmptyCall: _UnaryUnary[grpc_dot_interop_dot_protos_dot_messages__pb2.Empty, grpc_dot_interop_dot_protos_dot_messages__pb2.Empty]
    UnaryCall: _UnaryUnary[grpc_dot_interop_dot_protos_dot_messages__pb2.SimpleRequest, grpc_dot_interop_dot_protos_dot_messages__pb2.SimpleResponse]
    CacheableUnaryCall: _UnaryUnary[grpc_dot_interop_dot_protos_dot_messages__pb2.SimpleRequest, grpc_dot_interop_dot_protos_dot_messages__pb2.SimpleResponse]
    StreamingOutputCall: _UnaryStream[grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallRequest, grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallResponse]
    StreamingInputCall: _StreamUnary[grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingInputCallRequest, grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingInputCallResponse]
    FullDuplexCall: _StreamStream[grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallRequest, grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallResponse]
    HalfDuplexCall: _StreamStream[grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallRequest, grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallResponse]
    UnimplementedCall: _UnaryUnary[grpc_dot_interop_dot_protos_dot_messages__pb2.Empty, grpc_dot_interop_dot_protos_dot_messages__pb2.Empty]

class _TestServiceAioStub(TestServiceStub):
    EmptyCall: _AioUnaryUnary[grpc_dot_interop_dot_protos_dot_messages__pb2.Empty, grpc_dot_interop_dot_protos_dot_messages__pb2.Empty]  # type: ignore[assignment]
    UnaryCall: _AioUnaryUnary[grpc_dot_interop_dot_protos_dot_messages__pb2.SimpleRequest, grpc_dot_interop_dot_protos_dot_messages__pb2.SimpleResponse]  # type: ignore[assignment]
    CacheableUnaryCall: _AioUnaryUnary[grpc_dot_interop_dot_protos_dot_messages__pb2.SimpleRequest, grpc_dot_interop_dot_protos_dot_messages__pb2.SimpleResponse]  # type: ignore[assignment]
    StreamingOutputCall: _AioUnaryStream[grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallRequest, grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallResponse]  # type: ignore[assignment]
    StreamingInputCall: _AioStreamUnary[grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingInputCallRequest, grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingInputCallResponse]  # type: ignore[assignment]
    FullDuplexCall: _AioStreamStream[grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallRequest, grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallResponse]  # type: ignore[assignment]
    HalfDuplexCall: _AioStreamStream[grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallRequest, grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallResponse]  # type: ignore[assignment]
    UnimplementedCall: _AioUnaryUnary[grpc_dot_interop_dot_protos_dot_messages__pb2.Empty, grpc_dot_interop_dot_protos_dot_messages__pb2.Empty]  # type: ignore[assignment]

class TestServiceServicer:
    def EmptyCall(self, request: grpc_dot_interop_dot_protos_dot_messages__pb2.Empty, context: _t.Any) -> _t.Union[grpc_dot_interop_dot_protos_dot_messages__pb2.Empty, _t.Awaitable[grpc_dot_interop_dot_protos_dot_messages__pb2.Empty]]: ...
    def UnaryCall(self, request: grpc_dot_interop_dot_protos_dot_messages__pb2.SimpleRequest, context: _t.Any) -> _t.Union[grpc_dot_interop_dot_protos_dot_messages__pb2.SimpleResponse, _t.Awaitable[grpc_dot_interop_dot_protos_dot_messages__pb2.SimpleResponse]]: ...
    def CacheableUnaryCall(self, request: grpc_dot_interop_dot_protos_dot_messages__pb2.SimpleRequest, context: _t.Any) -> _t.Union[grpc_dot_interop_dot_protos_dot_messages__pb2.SimpleResponse, _t.Awaitable[grpc_dot_interop_dot_protos_dot_messages__pb2.SimpleResponse]]: ...
    def StreamingOutputCall(self, request: grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallRequest, context: _t.Any) -> _t.Union[_t.Iterator[grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallResponse], _t.AsyncIterator[grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallResponse], _t.Awaitable[None]]: ...
    def StreamingInputCall(self, request_iterator: _t.Any, context: _t.Any) -> _t.Union[grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingInputCallResponse, _t.Awaitable[grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingInputCallResponse]]: ...
    def FullDuplexCall(self, request_iterator: _t.Any, context: _t.Any) -> _t.Union[_t.Iterator[grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallResponse], _t.AsyncIterator[grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallResponse], _t.Awaitable[None]]: ...
    def HalfDuplexCall(self, request_iterator: _t.Any, context: _t.Any) -> _t.Union[_t.Iterator[grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallResponse], _t.AsyncIterator[grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallResponse], _t.Awaitable[None]]: ...
    def UnimplementedCall(self, request: grpc_dot_interop_dot_protos_dot_messages__pb2.Empty, context: _t.Any) -> _t.Union[grpc_dot_interop_dot_protos_dot_messages__pb2.Empty, _t.Awaitable[grpc_dot_interop_dot_protos_dot_messages__pb2.Empty]]: ...

def add_TestServiceServicer_to_server(
    servicer: TestServiceServicer, server: _t.Union[grpc.Server, grpc.aio.Server]
) -> None: ...

class TestService:
    @staticmethod
    def EmptyCall(
        request: grpc_dot_interop_dot_protos_dot_messages__pb2.Empty,
        target: str,
        options: _t.Sequence[_t.Tuple[str, _t.Any]] = ...,
        channel_credentials: _t.Optional[grpc.ChannelCredentials] = ...,
        call_credentials: _t.Optional[grpc.CallCredentials] = ...,
        insecure: bool = ...,
        compression: _t.Optional[grpc.Compression] = ...,
        wait_for_ready: _t.Optional[bool] = ...,
        timeout: _t.Optional[float] = ...,
        metadata: _t.Any = ...,
    ) -> grpc_dot_interop_dot_protos_dot_messages__pb2.Empty: ...
    @staticmethod
    def UnaryCall(
        request: grpc_dot_interop_dot_protos_dot_messages__pb2.SimpleRequest,
        target: str,
        options: _t.Sequence[_t.Tuple[str, _t.Any]] = ...,
        channel_credentials: _t.Optional[grpc.ChannelCredentials] = ...,
        call_credentials: _t.Optional[grpc.CallCredentials] = ...,
        insecure: bool = ...,
        compression: _t.Optional[grpc.Compression] = ...,
        wait_for_ready: _t.Optional[bool] = ...,
        timeout: _t.Optional[float] = ...,
        metadata: _t.Any = ...,
    ) -> grpc_dot_interop_dot_protos_dot_messages__pb2.SimpleResponse: ...
    @staticmethod
    def CacheableUnaryCall(
        request: grpc_dot_interop_dot_protos_dot_messages__pb2.SimpleRequest,
        target: str,
        options: _t.Sequence[_t.Tuple[str, _t.Any]] = ...,
        channel_credentials: _t.Optional[grpc.ChannelCredentials] = ...,
        call_credentials: _t.Optional[grpc.CallCredentials] = ...,
        insecure: bool = ...,
        compression: _t.Optional[grpc.Compression] = ...,
        wait_for_ready: _t.Optional[bool] = ...,
        timeout: _t.Optional[float] = ...,
        metadata: _t.Any = ...,
    ) -> grpc_dot_interop_dot_protos_dot_messages__pb2.SimpleResponse: ...
    @staticmethod
    def StreamingOutputCall(
        request: grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallRequest,
        target: str,
        options: _t.Sequence[_t.Tuple[str, _t.Any]] = ...,
        channel_credentials: _t.Optional[grpc.ChannelCredentials] = ...,
        call_credentials: _t.Optional[grpc.CallCredentials] = ...,
        insecure: bool = ...,
        compression: _t.Optional[grpc.Compression] = ...,
        wait_for_ready: _t.Optional[bool] = ...,
        timeout: _t.Optional[float] = ...,
        metadata: _t.Any = ...,
    ) -> _Responses[grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallResponse]: ...
    @staticmethod
    def StreamingInputCall(
        request_iterator: _t.Iterator[grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingInputCallRequest],
        target: str,
        options: _t.Sequence[_t.Tuple[str, _t.Any]] = ...,
        channel_credentials: _t.Optional[grpc.ChannelCredentials] = ...,
        call_credentials: _t.Optional[grpc.CallCredentials] = ...,
        insecure: bool = ...,
        compression: _t.Optional[grpc.Compression] = ...,
        wait_for_ready: _t.Optional[bool] = ...,
        timeout: _t.Optional[float] = ...,
        metadata: _t.Any = ...,
    ) -> grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingInputCallResponse: ...
    @staticmethod
    def FullDuplexCall(
        request_iterator: _t.Iterator[grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallRequest],
        target: str,
        options: _t.Sequence[_t.Tuple[str, _t.Any]] = ...,
        channel_credentials: _t.Optional[grpc.ChannelCredentials] = ...,
        call_credentials: _t.Optional[grpc.CallCredentials] = ...,
        insecure: bool = ...,
        compression: _t.Optional[grpc.Compression] = ...,
        wait_for_ready: _t.Optional[bool] = ...,
        timeout: _t.Optional[float] = ...,
        metadata: _t.Any = ...,
    ) -> _Responses[grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallResponse]: ...
    @staticmethod
    def HalfDuplexCall(
        request_iterator: _t.Iterator[grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallRequest],
        target: str,
        options: _t.Sequence[_t.Tuple[str, _t.Any]] = ...,
        channel_credentials: _t.Optional[grpc.ChannelCredentials] = ...,
        call_credentials: _t.Optional[grpc.CallCredentials] = ...,
        insecure: bool = ...,
        compression: _t.Optional[grpc.Compression] = ...,
        wait_for_ready: _t.Optional[bool] = ...,
        timeout: _t.Optional[float] = ...,
        metadata: _t.Any = ...,
    ) -> _Responses[grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallResponse]: ...
    @staticmethod
    def UnimplementedCall(
        request: grpc_dot_interop_dot_protos_dot_messages__pb2.Empty,
        target: str,
        options: _t.Sequence[_t.Tuple[str, _t.Any]] = ...,
        channel_credentials: _t.Optional[grpc.ChannelCredentials] = ...,
        call_credentials: _t.Optional[grpc.CallCredentials] = ...,
        insecure: bool = ...,
        compression: _t.Optional[grpc.Compression] = ...,
        wait_for_ready: _t.Optional[bool] = ...,
        timeout: _t.Optional[float] = ...,
        metadata: _t.Any = ...,
    ) -> grpc_dot_interop_dot_protos_dot_messages__pb2.Empty: ...

class UnimplementedServiceStub:
    @_t.overload
    def __new__(cls, channel: grpc.Channel) -> UnimplementedServiceStub: ...
    @_t.overload
    def __new__(cls, channel: grpc.aio.Channel) -> _UnimplementedServiceAioStub: ...
    UnimplementedCall: _UnaryUnary[grpc_dot_interop_dot_protos_dot_messages__pb2.Empty, grpc_dot_interop_dot_protos_dot_messages__pb2.Empty]

class _UnimplementedServiceAioStub(UnimplementedServiceStub):
    UnimplementedCall: _AioUnaryUnary[grpc_dot_interop_dot_protos_dot_messages__pb2.Empty, grpc_dot_interop_dot_protos_dot_messages__pb2.Empty]  # type: ignore[assignment]

class UnimplementedServiceServicer:
    def UnimplementedCall(self, request: grpc_dot_interop_dot_protos_dot_messages__pb2.Empty, context: _t.Any) -> _t.Union[grpc_dot_interop_dot_protos_dot_messages__pb2.Empty, _t.Awaitable[grpc_dot_interop_dot_protos_dot_messages__pb2.Empty]]: ...

def add_UnimplementedServiceServicer_to_server(
    servicer: UnimplementedServiceServicer, server: _t.Union[grpc.Server, grpc.aio.Server]
) -> None: ...

class UnimplementedService:
    @staticmethod
    def UnimplementedCall(
        request: grpc_dot_interop_dot_protos_dot_messages__pb2.Empty,
        target: str,
        options: _t.Sequence[_t.Tuple[str, _t.Any]] = ...,
        channel_credentials: _t.Optional[grpc.ChannelCredentials] = ...,
        call_credentials: _t.Optional[grpc.CallCredentials] = ...,
        insecure: bool = ...,
        compression: _t.Optional[grpc.Compression] = ...,
        wait_for_ready: _t.Optional[bool] = ...,
        timeout: _t.Optional[float] = ...,
        metadata: _t.Any = ...,
    ) -> grpc_dot_interop_dot_protos_dot_messages__pb2.Empty: ...
