"""The messages and services of the test cases; `python -m tests.interop_cases.regenerate` makes the modules here.

protoc's own modules of messages demand a protobuf as new as protoc, while ours run on every protobuf that this project
does: they hold the description that protoc makes of a file, and `_descriptions` makes classes of it.
"""
