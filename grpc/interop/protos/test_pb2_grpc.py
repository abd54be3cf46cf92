# Made by protoc-gen-grpc_python of layered-grpc. protoc will overwrite it: change the .proto file.
"""The services of grpc/interop/protos/test.proto."""

import inspect as _inspect

import grpc
import grpc.experimental

from grpc.interop.protos import messages_pb2 as grpc_dot_interop_dot_protos_dot_messages__pb2


def _known(maker):
    """What a maker of calls can be told about generated code: older ones cannot be told anything."""
    try:
        parameters = _inspect.signature(maker).parameters
    except (TypeError, ValueError):
        return {}
    return {"_registered_method": True} if "_registered_method" in parameters else {}


_KNOWN = _known(grpc.experimental.unary_unary)


class TestServiceStub:
    """What the test cases call."""

    def __init__(self, channel):
        """Make a stub.

        Args:
            channel: A grpc.Channel, or a grpc.aio.Channel for calls to await.
        """
        known = _known(channel.unary_unary)
        self.EmptyCall = channel.unary_unary(
            "/grpc.testing.TestService/EmptyCall",
            request_serializer=grpc_dot_interop_dot_protos_dot_messages__pb2.Empty.SerializeToString,
            response_deserializer=grpc_dot_interop_dot_protos_dot_messages__pb2.Empty.FromString,
            **known,
        )
        self.UnaryCall = channel.unary_unary(
            "/grpc.testing.TestService/UnaryCall",
            request_serializer=grpc_dot_interop_dot_protos_dot_messages__pb2.SimpleRequest.SerializeToString,
            response_deserializer=grpc_dot_interop_dot_protos_dot_messages__pb2.SimpleResponse.FromString,
            **known,
        )
        self.CacheableUnaryCall = channel.unary_unary(
            "/grpc.testing.TestService/CacheableUnaryCall",
            request_serializer=grpc_dot_interop_dot_protos_dot_messages__pb2.SimpleRequest.SerializeToString,
            response_deserializer=grpc_dot_interop_dot_protos_dot_messages__pb2.SimpleResponse.FromString,
            **known,
        )
        self.StreamingOutputCall = channel.unary_stream(
            "/grpc.testing.TestService/StreamingOutputCall",
            request_serializer=grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallRequest.SerializeToString,
            response_deserializer=grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallResponse.FromString,
            **known,
        )
        self.StreamingInputCall = channel.stream_unary(
            "/grpc.testing.TestService/StreamingInputCall",
            request_serializer=grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingInputCallRequest.SerializeToString,
            response_deserializer=grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingInputCallResponse.FromString,
            **known,
        )
        self.FullDuplexCall = channel.stream_stream(
            "/grpc.testing.TestService/FullDuplexCall",
            request_serializer=grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallRequest.SerializeToString,
            response_deserializer=grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallResponse.FromString,
            **known,
        )
        self.HalfDuplexCall = channel.stream_stream(
            "/grpc.testing.TestService/HalfDuplexCall",
            request_serializer=grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallRequest.SerializeToString,
            response_deserializer=grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallResponse.FromString,
            **known,
        )
        self.UnimplementedCall = channel.unary_unary(
            "/grpc.testing.TestService/UnimplementedCall",
            request_serializer=grpc_dot_interop_dot_protos_dot_messages__pb2.Empty.SerializeToString,
            response_deserializer=grpc_dot_interop_dot_protos_dot_messages__pb2.Empty.FromString,
            **known,
        )


class TestServiceServicer:
    """What the test cases call."""

    def EmptyCall(self, request, context):
        """Nothing for nothing."""
        context.set_code(grpc.StatusCode.UNIMPLEMENTED)
        context.set_details("Method not implemented!")
        raise NotImplementedError("Method not implemented!")

    def UnaryCall(self, request, context):
        """One response, as the request describes it."""
        context.set_code(grpc.StatusCode.UNIMPLEMENTED)
        context.set_details("Method not implemented!")
        raise NotImplementedError("Method not implemented!")

    def CacheableUnaryCall(self, request, context):
        """One response, another one each time, which says that it may be kept and given again."""
        context.set_code(grpc.StatusCode.UNIMPLEMENTED)
        context.set_details("Method not implemented!")
        raise NotImplementedError("Method not implemented!")

    def StreamingOutputCall(self, request, context):
        """The responses that the request describes."""
        context.set_code(grpc.StatusCode.UNIMPLEMENTED)
        context.set_details("Method not implemented!")
        raise NotImplementedError("Method not implemented!")

    def StreamingInputCall(self, request_iterator, context):
        """How many bytes the requests brought."""
        context.set_code(grpc.StatusCode.UNIMPLEMENTED)
        context.set_details("Method not implemented!")
        raise NotImplementedError("Method not implemented!")

    def FullDuplexCall(self, request_iterator, context):
        """The responses that each request describes, as soon as it comes."""
        context.set_code(grpc.StatusCode.UNIMPLEMENTED)
        context.set_details("Method not implemented!")
        raise NotImplementedError("Method not implemented!")

    def HalfDuplexCall(self, request_iterator, context):
        """The same, but after the last request."""
        context.set_code(grpc.StatusCode.UNIMPLEMENTED)
        context.set_details("Method not implemented!")
        raise NotImplementedError("Method not implemented!")

    def UnimplementedCall(self, request, context):
        """Known to clients; no server has it."""
        context.set_code(grpc.StatusCode.UNIMPLEMENTED)
        context.set_details("Method not implemented!")
        raise NotImplementedError("Method not implemented!")


