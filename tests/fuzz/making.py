"""Scripts by the dice: noise, sessions that a pen writes, real ones, and all of these tampered with, cut at random.

One seed makes one script. `script_of_bytes` makes one of arbitrary bytes instead, for engines that invent bytes.
"""

from __future__ import annotations

import random
from typing import Callable, Dict, List, Tuple

from tests.fuzz import script
from tests.fuzz.bounds import LONGEST_READ
from tests.fuzz.pen import Pen
from tests.fuzz.script import READ, Script, Step, read
from tests.fuzz.target import Subject
from tests.fuzz.wire import PREFACE
from tests.links.h2_recorded import CONVERSATION
from tests.links.h2_twin import frame, settings

_CHOICES: Dict[str, Tuple[int, ...]] = {
    "plain": (0, 0, 0, 0, 0, 1),
    "receive": (0, 50, 1500, 4 * 1024 * 1024, 4 * 1024 * 1024, 4 * 1024 * 1024, 4 * 1024 * 1024),
    "send": (-1, -1, -1, 500),
    "metadata": (200, 500, 8192, 8192, 8192, 8192),
    "streams": (1, 3, 100, 2**31 - 1),
    "compression": (0, 0, 1, 2),
    "window": (1, 100, 1000, 65535, 4 * 1024 * 1024, 4 * 1024 * 1024),
    "frame": (16384, 20000, 1024 * 1024),
    "life": (0, 0, 1),
    "replay": (-1, 100, 256 * 1024, 256 * 1024),
    "refused": (0, 1, 1),
    "prescribed": (0, 0, 0, 1),
    "reflex": (0, 0, 1, 2, 2, 3),
}

_SIZES = (0, 1, 2, 3, 5, 10, 100, 1000, 5000, 20000, 100_000)

_COMMON_VERBS = ("say", "say", "say", "complete", "complete", "grant", "grant", "abort")
_CLIENT_VERBS = ("begin",) * 6 + ("waited", *_COMMON_VERBS)
_SERVER_VERBS = ("head", "unary", "unary", "unary", "refuse", *_COMMON_VERBS)
_DRIVER_VERBS = ("wait",) * 14 + ("block",) * 10 + ("unblock",) * 14 + ("early",) * 6 + ("leave", "hurry")
_ENDS = ("lose", "bye", "reconnect")


def script_of(seed: int, role: str) -> Script:
    """The script that a seed makes.

    Args:
      seed: What decides.
      role: `client` or `server`: what is driven.
    """
    dice = random.Random(f"{seed} {role}")
    make = dice.choices((_noise, _session, _tampered, _headers, _recorded, _spliced), (1, 6, 8, 1, 2, 1))[0]
    options = _options(dice)
    steps = _cut(dice, make(dice, Script(role, options, ())))
    return Script(role, options, tuple(steps), f"seed {seed}: {make.__name__.strip('_')}")


def script_of_bytes(data: bytes, role: str) -> Script:
    """The script of any bytes: four decide how the connection is made and what else happens, the rest arrives."""
    dice = random.Random(data[:4])
    steps: List[Step] = [read(PREFACE + settings({}))] if role == "server" else [read(settings({}))]
    for piece in _pieces(dice, data[4:], dice.choice((50, 500, 5000))):
        steps.append(read(piece))
        steps += [_word(dice, role) for _ in range(dice.choice((0, 1, 2)))]
    return Script(role, _options(dice), tuple(steps))


def _options(dice: random.Random) -> Tuple[Tuple[str, int], ...]:
    chosen = [(name, dice.choice(values)) for name, values in _CHOICES.items() if dice.random() < 0.5]
    return tuple((name, value) for name, value in chosen if value != script.OPTIONS[name])


def _word(dice: random.Random, role: str) -> Step:
    """What the End or the driver does."""
    if dice.random() < 0.2:
        if dice.random() < 0.04:
            return Step(dice.choice(_ENDS), 0, dice.randrange(2))
        return Step(dice.choice(_DRIVER_VERBS), 0, dice.choice((1, 40, 500, 3000, 11_000, 31_000, 100_000)))
    verb = dice.choice(_CLIENT_VERBS if role == "client" else _SERVER_VERBS)
    size = dice.choice(_SIZES) if dice.random() < 0.8 else dice.randrange(200)
    return Step(verb, dice.randrange(1 << 12), size)


# ------------------------------------------------------------ what arrives


