"""An etcd of our own: one member, its data in a folder that goes away with it, on ports that the system chose."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Iterator

from tests.codegen.protoc import PLUGIN
from tests.interop.matrix.children import Child, ChildError

if TYPE_CHECKING:
    from tests.interop.matrix.security import Security

_PROTOS = Path(__file__).resolve().parent / "protos"
# A member elects itself before it serves, which takes a second and the disk's time.
_START_TIMEOUT = 45.0
# With what it says that clients may come, in plaintext and over TLS.
_SERVING = "serving client traffic"


class EtcdUnavailable(Exception):
    """There is no etcd on this machine; the text says what to do."""


def program() -> str:
    """Return where etcd is.

    Raises:
        EtcdUnavailable: nowhere.
    """
    path = shutil.which("etcd")
    if path is None:
        raise EtcdUnavailable("there is no 'etcd' here: on Debian and Ubuntu it is in the package 'etcd-server'")
    return path


def version() -> str:
    """Return its version; errors as ``program``."""
    said = subprocess.run([program(), "--version"], capture_output=True, text=True, timeout=_START_TIMEOUT, check=True)
    return said.stdout.splitlines()[0].rpartition(" ")[2]


@contextlib.contextmanager
def running(security: Security) -> Iterator[int]:
    """Run it during the ``with`` block, which gets the port for clients.

    Raises:
        EtcdUnavailable: there is none.
        ChildError: it did not start.
    """
    scheme = "http" if security is None else "https"
    anywhere = "127.0.0.1:0"
    with tempfile.TemporaryDirectory() as folder:
        flags = {
            "name": "only",
            "data-dir": f"{folder}/data",
            "listen-client-urls": f"{scheme}://{anywhere}",
            "advertise-client-urls": f"{scheme}://{anywhere}",
            "listen-peer-urls": f"http://{anywhere}",
            "initial-advertise-peer-urls": f"http://{anywhere}",
            "initial-cluster": f"only=http://{anywhere}",
            "logger": "zap",
            "log-outputs": "stdout",
        }
        if security is not None:
            flags.update({"cert-file": str(security.cert_file), "key-file": str(security.key_file)})
        with Child([program(), *(f"--{name}={value}" for name, value in flags.items())]) as child:
            yield _port(child)


def _port(child: Child) -> int:
    """Where it listens for clients, as its log tells."""
    for line in child.objects(_START_TIMEOUT):
        if str(line.get("msg", "")).startswith(_SERVING):
            return int(line["address"].rpartition(":")[2])
    raise ChildError(f"etcd ended before it served; on stderr it wrote: {child.close().strip() or '(nothing)'}")


def generate(folder: Path) -> None:
    """Generate the modules for its services into a folder, with our plugin."""
    assert PLUGIN.exists(), f"{PLUGIN} is not there: install this package anew, as README.md says for its tests"
    command = [sys.executable, "-m", "protoc", f"--plugin=protoc-gen-grpc_python={PLUGIN}", f"-I{_PROTOS}"]
    outputs = [f"--python_out={folder}", f"--grpc_python_out={folder}"]
    files = sorted(path.name for path in _PROTOS.glob("*.proto"))
    subprocess.run([*command, *outputs, *files], check=True, timeout=_START_TIMEOUT, stdin=subprocess.DEVNULL)