def add_TestServiceServicer_to_server(servicer, server):
    """Have a server answer the calls for grpc.testing.TestService by a servicer's methods."""
    handlers = {}
    handlers["EmptyCall"] = grpc.unary_unary_rpc_method_handler(
        servicer.EmptyCall,
        request_deserializer=grpc_dot_interop_dot_protos_dot_messages__pb2.Empty.FromString,
        response_serializer=grpc_dot_interop_dot_protos_dot_messages__pb2.Empty.SerializeToString,
    )
    handlers["UnaryCall"] = grpc.unary_unary_rpc_method_handler(
        servicer.UnaryCall,
        request_deserializer=grpc_dot_interop_dot_protos_dot_messages__pb2.SimpleRequest.FromString,
        response_serializer=grpc_dot_interop_dot_protos_dot_messages__pb2.SimpleResponse.SerializeToString,
    )
    handlers["CacheableUnaryCall"] = grpc.unary_unary_rpc_method_handler(
        servicer.CacheableUnaryCall,
        request_deserializer=grpc_dot_interop_dot_protos_dot_messages__pb2.SimpleRequest.FromString,
        response_serializer=grpc_dot_interop_dot_protos_dot_messages__pb2.SimpleResponse.SerializeToString,
    )
    handlers["StreamingOutputCall"] = grpc.unary_stream_rpc_method_handler(
        servicer.StreamingOutputCall,
        request_deserializer=grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallRequest.FromString,
        response_serializer=grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallResponse.SerializeToString,
    )
    handlers["StreamingInputCall"] = grpc.stream_unary_rpc_method_handler(
        servicer.StreamingInputCall,
        request_deserializer=grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingInputCallRequest.FromString,
        response_serializer=grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingInputCallResponse.SerializeToString,
    )
    handlers["FullDuplexCall"] = grpc.stream_stream_rpc_method_handler(
        servicer.FullDuplexCall,
        request_deserializer=grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallRequest.FromString,
        response_serializer=grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallResponse.SerializeToString,
    )
    handlers["HalfDuplexCall"] = grpc.stream_stream_rpc_method_handler(
        servicer.HalfDuplexCall,
        request_deserializer=grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallRequest.FromString,
        response_serializer=grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallResponse.SerializeToString,
    )
    handlers["UnimplementedCall"] = grpc.unary_unary_rpc_method_handler(
        servicer.UnimplementedCall,
        request_deserializer=grpc_dot_interop_dot_protos_dot_messages__pb2.Empty.FromString,
        response_serializer=grpc_dot_interop_dot_protos_dot_messages__pb2.Empty.SerializeToString,
    )
    generic_handler = grpc.method_handlers_generic_handler("grpc.testing.TestService", handlers)
    server.add_generic_rpc_handlers((generic_handler,))
    if hasattr(server, "add_registered_method_handlers"):
        server.add_registered_method_handlers("grpc.testing.TestService", handlers)


