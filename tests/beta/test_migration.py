"""The way out of the beta API: its examples run, and its page speaks of everything that there is."""

from __future__ import annotations

import ast
import importlib
import pathlib
import re
import subprocess
import sys

import pytest

from grpc.beta import implementations, interfaces, utilities

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
EXAMPLES = ROOT / "examples" / "migration"
PAGE = (ROOT / "docs" / "migrating-from-beta.md").read_text(encoding="utf-8")

SAYS = {
    "beta_server_modern_client.py": """\
Hello, world!
['again', 'again', 'again']
<RpcError: /examples.Greeter/Greet ended with status INVALID_ARGUMENT: a name is needed>
""",
    "modern_server_beta_client.py": """\
Hello, world!
Hello, future!
True a name is needed
heard HEY
heard YOU
completed with StatusCode.OK
""",
    "half_migrated_server.py": """\
Good day, beta client! {'written-in': '2016'}
Good day, modern client!
<RpcError: /examples.OldGreeter/Greet ended with status INVALID_ARGUMENT: a name is needed>
Hi, beta client! {}
Hi, modern client!
<RpcError: /examples.NewGreeter/Greet ended with status INVALID_ARGUMENT: a name is needed>
""",
}


def test_every_example_is_known_to_this_test_and_to_the_page() -> None:
    names = {path.name for path in EXAMPLES.glob("*.py")}
    assert names == set(SAYS)
    assert names == set(re.findall(r"`examples/migration/(\w+\.py)`", PAGE))


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(SAYS))
def test_an_example_runs_and_ends_quietly(name: str) -> None:
    command = [sys.executable, "-X", "dev", "-W", "error", str(EXAMPLES / name)]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == SAYS[name]


@pytest.mark.parametrize("module", [implementations, interfaces, utilities], ids=lambda module: module.__name__)
def test_every_public_name_has_its_place_in_the_page(module: object) -> None:
    names: list[str] = module.__all__  # type: ignore[attr-defined]
    assert [name for name in names if not re.search(rf"\b{name}\b", PAGE)] == []


def test_every_modern_name_in_the_page_exists() -> None:
    grpc = importlib.import_module("grpc")
    named = set(re.findall(r"(?<![\w.\"])grpc\.([A-Za-z]\w*)", PAGE))
    assert sorted(name for name in named - {"beta", "framework", "aio"} if not hasattr(grpc, name)) == []


def test_the_code_in_the_page_is_python() -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 6
    for block in blocks:
        ast.parse(block)
