"""The layers of docs/layers.md, kept by reading every import under `grpc/`.

The tables say who may import what; `violations` judges one source text by them. It reads the text and runs nothing, so
imports inside functions, in branches never taken and under TYPE_CHECKING count like any other. The second half of the
file looks at what importing the modules does: it may start nothing, and what they export must be there.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
import pathlib
import subprocess
import sys
from typing import Collection, Iterator

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent

# ------------------------------------------------------------ the layers, as data

FOUNDATION = "grpc.framework.foundation"
COMMON = "grpc.framework.common"
VALUES = "grpc._values"
LINKS_CONTRACT = "grpc.framework.interfaces.links"
BASE_CONTRACT = "grpc.framework.interfaces.base"
FACE_CONTRACT = "grpc.framework.interfaces.face"
CORE = "grpc.framework.core"
CRUST = "grpc.framework.crust"
DRIVERS = "grpc._io"
DRIVER_CONTRACT = "grpc._io.contract"
HTTP2_LINKS = "grpc._links"
ASSEMBLY = "grpc._assembly"
MODERN = "grpc._modern"
MODERN_AIO = "grpc._modern.aio"
BETA = "grpc.beta"
TOP = (
    "grpc",
    "grpc.__main__",
    "grpc._channel",
    "grpc._collision",
    "grpc._demo",
    "grpc._interceptor",
    "grpc.aio",
    "grpc._utilities",
    "grpc.experimental",
)
# A tool that protoc starts. It stands beside the layers: it imports none of them, and none of them imports it.
CODEGEN = "grpc._codegen"
MIGRATE = "grpc._migrate"
# A client and a server like those that users write, which grpcio's interpreter runs as well.
INTEROP = "grpc.interop"
# A number and nothing else: anybody may name it.
VERSION = "grpc._version"

LOWEST = (FOUNDATION, COMMON, VALUES)
CONTRACTS = (LINKS_CONTRACT, BASE_CONTRACT, FACE_CONTRACT)

# A place, which is a module with all that lies beneath it -> the places it may import, apart from itself.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "grpc.framework": (),
    "grpc.framework.interfaces": (),
    FOUNDATION: (),
    COMMON: (),
    VALUES: (FOUNDATION, COMMON),
    LINKS_CONTRACT: LOWEST,
    BASE_CONTRACT: LOWEST,
    FACE_CONTRACT: LOWEST,
    CORE: (BASE_CONTRACT, LINKS_CONTRACT, *LOWEST),
    CRUST: (FACE_CONTRACT, BASE_CONTRACT, *LOWEST),
    DRIVERS: LOWEST,
    HTTP2_LINKS: (LINKS_CONTRACT, DRIVER_CONTRACT, *LOWEST),
    ASSEMBLY: (CORE, CRUST, HTTP2_LINKS, DRIVERS, *CONTRACTS, *LOWEST),
    MODERN: (FACE_CONTRACT, ASSEMBLY, VERSION, *LOWEST),
    BETA: (FACE_CONTRACT, ASSEMBLY, VERSION, *LOWEST),
    VERSION: (),
    CODEGEN: (),
    MIGRATE: (),  # reads sources of others, and nothing of ours
    INTEROP: ("grpc", "grpc.aio", "grpc.experimental"),  # the names that grpcio has too
    **dict.fromkeys(TOP, (MODERN, VALUES, BETA, VERSION, *TOP)),
    "grpc.__main__": (MIGRATE, VERSION, *TOP),
    "grpc._demo": (BETA, COMMON, FACE_CONTRACT, VERSION, *TOP),  # what an application of the beta era imports as well
}

# Packages that only hold the packages of layers: what stands here for them is about their `__init__.py` alone.
ALONE = {"grpc", "grpc.framework", "grpc.framework.interfaces"}

# Modules that are not ours and belong to few places. Any other third-party module belongs to none.
ONLY_IN: dict[str, tuple[str, ...]] = {
    "h2": (HTTP2_LINKS,),
    "hpack": (HTTP2_LINKS,),
    "hyperframe": (HTTP2_LINKS,),
    "google": ("grpc._demo", CODEGEN, INTEROP),  # messages are the user's: the library never looks inside one
    "dns": ("grpc._io.text_records",),  # an optional extra, see below
    "gevent": ("grpc.experimental.gevent",),  # in a function that users of gevent call, who have it
    "socket": (DRIVERS,),
    "selectors": (DRIVERS,),
    "select": (DRIVERS,),
    "ssl": (DRIVERS,),
    "asyncio": (DRIVERS, MODERN_AIO, "grpc._demo", INTEROP),
    "time": (FOUNDATION, DRIVERS, ASSEMBLY, MODERN, BETA, "grpc._demo", INTEROP),  # layers between are handed a clock
}


def _lies_in(module: str, place: str) -> bool:
    return module == place or (place not in ALONE and module.startswith(place + "."))


def _place_of(module: str) -> str | None:
    return max((place for place in MAY_IMPORT if _lies_in(module, place)), key=len, default=None)


def _is_standard(module: str) -> bool:
    names = getattr(sys, "stdlib_module_names", None)  # since Python 3.10
    if names is not None:
        return module in names
    spec = importlib.util.find_spec(module)
    return spec is not None and "site-packages" not in (spec.origin or "site-packages")


# ------------------------------------------------------------ reading a source text


def _absolute(package: str, level: int, name: str) -> str:
    """What a relative import in a module of `package` names."""
    if level == 0:
        return name
    above = package.split(".")[: len(package.split(".")) - (level - 1)]
    return ".".join([*above, name] if name else above)


def _dynamic(node: ast.Call, package: str) -> Iterator[str]:
    """`importlib.import_module("...")` and `__import__("...")`, as far as the name is written out."""
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if called in {"import_module", "__import__"} and node.args and isinstance(node.args[0], ast.Constant):
        name = str(node.args[0].value)
        yield _absolute(package, len(name) - len(name.lstrip(".")), name.lstrip("."))


def _imports(package: str, source: str, known: Collection[str]) -> Iterator[tuple[int, str]]:
    """Line and full name of each module that `source` imports; `known` tells our modules from their attributes."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            origin = _absolute(package, node.level, node.module or "")
            for alias in node.names:
                name = f"{origin}.{alias.name}"
                yield node.lineno, name if name in known else origin
        elif isinstance(node, ast.Call):
            for name in _dynamic(node, package):
                yield node.lineno, name


