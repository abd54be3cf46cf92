"""What the tests of the tool share: one text in, what becomes of it out."""

from __future__ import annotations

import textwrap
from typing import List, NamedTuple

from grpc._migrate._judging import judge


class Outcome(NamedTuple):
    """What the tool makes of a text."""

    text: str
    mechanical: List[str]
    by_hand: List[str]


def migrated(text: str) -> Outcome:
    """Judge a text, and see that a second run over the result would change nothing more."""
    data = textwrap.dedent(text).encode("utf-8")
    judgement = judge(data)
    assert judge(judgement.data).data == judgement.data
    return Outcome(
        judgement.data.decode("utf-8"),
        [finding.beta for finding in judgement.findings if finding.mechanical],
        [finding.beta for finding in judgement.findings if not finding.mechanical],
    )


def code_of(outcome: Outcome) -> str:
    """The text without the tool's comments."""
    lines = outcome.text.splitlines(keepends=True)
    return "".join(line for line in lines if "# grpc-migrate: " not in line)