def _noise(dice: random.Random, frame_of: Script) -> List[Step]:
    """Arbitrary bytes, after a correct beginning or without one."""
    role = frame_of.role
    steps = []
    if dice.random() < 0.7:
        steps += [read(word) for word in Pen(dice, role == "server", 0).greeting()]
    elif role == "server" and dice.random() < 0.5:
        steps.append(read(PREFACE[: dice.randrange(25)]))
    if role == "client":
        steps.append(Step("begin", 1, 5))
    if dice.random() < 0.1:
        steps.append(read(dice.choice((b"HTTP/1.1 400 Bad Request\r\n\r\n" * 9, b"GET / HTTP/1.1\r\n", b"\x16\x03"))))
    alphabet = dice.choice((bytes(range(256)), b"\0\0\0\0\0\1\2\3\4\5\6\x07\x08\x09\x88\x40", b"\0\1"))
    for _ in range(dice.choice((1, 1, 1, 30))):
        steps.append(read(bytes(dice.choices(alphabet, k=dice.choice((1, 20, 300, 5000))))))
    return steps


def _session(dice: random.Random, frame_of: Script, oddness: float = -1.0) -> List[Step]:
    """What a peer may well write, and what the End says meanwhile.

    It is lived while it is written, so that the peer can see what becomes of its streams; else few sessions would last.
    """
    role = frame_of.role
    if oddness < 0:
        oddness = dice.choice((0.0, 0.0, 0.01, 0.05, 0.3))
    subject = Subject(frame_of)
    pen = Pen(dice, role == "server", oddness, subject)
    steps: List[Step] = []

    def take(step: Step) -> None:
        steps.append(step)
        subject.take(step)
        pen.look()

    try:
        for word in pen.greeting():
            take(read(word))
        for _ in range(dice.choice((3, 20, 40, 80, 150))):
            if subject.lost:
                if role == "server" or dice.random() < 0.4:
                    break
                step = Step("reconnect")
            else:
                step = _word(dice, role) if dice.random() < 0.45 else read(pen.word())
            take(step)
            if step.verb == "reconnect":
                pen = Pen(dice, role == "server", oddness, subject)
                for word in pen.greeting():
                    take(read(word))
    except Exception:  # it will be seen again when the script is lived
        pass
    return steps


def _headers(dice: random.Random, frame_of: Script) -> List[Step]:
    """Frame headers of all kinds with bodies of all kinds, right lengths for the most part."""
    role = frame_of.role
    steps = [read(word) for word in Pen(dice, role == "server", 0).greeting()]
    for _ in range(dice.choice((5, 40))):
        if role == "client" and dice.random() < 0.2:
            steps.append(Step("begin", dice.randrange(1 << 12), 5))
        length = dice.choice((0, 1, 4, 4, 5, 6, 8, 8, 9, 50))
        body = dice.choice((bytes(length), dice.randbytes(length), b"\0\0\0\1" * 3))[:length]
        flags = dice.choice((0, 1, 4, 5, 8, 0x20, 0x2D, 255))
        stream_id = dice.choice((0, 1, 1, 3, 5, 2, 2**31 + 1))
        steps.append(read(frame(dice.choice((*range(10), 12)), flags, stream_id, body)))
    return steps


def _recorded(dice: random.Random, frame_of: Script) -> List[Step]:
    """What a real peer has written, as it was or tampered with."""
    role = frame_of.role
    ours = "s" if role == "server" else "c"
    steps: List[Step] = []
    for who, data in CONVERSATION:
        if who != ours:
            if role == "client" and dice.random() < 0.5:
                steps += map(read, _frames(data))
            else:
                steps.append(read(data))
        elif role == "client" and any(piece[3] == 1 for piece in _frames(data)):
            steps.append(Step("begin", dice.choice((1, 1, 1, 3, 0)), 20))
        if dice.random() < 0.3:
            steps.append(_word(dice, role))
    if dice.random() < 0.7:
        steps = _tamper(dice, steps)
    return steps


def _tampered(dice: random.Random, frame_of: Script) -> List[Step]:
    return _tamper(dice, _session(dice, frame_of, dice.choice((0.0, 0.0, 0.05))))


def _spliced(dice: random.Random, frame_of: Script) -> List[Step]:
    """The beginning of one session and the end of another, or both by turns."""
    one, other = (_session(dice, frame_of, 0.0) for _ in range(2))
    if dice.random() < 0.5:
        return one[: dice.randrange(len(one))] + other[dice.randrange(len(other)) :]
    steps = []
    while one or other:
        source = one if one and (not other or dice.random() < 0.5) else other
        steps.append(source.pop(0))
    return steps


# ------------------------------------------------------------ tampering


