"""What happens to one connection, in order: a value that everything is decided by, and its text.

A text is one step a line, so that it can be read, changed and cut down by hand:

    # what this is about
    role server
    option streams 3
    read 505249202a...      bytes arrive, in hexadecimal; `read 1000 00000806...` for a thousand times, read by read
    say 2 100               the End says something about its third operation; see `ends` for the verbs of an End
    wait 0 20000            twenty seconds pass

Numbers are taken modulo what there is, so that a script stays one whatever is taken out of it.
"""

from __future__ import annotations

from typing import Dict, Iterable, List, NamedTuple, Tuple

READ = "read"

DRIVER_VERBS: Dict[str, str] = {
    "wait": "`size` milliseconds pass",
    "early": "the deadline is handled although it is not due",
    "block": "the socket takes nothing any more",
    "unblock": "the socket takes everything again",
    "lose": "the transport is lost",
    "bye": "this side says its farewell and closes",
    "leave": "this side goes away gracefully",
    "hurry": "this side goes away quickly",
    "reconnect": "a client's connection is lost, and another one takes its place",
}
"""What a script may say besides `read` and the verbs of an End."""

OPTIONS: Dict[str, int] = {
    "plain": 0,  # 1 for h2 as it is, without our short ways
    "receive": 4 * 1024 * 1024,
    "send": -1,
    "metadata": 8192,
    "streams": 2**31 - 1,
    "compression": 0,
    "window": 4 * 1024 * 1024,
    "frame": 1024 * 1024,
    "life": 0,  # 1 for keepalive, enforcement and age with short times
    "replay": 256 * 1024,  # -1 for None
    "refused": 1,  # 0 if nobody takes operations back
    "prescribed": 0,  # 1 for a service config that bounds messages
    "reflex": 0,  # what the End does by itself, see `ends`
}
"""How a connection is made, and the defaults."""


class Step(NamedTuple):
    """One thing that happens.

    Attributes:
      verb: What; `read` or one of the verbs.
      number: Which operation, or how often.
      size: How much.
      data: What is read.
    """

    verb: str
    number: int = 0
    size: int = 0
    data: bytes = b""


def read(data: bytes, times: int = 1) -> Step:
    """Bytes arrive."""
    return Step(READ, times, 0, data)


class Script(NamedTuple):
    """All that happens to a connection.

    Attributes:
      role: `client` or `server`: which one is driven.
      options: Those that are not the default.
      steps: What happens.
      note: What it is about.
    """

    role: str
    options: Tuple[Tuple[str, int], ...]
    steps: Tuple[Step, ...]
    note: str = ""

    def option(self, name: str) -> int:
        """How the connection is made."""
        return dict(self.options).get(name, OPTIONS[name])


def encode_script(script: Script) -> str:
    """The text of a script."""
    lines = [f"# {line}" for line in script.note.splitlines()]
    lines.append(f"role {script.role}")
    lines += [f"option {name} {value}" for name, value in script.options]
    for step in script.steps:
        if step.verb == READ:
            times = f"{step.number} " if step.number != 1 else ""
            lines.append(f"read {times}{step.data.hex() or '-'}")
        else:
            lines.append(f"{step.verb} {step.number} {step.size}")
    return "\n".join(lines) + "\n"


def decode_script(text: str) -> Script:
    """Read the text of a script.

    Raises:
      ValueError: It is none.
    """
    role = ""
    notes: List[str] = []
    options: List[Tuple[str, int]] = []
    steps: List[Step] = []
    for line in text.splitlines():
        words = line.split()
        if line.startswith("#"):
            notes.append(line[1:].strip())
        elif not words:
            continue
        elif words[0] == "role" and words[1] in ("client", "server"):
            role = words[1]
        elif words[0] == "option" and words[1] in OPTIONS:
            options.append((words[1], int(words[2])))
        elif words[0] == READ:
            data = b"" if words[-1] == "-" else bytes.fromhex(words[-1])
            steps.append(read(data, int(words[1]) if len(words) > 2 else 1))
        elif len(words) == 3:
            steps.append(Step(words[0], int(words[1]), int(words[2])))
        else:
            raise ValueError(f"no step: {line!r}")
    if not role:
        raise ValueError("a script says 'role client' or 'role server'")
    return Script(role, tuple(options), tuple(steps), "\n".join(notes))


def bytes_read(steps: Iterable[Step]) -> int:
    """How many bytes arrive in some steps."""
    return sum(len(step.data) * step.number for step in steps if step.verb == READ)
