"""Has a client run its cases against what listens on a port, and takes down what came of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Collection, Sequence

from tests.interop.matrix import ends, results
from tests.interop.matrix.children import Child, ChildError

if TYPE_CHECKING:
    from tests.interop.matrix.security import Security

# No proxy here keeps responses: nginx cannot, where it passes calls on.
NEEDS_A_PROXY = ("cacheable_unary",)

# For all cases of one client with one server; most take milliseconds.
_PATIENCE = 90.0


def meet(client: ends.End, server: ends.End, security: Security, cases: Sequence[str]) -> results.Verdicts:
    """Run the cases of a client against a server of its own; a verdict for each of them, whatever happens."""
    try:
        with ends.serving(server, security) as port:
            return call(client, server, port, security, cases)
    except ends.Unavailable as error:
        return results.not_run(cases, str(error))
    except ChildError as error:
        return results.failed(cases, str(error))


def call(
    client: ends.End, server: ends.End, port: int, security: Security, cases: Sequence[str]
) -> results.Verdicts:
    """Run the cases of a client against a server that listens; a verdict for each of them, whatever happens."""
    lacks = {**client.lacks, **server.lacks}
    left_out = {case: results.Verdict(results.NOT_RUN, lacks[case]) for case in cases if case in lacks}
    rest = [case for case in cases if case not in left_out]
    if not rest:
        return left_out
    try:
        child = ends.calling(client, port, security, rest)
    except ends.Unavailable as error:
        return {**results.not_run(rest, str(error)), **left_out}
    excused = {*client.blind_to, *server.blind_to, *NEEDS_A_PROXY}
    with child:
        verdicts = read(child, rest)
    return {**{case: _unless_excused(case, verdicts[case], excused) for case in rest}, **left_out}


def _unless_excused(case: str, verdict: results.Verdict, excused: Collection[str]) -> results.Verdict:
    if verdict.result != results.NOT_RUN or case in excused:
        return verdict
    return results.Verdict(results.FAILED, f"it should have been run, and was not: {verdict.why}")


def read(child: Child, cases: Sequence[str], patience: float = _PATIENCE) -> results.Verdicts:
    """The verdicts that a running client prints. What it leaves out has failed, for which its end is the reason."""
    verdicts: results.Verdicts = {}
    why = "the client ended and said nothing of this case"
    try:
        for line in child.objects(patience):
            if line.get("case") in cases:
                verdicts[line["case"]] = results.read(line)
    except (ChildError, ValueError) as error:
        why = str(error)
    missing = [case for case in cases if case not in verdicts]
    if missing and (said := child.close().strip()):
        why += f"; the last line on its stderr: {said.splitlines()[-1]}"
    return {**verdicts, **results.failed(missing, why)}
