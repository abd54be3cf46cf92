"""Other gRPC implementations, run in an environment and processes of their own.

grpcio owns the import name ``grpc``, as this project does, so the two can never share an interpreter. What runs where:

* in the caller's process: ``environment`` (makes and finds the peers' interpreter) and ``process`` (runs one script);
* in a peer's process, started by path so that this folder and not the repository's root is importable there:
  ``grpcio_client``, ``grpcio_server``, ``grpclib_client`` and ``grpclib_server`` for plain unary calls;
  ``grpcio_side``, ``grpcio_aio_side`` and ``grpclib_side``, each client and server at once, for calls that go step by
  step; ``grpcio_generated`` for generated code; and ``line_protocol``, which they all speak;
* in both, for whichever ``grpc`` the interpreter finds, as they use only what grpcio and this project have in common:
  ``sync_calls`` and ``sync_service``; ``sync_script`` and ``sync_steps``, ``aio_script`` and ``aio_steps``, which are
  the servers and the clients of a side, with ``loops``, ``calls_log`` and ``security``;
* what they tell one another: ``wire_values``; ``script_values`` (the steps that a server takes, as its requests say)
  and ``sides`` (the orders that a side obeys).
"""
