"""An nginx of our own, its files in a folder that goes away with it, on a port that the system chose."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Iterator

from tests.interop.matrix import security as securities
from tests.interop.matrix.children import Child

if TYPE_CHECKING:
    from tests.interop.matrix.security import Security

# Requests on a connection before nginx retires it.
REQUESTS = 30

_LOOPBACK = "127.0.0.1"
_START_TIMEOUT = 30.0

# All of its files lie in its folder. Buffers and limits are nginx's own but for two: a request, which is all requests
# of a stream together, may be as long as it likes; and a connection is retired early, so that clients have to move on
# amid a case. More calls than twice that at the same time would fail: what went unserved twice is not tried a third
# time. The process that serves is a child of the one that is started, as nginx 1.22 crashes when one is to do both and
# is given its socket.
_CONFIGURATION = """\
{user}
daemon off;
pid nginx.pid;
error_log stderr warn;
events {{
    worker_connections 1024;
}}
http {{
    access_log off;
    keepalive_requests {requests};
    client_max_body_size 0;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {{
        {listen}
        location / {{
            {pass_on}
        }}
    }}
}}
"""


class NginxUnavailable(Exception):
    """There is no nginx on this machine; the text says what to do."""


def program() -> str:
    """Return where nginx is; it is often not on the path of those who are not root.

    Raises:
        NginxUnavailable: nowhere.
    """
    path = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if path is None:
        raise NginxUnavailable("there is no 'nginx' here: on Debian and Ubuntu it is in the package 'nginx'")
    return path


def version() -> str:
    """Return its version; errors as ``program``."""
    said = subprocess.run([program(), "-v"], capture_output=True, text=True, timeout=_START_TIMEOUT, check=True)
    return said.stderr.strip().rpartition("/")[2]


def configuration(port: int, server_port: int, security: Security) -> str:
    """The configuration of one that listens on a port and passes on to a server.

    With TLS both of its connections are: it shows the server's certificate, and believes the server's only if it is for
    the right name.
    """
    if security is None:
        listen = f"listen {_LOOPBACK}:{port} http2;"
        pass_on = f"grpc_pass grpc://{_LOOPBACK}:{server_port};"
    else:
        listen = f"""\
listen {_LOOPBACK}:{port} http2 ssl;
        ssl_certificate {security.cert_file};
        ssl_certificate_key {security.key_file};"""
        pass_on = f"""\
grpc_pass grpcs://{_LOOPBACK}:{server_port};
            grpc_ssl_trusted_certificate {security.ca_file};
            grpc_ssl_verify on;
            grpc_ssl_server_name on;
            grpc_ssl_name {securities.SERVER_NAME};"""
    # Root's nginx would serve as somebody else, whom our folder is closed to; others may not name a user.
    user = "user root;" if os.geteuid() == 0 else ""
    return _CONFIGURATION.format(user=user, requests=REQUESTS, listen=listen, pass_on=pass_on)


@contextlib.contextmanager
def running(server_port: int, security: Security) -> Iterator[int]:
    """Run one in front of a server during the ``with`` block, which gets its port.

    Raises:
        NginxUnavailable: there is none.
        ChildError: it did not start.
    """
    # nginx takes no port 0. It takes listening sockets, though, from an older one that hands over to it; so this is
    # that older one.
    with socket.create_server((_LOOPBACK, 0)) as listener, tempfile.TemporaryDirectory() as folder:
        port = int(listener.getsockname()[1])
        (Path(folder) / "nginx.conf").write_text(configuration(port, server_port, security), encoding="utf-8")
        command = [program(), "-e", "stderr", "-p", folder, "-c", "nginx.conf"]
        variables = {"NGINX": f"{listener.fileno()};"}
        with Child(command, variables, [listener.fileno()]) as child:
            listener.close()  # or clients would wait here if nginx died
            _await(Path(folder) / "nginx.pid", child)
            yield port


def _await(pid_file: Path, child: Child) -> None:
    """Wait until nginx has read its configuration; it writes its number when it has."""
    deadline = time.monotonic() + _START_TIMEOUT
    while not pid_file.exists():
        child.check()
        if time.monotonic() > deadline:
            raise child.failure(f"did not start within {_START_TIMEOUT:g} s")
        time.sleep(0.01)
