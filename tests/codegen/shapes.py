"""What a generated module offers, read from its text: enough to tell whether two of them can stand for each other."""

from __future__ import annotations

import ast
from typing import Dict, List


def functions(text: str) -> Dict[str, str]:
    """The public functions and methods by name, each with its parameters as one would write them."""
    found: Dict[str, str] = {}
    for top in ast.parse(text).body:
        if isinstance(top, ast.FunctionDef) and not top.name.startswith("_"):
            found[top.name] = ast.unparse(top.args)
        elif isinstance(top, ast.ClassDef):
            for method in top.body:
                if isinstance(method, ast.FunctionDef):
                    decorators = "".join(f"@{ast.unparse(decorator)} " for decorator in method.decorator_list)
                    found[f"{top.name}.{method.name}"] = decorators + ast.unparse(method.args)
    return found


def classes(text: str) -> List[str]:
    """The public classes, sorted."""
    names = [top.name for top in ast.parse(text).body if isinstance(top, ast.ClassDef)]
    return sorted(name for name in names if not name.startswith("_"))


def attributes(text: str) -> List[str]:
    """What is set on classes and their objects, such as `GreeterStub self.Greet` or `BetaGreeterStub Greet.future`."""
    return sorted(
        f"{top.name} {ast.unparse(node.targets[0])}"
        for top in ast.parse(text).body
        if isinstance(top, ast.ClassDef)
        for node in ast.walk(top)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute)
    )
