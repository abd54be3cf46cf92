"""`docs/channel-arguments.md`, written from the table; run as a module, this writes it."""

from __future__ import annotations

import pathlib

from grpc._values.argument_table import GROUPS, Argument

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "channel-arguments.md"

_HEAD = """\
# Channel arguments

Channels and servers take `options`: a list of (key, value) pairs. Keys are strings; values are ints, strings or bytes.

```python
channel = grpc.insecure_channel(target, options=[("grpc.keepalive_time_ms", 30000)])
server = grpc.server(pool, options=[("grpc.max_connection_age_ms", 3600000)])
```

- A value of the wrong type is a `TypeError` when the channel or server is made.
- A number outside its range is moved to the nearer end, and a warning is logged; where the row says so it is a
  `ValueError` instead.
- A time below zero, like 2147483647, is "never".
- A name that is not on this page is accepted, as other implementations accept it. At level DEBUG the logger
  `grpc._values.channel_arguments` lists in one line everything that was given and has no effect.
- Where a key comes twice, the last one counts.

"Side" says whether a channel (C), a server (S) or both (CS) take an argument. "Effect" says honestly whether the
argument does anything in this library: *honoured*, or *accepted without effect*.

This page is written from `grpc/_values/argument_table.py` by `python -m tests.values.channel_arguments_page`; a test
compares the two.
"""

_COLUMNS = "| Key | Side | Type | Default | Unit | Effect | Meaning |\n|---|---|---|---|---|---|---|\n"


def _default(argument: Argument) -> str:
    if argument.default_text:
        return argument.default_text
    return "none" if argument.default is None else f"{argument.default}"


def _row(argument: Argument) -> str:
    effect = "honoured" if argument.honoured else "accepted without effect"
    return (
        f"| `{argument.name}` | {argument.sides} | {argument.kind} | {_default(argument)} | {argument.unit} "
        f"| {effect} | {argument.meaning} |\n"
    )


def render() -> str:
    """The whole page."""
    parts = [_HEAD]
    for title, arguments in GROUPS.items():
        parts += [f"\n## {title}\n\n", _COLUMNS, *map(_row, arguments)]
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
