"""grpcio-testing: its channel and server, which stand in for ours in the tests of stubs and servicers."""

from __future__ import annotations

from concurrent import futures

import grpc_testing
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

import grpc

_SERVICE = health_pb2.DESCRIPTOR.services_by_name["Health"]
_CHECK = _SERVICE.methods_by_name["Check"]
_ASKED = health_pb2.HealthCheckRequest(service="bakery")
_SERVING = health_pb2.HealthCheckResponse(status=health_pb2.HealthCheckResponse.SERVING)


def a_servicer() -> None:
    """Call a servicer without any server."""
    servicer = health.HealthServicer()
    servicer.set("bakery", _SERVING.status)
    server = grpc_testing.server_from_dictionary({_SERVICE: servicer}, grpc_testing.strict_real_time())
    call = server.invoke_unary_unary(_CHECK, (), _ASKED, 20)
    response, _, code, _ = call.termination()
    assert response == _SERVING
    assert code is grpc.StatusCode.OK


def a_stub() -> None:
    """Answer a stub without any channel."""
    channel = grpc_testing.channel([_SERVICE], grpc_testing.strict_real_time())
    with futures.ThreadPoolExecutor(max_workers=1) as pool:
        answer = pool.submit(health_pb2_grpc.HealthStub(channel).Check, _ASKED)
        _, request, call = channel.take_unary_unary(_CHECK)
        assert request == _ASKED
        call.terminate(_SERVING, (), grpc.StatusCode.OK, "")
        assert answer.result(20) == _SERVING


if __name__ == "__main__":
    a_servicer()
    a_stub()
