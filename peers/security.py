"""The credentials and compression that orders name, for whichever ``grpc`` is at hand.

Security is None, or PEM texts: ``roots`` (whom to believe), ``key`` and ``chain`` (who one is). A server that is given
roots demands that its clients say who they are.
"""

from __future__ import annotations

from typing import Any, Dict, Optional

import grpc

Security = Optional[Dict[str, str]]


def compression(name: Optional[str]) -> Optional[grpc.Compression]:
    """The one of this name, such as ``Gzip``."""
    return None if name is None else grpc.Compression[name]


def add_port(server: Any, address: str, security: Security) -> int:
    """Make a server, blocking or asynchronous, listen."""
    if security is None:
        return int(server.add_insecure_port(address))
    roots = _pem(security, "roots")
    pair = (_pem(security, "key"), _pem(security, "chain"))
    credentials = grpc.ssl_server_credentials([pair], roots, require_client_auth=roots is not None)
    return int(server.add_secure_port(address, credentials))


def channel(module: Any, spec: Dict[str, Any]) -> Any:
    """A channel of ``grpc`` or ``grpc.aio`` as an order describes it."""
    settings = {
        "options": [tuple(option) for option in spec["options"]],
        "compression": compression(spec["compression"]),
    }
    security = spec["security"]
    if security is None:
        return module.insecure_channel(spec["target"], **settings)
    credentials = grpc.ssl_channel_credentials(*(_pem(security, name) for name in ("roots", "key", "chain")))
    return module.secure_channel(spec["target"], credentials, **settings)


def _pem(security: Dict[str, str], name: str) -> Optional[bytes]:
    text = security.get(name)
    return None if text is None else text.encode()
