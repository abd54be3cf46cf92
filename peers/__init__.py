"""Other gRPC implementations, run in an environment and processes of their own.

grpcio owns the import name ``grpc``, as this project does, so the two can never share an interpreter. What runs where:

* in the caller's process: ``environment`` (makes and finds the peers' interpreter) and ``process`` (runs one script);
* in a peer's process: ``grpcio_client``, ``grpcio_server``, ``grpclib_client``, ``grpclib_server``, started by path so
  that this folder and not the repository's root is importable there, and ``line_protocol`` which they all speak;
* in both: ``sync_calls`` and ``sync_service``, which use only the public API that grpcio and this project have in
  common and therefore act for whichever ``grpc`` the interpreter finds; ``wire_values``, the JSON form of both.
"""