def _allowed(module: str, place: str, imported: str) -> bool:
    root = imported.split(".")[0]
    if root == "grpc":
        return any(_lies_in(imported, other) for other in (place, *MAY_IMPORT[place]))
    if root in ONLY_IN:
        return any(_lies_in(module, other) for other in ONLY_IN[root])
    return _is_standard(root)


def violations(module: str, source: str, known: Collection[str], *, is_package: bool = False) -> list[str]:
    """What in the text of `module` breaks the tables above, one line for each."""
    place = _place_of(module)
    if place is None:
        return [f"{module} belongs to no layer: give it a row in MAY_IMPORT"]
    package = module if is_package else module.rpartition(".")[0]
    return [
        f"{module}:{line} imports {imported}, which {place} may not"
        for line, imported in _imports(package, source, known)
        if not _allowed(module, place, imported)
    ]


# ------------------------------------------------------------ our sources keep to the layers


def _sources() -> dict[str, pathlib.Path]:
    """Every module of ours by its full name."""
    found = {}
    for path in sorted((ROOT / "grpc").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def test_every_import_keeps_to_the_layers() -> None:
    sources = _sources()
    found = [
        line
        for module, path in sources.items()
        for line in violations(module, path.read_text(encoding="utf-8"), sources, is_package=path.name == "__init__.py")
    ]
    assert found == []


# ------------------------------------------------------------ the judge itself

_KNOWN = {*MAY_IMPORT, DRIVER_CONTRACT, "grpc._io.threads", MODERN_AIO, "grpc.framework.core._operation"}


@pytest.mark.parametrize(
    ("module", "source", "imported"),
    [
        pytest.param(CORE + "._end", "import grpc._links", HTTP2_LINKS, id="a layer below, past the contract"),
        pytest.param(CORE + "._end", "from grpc.framework import crust", CRUST, id="a layer above"),
        pytest.param(CORE + "._end", "from ..crust import implementations", CRUST, id="a relative import"),
        pytest.param(CORE + "._end", "from .. import crust", CRUST, id="a relative import of a package"),
        pytest.param(CORE + "._end", "def f():\n    import socket", "socket", id="inside a function"),
        pytest.param(
            CORE + "._end",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from grpc._modern import Channel",
            MODERN,
            id="under TYPE_CHECKING",
        ),
        pytest.param(CORE + "._end", "import importlib\nimportlib.import_module('grpc._io')", DRIVERS, id="dynamic"),
        pytest.param(CORE + "._end", "import selectors as s", "selectors", id="renamed"),
        pytest.param(CORE + "._end", "from grpc import StatusCode", "grpc", id="a name of the top"),
        pytest.param(CORE + "._end", "import h2.events", "h2.events", id="h2 in core"),
        pytest.param(CORE + "._end", "from time import monotonic", "time", id="a clock in core"),
        pytest.param(
            CRUST + ".stubs", "from grpc.framework.interfaces.links import Ticket", LINKS_CONTRACT, id="crust"
        ),
        pytest.param(CRUST + ".stubs", "from grpc.framework.core import _operation", CORE + "._operation", id="core"),
        pytest.param(CRUST + ".stubs", "import asyncio", "asyncio", id="asyncio in crust"),
        pytest.param(FOUNDATION + ".later", "from grpc._values import status", VALUES, id="foundation"),
        pytest.param(COMMON + ".style", "from grpc.framework.foundation import later", FOUNDATION, id="common"),
        pytest.param(VALUES + ".status", "from grpc.framework.interfaces import face", FACE_CONTRACT, id="values"),
        pytest.param(FACE_CONTRACT + ".face", "from ..base import base", BASE_CONTRACT, id="a contract, another one"),
        pytest.param(HTTP2_LINKS + "._client", "from grpc._io import threads", "grpc._io.threads", id="a driver"),
        pytest.param(HTTP2_LINKS + "._client", "from grpc._io import Reactor", DRIVERS, id="the drivers' package"),
        pytest.param(HTTP2_LINKS + "._client", "import ssl", "ssl", id="ssl outside the drivers"),
        pytest.param(DRIVERS + ".threads", "from grpc import _links", HTTP2_LINKS, id="a driver, a link"),
        pytest.param(DRIVERS + ".threads", "import hpack", "hpack", id="hpack outside the links"),
        pytest.param(DRIVERS + ".addresses", "import dns.resolver", "dns.resolver", id="an extra outside its module"),
        pytest.param(ASSEMBLY + "._channel", "from grpc._modern import Channel", MODERN, id="assembly"),
        pytest.param(MODERN + "._channel", "from grpc import beta", BETA, id="modern, beta"),
        pytest.param(BETA + ".implementations", "import grpc._modern.aio", MODERN_AIO, id="beta, modern"),
        pytest.param(MODERN + "._channel", "from grpc.framework import core", CORE, id="modern, core"),
        pytest.param(MODERN + "._channel", "import asyncio.events", "asyncio.events", id="asyncio outside aio"),
        pytest.param("grpc", "from grpc._assembly import client", ASSEMBLY, id="the top, past the public APIs"),
        pytest.param("grpc.framework", "import grpc._values", VALUES, id="a package that only holds others"),
        pytest.param(MODERN + "._channel", "import google.protobuf", "google.protobuf", id="protobuf"),
        pytest.param(MODERN + "._channel", "import pytest", "pytest", id="not a dependency"),
        pytest.param(CODEGEN + "._plugin", "from grpc import _version", VERSION, id="a tool, the library"),
        pytest.param("grpc", "from grpc._codegen import _plugin", CODEGEN, id="the top, a tool"),
        pytest.param(MIGRATE + "._names", "from grpc import beta", BETA, id="a tool, a public API"),
        pytest.param("grpc", "from grpc import _migrate", MIGRATE, id="the top, the tool of its command line"),
        pytest.param(INTEROP + "._rules", "from grpc import _values", VALUES, id="interop cases, what grpcio lacks"),
        pytest.param("grpc", "from grpc import interop", INTEROP, id="the top, the interop cases"),
    ],
)
def test_a_violation_is_caught(module: str, source: str, imported: str) -> None:
    (found,) = violations(module, source, _KNOWN, is_package=module in ALONE)
    assert f"{module}:{len(source.splitlines())} imports {imported}, which" in found


@pytest.mark.parametrize(
    ("module", "source"),
    [
        pytest.param(CORE + "._end", "from grpc.framework.interfaces.links import Ticket", id="the contract beneath"),
        pytest.param(CORE + "._end", "from . import _operation\nfrom ._operation import Operation", id="its own layer"),
        pytest.param(CORE + "._end", "from __future__ import annotations\nimport threading", id="standard library"),
        pytest.param(HTTP2_LINKS + "._client", "from grpc._io import contract\nimport h2.config", id="driver contract"),
        pytest.param(HTTP2_LINKS + "._client", "from grpc._io.contract import Driver", id="from the driver contract"),
        pytest.param(DRIVERS + ".threads", "import selectors, socket, ssl", id="sockets in the drivers"),
        pytest.param(MODERN_AIO + "._channel", "import asyncio\nfrom .. import _call", id="asyncio in aio"),
        pytest.param("grpc", "from grpc import _collision\nfrom grpc._modern import Channel", id="the top"),
        pytest.param("grpc._demo", "import grpc\nfrom google.protobuf.wrappers_pb2 import StringValue", id="the demo"),
    ],
)
def test_what_a_layer_may_import_is_let_through(module: str, source: str) -> None:
    assert violations(module, source, _KNOWN, is_package=module in ALONE) == []


@pytest.mark.parametrize("module", ["grpc._stray", "grpc.framework._stray", "grpc.framework.interfaces._stray"])
def test_a_module_outside_the_layers_is_caught(module: str) -> None:
    assert violations(module, "", _KNOWN) == [f"{module} belongs to no layer: give it a row in MAY_IMPORT"]


# ------------------------------------------------------------ importing starts nothing

# Runs in a process of its own. A call counts when a module of the package stands between it and the import machinery
# nearest to it: what the standard library does while we import it is not ours, what it does because we call it is.
_PROBE = """
import importlib, json, os, pkgutil, socket, sys, threading, time, _thread

package = sys.argv[1]
seen = []

def watch(owner, name, label):
    original = getattr(owner, name)
    def watched(*args, **kwargs):
        frame = sys._getframe(1)
        while frame is not None and not frame.f_code.co_filename.startswith("<frozen importlib"):
            module = frame.f_globals.get("__name__", "")
            if (module + ".").startswith(package + "."):
                seen.append(f"{module}:{frame.f_lineno} calls {label}")
                break
            frame = frame.f_back
        return original(*args, **kwargs)
    setattr(owner, name, watched)

watch(threading.Thread, "start", "Thread.start")
watch(_thread, "start_new_thread", "start_new_thread")
watch(socket.socket, "__init__", "socket")
watch(os, "pipe", "pipe")
for clock in ("time", "monotonic", "perf_counter", "process_time", "thread_time"):
    watch(time, clock, clock)
    watch(time, clock + "_ns", clock + "_ns")

def broken(name):
    raise

root = importlib.import_module(package)
for module in pkgutil.walk_packages(root.__path__, package + ".", broken):
    if not module.name.endswith(".__main__"):
        importlib.import_module(module.name)
seen += [f"{thread.name} is running" for thread in threading.enumerate() if thread is not threading.main_thread()]
print(json.dumps(seen))
"""


def _seen_while_importing(package: str, folder: pathlib.Path) -> list[str]:
    process = subprocess.run(
        [sys.executable, "-c", _PROBE, package], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert process.returncode == 0, process.stderr
    return list(json.loads(process.stdout))


@pytest.mark.slow
def test_importing_starts_no_thread_opens_no_socket_and_reads_no_clock() -> None:
    assert _seen_while_importing("grpc", ROOT) == []


@pytest.mark.parametrize(
    ("source", "label"),
    [
        ("import threading\nthreading.Thread(target=print, args=('',), kwargs={'end': ''}).start()", "Thread.start"),
        ("import _thread\n_thread.start_new_thread(int, ())", "start_new_thread"),
        ("import socket\nsocket.socket().close()", "socket"),
        ("from socket import socketpair\n[end.close() for end in socketpair()]", "socket"),
        ("from time import monotonic\nSTARTED = monotonic()", "monotonic"),
        ("import time\nSTARTED = time.time_ns()", "time_ns"),
    ],
)
def test_what_an_import_starts_is_caught(tmp_path: pathlib.Path, source: str, label: str) -> None:
    package = tmp_path / "naughty"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "_late.py").write_text(source, encoding="utf-8")
    assert f"naughty._late:2 calls {label}" in _seen_while_importing("naughty", tmp_path)


def test_what_the_standard_library_does_while_imported_is_not_ours(tmp_path: pathlib.Path) -> None:
    package = tmp_path / "harmless"
    package.mkdir()
    (package / "__init__.py").write_text("import logging", encoding="utf-8")  # reads the clock for its start time
    assert _seen_while_importing("harmless", tmp_path) == []


def test_importing_grpc_brings_neither_h2_nor_tls_nor_a_driver() -> None:
    heavy = ["h2", "ssl", "socket", "selectors", "asyncio", "google.protobuf", HTTP2_LINKS, DRIVERS, CORE, CRUST]
    program = f"import json, sys, grpc; print(json.dumps([name for name in {heavy!r} if name in sys.modules]))"
    # -S: what is installed may import things of its own whenever an interpreter starts.
    command = [sys.executable, "-S", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert json.loads(done.stdout) == []


def test_plaintext_channels_and_servers_do_without_tls() -> None:
    program = (
        "import sys, grpc\n"
        "from concurrent import futures\n"
        "pool = futures.ThreadPoolExecutor(1)\n"
        "handler = grpc.unary_unary_rpc_method_handler(lambda request, context: request)\n"
        "server = grpc.server(pool, [grpc.method_handlers_generic_handler('t.T', {'Echo': handler})])\n"
        "port = server.add_insecure_port('127.0.0.1:0')\n"
        "server.start()\n"
        "with grpc.insecure_channel(f'127.0.0.1:{port}') as channel:\n"
        "    assert channel.unary_unary('/t.T/Echo')(b'x', timeout=20) == b'x'\n"
        "server.stop(None).wait()\n"
        "assert 'ssl' not in sys.modules\n"
        "grpc.secure_channel('localhost:1', grpc.ssl_channel_credentials()).close()\n"
        "assert 'ssl' in sys.modules\n"  # in the caller's thread, and before anything is connected
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)


def test_no_channel_needs_dnspython_that_does_not_ask_for_it() -> None:
    program = (
        "import sys; sys.modules['dns'] = None\n"
        "import grpc, grpc.aio\n"
        "grpc.insecure_channel('some.example:1').close()"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)


# ------------------------------------------------------------ what is exported is there


def _unlisted(source: str, listed: Collection[str]) -> list[str]:
    """Public names that an `__init__.py` imports from elsewhere in the package and keeps out of its `__all__`."""
    return [
        alias.asname or alias.name
        for node in ast.parse(source).body
        if isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").split(".")[0] == "grpc")
        for alias in node.names
        if not (alias.asname or alias.name).startswith("_") and (alias.asname or alias.name) not in listed
    ]


def test_every_exported_name_is_there_once() -> None:
    found = []
    for module in _sources():
        if module.endswith(".__main__"):
            continue
        loaded = importlib.import_module(module)
        listed = list(getattr(loaded, "__all__", ()))
        found += [f"{module}.{name} is missing" for name in listed if not hasattr(loaded, name)]
        found += [f"{module}.{name} is listed twice" for name in set(listed) if listed.count(name) > 1]
    assert found == []


def test_every_package_lists_what_it_re_exports() -> None:
    found = []
    for module, path in _sources().items():
        if path.name == "__init__.py":
            listed = getattr(importlib.import_module(module), "__all__", ())
            found += [f"{module}.{name}" for name in _unlisted(path.read_text(encoding="utf-8"), listed)]
    assert found == []


def test_a_name_kept_out_of_all_is_caught() -> None:
    source = (
        "import sys\nfrom typing import Any\nfrom grpc._modern import Channel, Server as _Hidden\nfrom . import Call"
    )
    assert _unlisted(source, ["Call"]) == ["Channel"]


def test_every_folder_with_modules_is_a_package() -> None:
    folders = {path.parent for path in (ROOT / "grpc").rglob("*.py")}
    assert {folder for folder in folders if not (folder / "__init__.py").exists()} == set()
