"""`python -m grpc migrate`: finds what sources use of the beta API, and rewrites what can be rewritten safely.

| module | what it holds |
|---|---|
| `_table` | beta construct -> its replacement, as data |
| `_source` | one text: offsets, logical lines, comments, and the bytes it came from |
| `_scopes` | which import a name stands for |
| `_program` | a text with its scopes, and how to name a modern thing in it |
| `_findings` | one use of the beta API, with the edits that replace it |
| `_names`, `_clients`, `_servers`, `_imports` | find such uses |
| `_judging` | all of that for one text |
| `_writing` | a text with its findings -> the new text |
| `_walking`, `_report`, `_command` | folders, listings, exit status |

Nothing is imported or executed of what is read, and this package imports nothing of the rest.
"""

from grpc._migrate._command import add_arguments, run

__all__ = ["add_arguments", "run"]