class TestService:
    """What the test cases call."""

    @staticmethod
    def EmptyCall(
        request,
        target,
        options=(),
        channel_credentials=None,
        call_credentials=None,
        insecure=False,
        compression=None,
        wait_for_ready=None,
        timeout=None,
        metadata=None,
    ):
        """Nothing for nothing."""
        return grpc.experimental.unary_unary(
            request,
            target,
            "/grpc.testing.TestService/EmptyCall",
            request_serializer=grpc_dot_interop_dot_protos_dot_messages__pb2.Empty.SerializeToString,
            response_deserializer=grpc_dot_interop_dot_protos_dot_messages__pb2.Empty.FromString,
            options=options,
            channel_credentials=channel_credentials,
            call_credentials=call_credentials,
            insecure=insecure,
            compression=compression,
            wait_for_ready=wait_for_ready,
            timeout=timeout,
            metadata=metadata,
            **_KNOWN,
        )

    @staticmethod
    def UnaryCall(
        request,
        target,
        options=(),
        channel_credentials=None,
        call_credentials=None,
        insecure=False,
        compression=None,
        wait_for_ready=None,
        timeout=None,
        metadata=None,
    ):
        """One response, as the request describes it."""
        return grpc.experimental.unary_unary(
            request,
            target,
            "/grpc.testing.TestService/UnaryCall",
            request_serializer=grpc_dot_interop_dot_protos_dot_messages__pb2.SimpleRequest.SerializeToString,
            response_deserializer=grpc_dot_interop_dot_protos_dot_messages__pb2.SimpleResponse.FromString,
            options=options,
            channel_credentials=channel_credentials,
            call_credentials=call_credentials,
            insecure=insecure,
            compression=compression,
            wait_for_ready=wait_for_ready,
            timeout=timeout,
            metadata=metadata,
            **_KNOWN,
        )

    @staticmethod
    def CacheableUnaryCall(
        request,
        target,
        options=(),
        channel_credentials=None,
        call_credentials=None,
        insecure=False,
        compression=None,
        wait_for_ready=None,
        timeout=None,
        metadata=None,
    ):
        """One response, another one each time, which says that it may be kept and given again."""
        return grpc.experimental.unary_unary(
            request,
            target,
            "/grpc.testing.TestService/CacheableUnaryCall",
            request_serializer=grpc_dot_interop_dot_protos_dot_messages__pb2.SimpleRequest.SerializeToString,
            response_deserializer=grpc_dot_interop_dot_protos_dot_messages__pb2.SimpleResponse.FromString,
            options=options,
            channel_credentials=channel_credentials,
            call_credentials=call_credentials,
            insecure=insecure,
            compression=compression,
            wait_for_ready=wait_for_ready,
            timeout=timeout,
            metadata=metadata,
            **_KNOWN,
        )

    @staticmethod
    def StreamingOutputCall(
        request,
        target,
        options=(),
        channel_credentials=None,
        call_credentials=None,
        insecure=False,
        compression=None,
        wait_for_ready=None,
        timeout=None,
        metadata=None,
    ):
        """The responses that the request describes."""
        return grpc.experimental.unary_stream(
            request,
            target,
            "/grpc.testing.TestService/StreamingOutputCall",
            request_serializer=grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallRequest.SerializeToString,
            response_deserializer=grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallResponse.FromString,
            options=options,
            channel_credentials=channel_credentials,
            call_credentials=call_credentials,
            insecure=insecure,
            compression=compression,
            wait_for_ready=wait_for_ready,
            timeout=timeout,
            metadata=metadata,
            **_KNOWN,
        )

    @staticmethod
    def StreamingInputCall(
        request_iterator,
        target,
        options=(),
        channel_credentials=None,
        call_credentials=None,
        insecure=False,
        compression=None,
        wait_for_ready=None,
        timeout=None,
        metadata=None,
    ):
        """How many bytes the requests brought."""
        return grpc.experimental.stream_unary(
            request_iterator,
            target,
            "/grpc.testing.TestService/StreamingInputCall",
            request_serializer=grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingInputCallRequest.SerializeToString,
            response_deserializer=grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingInputCallResponse.FromString,
            options=options,
            channel_credentials=channel_credentials,
            call_credentials=call_credentials,
            insecure=insecure,
            compression=compression,
            wait_for_ready=wait_for_ready,
            timeout=timeout,
            metadata=metadata,
            **_KNOWN,
        )

    @staticmethod
    def FullDuplexCall(
        request_iterator,
        target,
        options=(),
        channel_credentials=None,
        call_credentials=None,
        insecure=False,
        compression=None,
        wait_for_ready=None,
        timeout=None,
        metadata=None,
    ):
        """The responses that each request describes, as soon as it comes."""
        return grpc.experimental.stream_stream(
            request_iterator,
            target,
            "/grpc.testing.TestService/FullDuplexCall",
            request_serializer=grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallRequest.SerializeToString,
            response_deserializer=grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallResponse.FromString,
            options=options,
            channel_credentials=channel_credentials,
            call_credentials=call_credentials,
            insecure=insecure,
            compression=compression,
            wait_for_ready=wait_for_ready,
            timeout=timeout,
            metadata=metadata,
            **_KNOWN,
        )

    @staticmethod
    def HalfDuplexCall(
        request_iterator,
        target,
        options=(),
        channel_credentials=None,
        call_credentials=None,
        insecure=False,
        compression=None,
        wait_for_ready=None,
        timeout=None,
        metadata=None,
    ):
        """The same, but after the last request."""
        return grpc.experimental.stream_stream(
            request_iterator,
            target,
            "/grpc.testing.TestService/HalfDuplexCall",
            request_serializer=grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallRequest.SerializeToString,
            response_deserializer=grpc_dot_interop_dot_protos_dot_messages__pb2.StreamingOutputCallResponse.FromString,
            options=options,
            channel_credentials=channel_credentials,
            call_credentials=call_credentials,
            insecure=insecure,
            compression=compression,
            wait_for_ready=wait_for_ready,
            timeout=timeout,
            metadata=metadata,
            **_KNOWN,
        )

    @staticmethod
    def UnimplementedCall(
        request,
        target,
        options=(),
        channel_credentials=None,
        call_credentials=None,
        insecure=False,
        compression=None,
        wait_for_ready=None,
        timeout=None,
        metadata=None,
    ):
        """Known to clients; no server has it."""
        return grpc.experimental.unary_unary(
            request,
            target,
            "/grpc.testing.TestService/UnimplementedCall",
            request_serializer=grpc_dot_interop_dot_protos_dot_messages__pb2.Empty.SerializeToString,
            response_deserializer=grpc_dot_interop_dot_protos_dot_messages__pb2.Empty.FromString,
            options=options,
            channel_credentials=channel_credentials,
            call_credentials=call_credentials,
            insecure=insecure,
            compression=compression,
            wait_for_ready=wait_for_ready,
            timeout=timeout,
            metadata=metadata,
            **_KNOWN,
        )


