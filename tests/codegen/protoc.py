"""protoc itself, from its wheel, with the installed plugin."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import sysconfig

PROTOS = pathlib.Path(__file__).resolve().parent / "protos"
SAMPLES = sorted(str(path.relative_to(PROTOS)) for path in PROTOS.rglob("*.proto"))
PLUGIN = pathlib.Path(sysconfig.get_path("scripts")) / ("protoc-gen-grpc_python" + (".exe" if os.name == "nt" else ""))


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run protoc on what its arguments name, in the folder of samples."""
    assert PLUGIN.exists(), f"{PLUGIN} is not there: install this package anew, as README.md says for its tests"
    return subprocess.run(
        [sys.executable, "-m", "protoc", f"--plugin=protoc-gen-grpc_python={PLUGIN}", f"-I{PROTOS}", *arguments],
        cwd=PROTOS,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def generate(folder: pathlib.Path, parameters: str = "beta,pyi") -> None:
    """Generate messages and services of all samples into a folder."""
    options = [f"--python_out={folder}", f"--grpc_python_out={folder}", f"--grpc_python_opt={parameters}"]
    process = run(*options, *SAMPLES)
    assert (process.returncode, process.stderr) == (0, "")
