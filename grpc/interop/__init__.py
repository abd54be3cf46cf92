"""The interop test cases that every gRPC implementation knows, as a client and a server.

`python -m grpc.interop client` and `python -m grpc.interop server` run them, on the blocking or the asynchronous API.
All of it uses only what this package and grpcio have in common, so grpcio's interpreter runs the very same modules when
it is given `grpc/interop/__main__.py` by its path.

`_command` reads the command lines; `_flags` says what can stand there. `_rules` holds what both APIs agree about:
values, checks, and how a case ends. `_sync_cases`, `_sync_lasting`, `_aio_cases` and `_aio_lasting` are the cases,
`_sync_service` and `_aio_service` the servers that they call, and `_seeing` is how compression is seen. `protos` holds
the messages and the stubs.
"""