def _tamper(dice: random.Random, steps: List[Step]) -> List[Step]:
    """Damage a few of the reads; each is a frame, or what a peer wrote at once."""
    steps = list(steps)
    for _ in range(dice.choice((1, 1, 2, 3, 8))):
        places = [place for place, step in enumerate(steps) if step.verb == READ and step.data]
        # Whoever is refused at the door is no longer interesting: the greeting is mostly left alone.
        places = places[2:] if len(places) > 2 and dice.random() < 0.9 else places
        if not places:
            break
        place = dice.choice(places)
        dice.choice(_TAMPERINGS)(dice, steps, place, places)
    return steps


def _flip(dice: random.Random, steps: List[Step], place: int, places: List[int]) -> None:
    data = bytearray(steps[place].data)
    for _ in range(dice.choice((1, 1, 3))):
        # The first bytes say what a frame is.
        at = dice.randrange(min(len(data), dice.choice((9, 20, len(data)))))
        data[at] ^= 1 << dice.randrange(8)
    steps[place] = read(bytes(data))


def _drop(dice: random.Random, steps: List[Step], place: int, places: List[int]) -> None:
    del steps[place]


def _repeat(dice: random.Random, steps: List[Step], place: int, places: List[int]) -> None:
    times = dice.choice((2, 2, 3, 50))
    steps[place] = steps[place]._replace(number=times) if len(steps[place].data) < 20_000 else steps[place]


def _copy(dice: random.Random, steps: List[Step], place: int, places: List[int]) -> None:
    steps.insert(dice.choice(places), steps[place])


def _swap(dice: random.Random, steps: List[Step], place: int, places: List[int]) -> None:
    other = dice.choice(places)
    steps[place], steps[other] = steps[other], steps[place]


def _truncate(dice: random.Random, steps: List[Step], place: int, places: List[int]) -> None:
    data = steps[place].data
    steps[place] = read(data[: dice.randrange(len(data))])


def _insert(dice: random.Random, steps: List[Step], place: int, places: List[int]) -> None:
    data = steps[place].data
    at = dice.randrange(len(data) + 1)
    steps[place] = read(data[:at] + dice.randbytes(dice.choice((1, 4, 30))) + data[at:])


def _overwrite(dice: random.Random, steps: List[Step], place: int, places: List[int]) -> None:
    data = bytearray(steps[place].data)
    at = dice.randrange(len(data))
    values = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\1", b"\0\0\x40\0")
    data[at : at + 4] = dice.choice(values)[: len(data) - at]
    steps[place] = read(bytes(data))


def _garble(dice: random.Random, steps: List[Step], place: int, places: List[int]) -> None:
    """Another body under the same frame header."""
    data = steps[place].data
    steps[place] = read(data[:9] + dice.randbytes(min(len(data), 5000) - min(len(data), 9)))


def _move(dice: random.Random, steps: List[Step], place: int, places: List[int]) -> None:
    """Another stream's frame."""
    data = steps[place].data
    steps[place] = read(data[:5] + dice.choice((0, 1, 2, 3, 5, 7, 2**31)).to_bytes(4, "big") + data[9:])


_Tampering = Callable[[random.Random, List[Step], int, List[int]], None]
_TAMPERINGS: Tuple[_Tampering, ...] = (
    _flip,
    _flip,
    _drop,
    _repeat,
    _copy,
    _swap,
    _truncate,
    _insert,
    _overwrite,
    _garble,
    _move,
)


# ------------------------------------------------------------ cutting


def _frames(data: bytes) -> List[bytes]:
    """The frames that a peer has written at once, a preface apart."""
    found = []
    if data.startswith(PREFACE):
        found.append(PREFACE)
        data = data[len(PREFACE) :]
    while data:
        stop = 9 + int.from_bytes(data[:3], "big")
        found.append(data[:stop])
        data = data[stop:]
    return found


def _cut(dice: random.Random, steps: List[Step]) -> List[Step]:
    """Let what was written arrive in other pieces: all that lies between two other steps is one stream of bytes."""
    size = dice.choice((0, 0, 1, 30, 1000, LONGEST_READ))
    if not size:
        return steps
    cut: List[Step] = []
    waiting = b""
    for step in [*steps, Step("wait", 0, 0)]:
        if step.verb == READ and step.number == 1:
            waiting += step.data
            if dice.random() < 0.8 and len(waiting) < LONGEST_READ:
                continue
        cut += map(read, _pieces(dice, waiting, size))
        waiting = b""
        if step.verb != READ or step.number != 1:
            cut.append(step)
    return cut


def _pieces(dice: random.Random, data: bytes, size: int) -> List[bytes]:
    """Random pieces of about a size; larger ones of what is long, so that there are no more than some hundred."""
    size = max(size, len(data) // 300)
    pieces = []
    while data:
        length = min(dice.randrange(1, 2 * size), LONGEST_READ) if size > 1 else 1
        pieces.append(data[:length])
        data = data[length:]
    return pieces
