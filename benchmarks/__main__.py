"""``python -m benchmarks``: choose, measure, print the table, write the JSON and the picture."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Optional, Sequence

from benchmarks import discovery, figure, machine, report, runner, targets
from peers.environment import EnvironmentUnavailable

if TYPE_CHECKING:
    from benchmarks.entries import Peer, Workload

RESULTS = Path(__file__).resolve().parent / "results"


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run the command; returns 1 when anything could not be measured, 2 when nothing was asked for that exists."""
    options = _parser().parse_args(arguments)
    all_peers, all_workloads = discovery.peers(), discovery.workloads()
    if options.list:
        print(_listing(all_peers.values(), all_workloads.values()))
        return 0
    try:
        peers = discovery.select(all_peers, options.peer)
        workloads = [_changed(each, options.set) for each in discovery.select(all_workloads, options.workload)]
        discovery.check(peers, all_workloads)
    except LookupError as error:
        print(error, file=sys.stderr)
        return 2
    facts = machine.facts()
    print(", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in facts.items()))
    try:
        outcome = runner.run(peers, workloads, options.rounds, options.seconds, options.warm_up, _progress)
    except EnvironmentUnavailable as error:
        print(error, file=sys.stderr)
        return 1
    made = report.rows(outcome.measurements, peers, workloads)
    verdicts = targets.judge(made, workloads)
    _print(outcome, report.table(made, workloads, verdicts))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    document = _document(options, facts, peers, workloads, outcome, made, verdicts)
    options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    if made:
        _draw(made, peers, workloads, facts, options.json.with_suffix(".png"))
    return 1 if outcome.failures else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--rounds", type=_at_least_one, default=5, help="turns of each peer (default %(default)s)")
    add("--seconds", type=_positive, default=2.0, help="length of one measurement (default %(default)s)")
    add("--warm-up", type=_positive, default=0.5, help="seconds of calls before it (default %(default)s)")
    add("--peer", action="append", default=[], metavar="NAME", help="only this peer; may be repeated")
    add("--workload", action="append", default=[], metavar="NAME", help="only this workload; may be repeated")
    add("--set", action="append", default=[], metavar="KEY=VALUE", help="change a parameter of the workloads having it")
    add("--json", type=Path, default=RESULTS / "latest.json", metavar="PATH", help="where the figures go")
    add("--list", action="store_true", help="show peers and workloads and end")
    return parser


def _at_least_one(text: str) -> int:
    if (value := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def _positive(text: str) -> float:
    if not 0 < (value := float(text)) < 3600:
        raise argparse.ArgumentTypeError("must be above 0 and below 3600")
    return value


def _listing(peers: Iterable[Peer], workloads: Iterable[Workload]) -> str:
    lines = ["peers"]
    lines += [f"  {peer.name:<16} {peer.title}: {', '.join(peer.workloads)}" for peer in peers]
    lines += ["workloads"]
    lines += [f"  {workload.name:<16} {workload.title}: {dict(workload.parameters)}" for workload in workloads]
    return "\n".join(lines)


def _changed(workload: Workload, settings: Sequence[str]) -> Workload:
    """Return ``workload`` with the parameters changed that it has; values are JSON where they can be, else text."""
    parameters = dict(workload.parameters)
    for setting in settings:
        key, _, text = setting.partition("=")
        if key in parameters:
            try:
                parameters[key] = json.loads(text)
            except ValueError:
                parameters[key] = text
    return dataclasses.replace(workload, parameters=parameters)


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _print(outcome: runner.Outcome, table: str) -> None:
    for name, versions in outcome.versions.items():
        print(f"{name}: " + ", ".join(f"{what} {version}" for what, version in versions.items()))
    print(f"\n{table}" if table else "\nnothing was measured")
    for failure in outcome.failures:
        print(f"\n{failure}", file=sys.stderr)


def _document(
    options: argparse.Namespace,
    facts: Dict[str, Any],
    peers: Sequence[Peer],
    workloads: Sequence[Workload],
    outcome: runner.Outcome,
    made: List[report.Row],
    verdicts: List[targets.Verdict],
) -> Dict[str, Any]:
    return {
        "format": 1,
        "machine": facts,
        "options": {"rounds": options.rounds, "seconds": options.seconds, "warm_up": options.warm_up},
        "peers": {peer.name: {"title": peer.title, "versions": outcome.versions.get(peer.name)} for peer in peers},
        "workloads": {workload.name: dataclasses.asdict(workload) for workload in workloads},
        "summary": report.as_json(made),
        "targets": [
            {**verdict.target._asdict(), "metric": verdict.metric, "value": verdict.value, "reached": verdict.reached}
            for verdict in verdicts
        ],
        "measurements": [measurement._asdict() for measurement in outcome.measurements],
        "failures": outcome.failures,
    }


def _draw(
    made: List[report.Row], peers: Sequence[Peer], workloads: Sequence[Workload], facts: Dict[str, Any], path: Path
) -> None:
    caption = (
        f"{facts['processor']}, {facts['usable_cores']} cores, {facts['python']}; medians, slowest to fastest round"
    )
    try:
        figure.draw(made, peers, workloads, caption, path)
    except ImportError:
        print("\nno picture: matplotlib is not installed, the extra 'bench' brings it")


if __name__ == "__main__":
    sys.exit(main())