class UnimplementedServiceStub:
    """Known to clients; no server has it."""

    def __init__(self, channel):
        """Make a stub.

        Args:
            channel: A grpc.Channel, or a grpc.aio.Channel for calls to await.
        """
        known = _known(channel.unary_unary)
        self.UnimplementedCall = channel.unary_unary(
            "/grpc.testing.UnimplementedService/UnimplementedCall",
            request_serializer=grpc_dot_interop_dot_protos_dot_messages__pb2.Empty.SerializeToString,
            response_deserializer=grpc_dot_interop_dot_protos_dot_messages__pb2.Empty.FromString,
            **known,
        )


class UnimplementedServiceServicer:
    """Known to clients; no server has it."""

    def UnimplementedCall(self, request, context):
        context.set_code(grpc.StatusCode.UNIMPLEMENTED)
        context.set_details("Method not implemented!")
        raise NotImplementedError("Method not implemented!")


def add_UnimplementedServiceServicer_to_server(servicer, server):
    """Have a server answer the calls for grpc.testing.UnimplementedService by a servicer's methods."""
    handlers = {}
    handlers["UnimplementedCall"] = grpc.unary_unary_rpc_method_handler(
        servicer.UnimplementedCall,
        request_deserializer=grpc_dot_interop_dot_protos_dot_messages__pb2.Empty.FromString,
        response_serializer=grpc_dot_interop_dot_protos_dot_messages__pb2.Empty.SerializeToString,
    )
    generic_handler = grpc.method_handlers_generic_handler("grpc.testing.UnimplementedService", handlers)
    server.add_generic_rpc_handlers((generic_handler,))
    if hasattr(server, "add_registered_method_handlers"):
        server.add_registered_method_handlers("grpc.testing.UnimplementedService", handlers)


class UnimplementedService:
    """Known to clients; no server has it."""

    @staticmethod
    def UnimplementedCall(
        request,
        target,
        options=(),
        channel_credentials=None,
        call_credentials=None,
        insecure=False,
        compression=None,
        wait_for_ready=None,
        timeout=None,
        metadata=None,
    ):
        return grpc.experimental.unary_unary(
            request,
            target,
            "/grpc.testing.UnimplementedService/UnimplementedCall",
            request_serializer=grpc_dot_interop_dot_protos_dot_messages__pb2.Empty.SerializeToString,
            response_deserializer=grpc_dot_interop_dot_protos_dot_messages__pb2.Empty.FromString,
            options=options,
            channel_credentials=channel_credentials,
            call_credentials=call_credentials,
            insecure=insecure,
            compression=compression,
            wait_for_ready=wait_for_ready,
            timeout=timeout,
            metadata=metadata,
            **_KNOWN,
        )
