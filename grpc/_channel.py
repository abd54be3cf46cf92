"""The errors of blocking calls by the private names that grpcio gives them, for programs that catch them by those.

Nothing here is new: these are other names of classes of `grpc._modern`. Programs that can choose catch `grpc.RpcError`.
What grpcio keeps in the module of this name besides, such as the state that its errors are made of, is not here: to
make an error for a test, derive from `grpc.RpcError` and `grpc.Call`.
"""

from __future__ import annotations

from grpc._modern import _channel, _errors

Channel = _channel.Channel

# What a blocking call with one response raises.
_InactiveRpcError = _errors.InactiveRpcError

# What `future` and calls with many responses return, and what they raise. There is one kind of them here; grpcio has
# a second one for streams that the caller's own thread drives.
_Rendezvous = _errors.Rendezvous
_MultiThreadedRendezvous = _errors.Rendezvous
_SingleThreadedRendezvous = _errors.Rendezvous
