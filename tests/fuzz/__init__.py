"""Fuzzing the HTTP/2 connections, both roles, as a driver drives them.

    script     what happens to a connection, step by step, as a value and as a text file
    target     lives a script and checks the invariants, which its docstring states
      ends       the End above the connection, and the rules of tickets
      wire       what the connection writes, read as a strict peer reads it
      bounds     how large anything in it may grow
    pen        what a peer writes: whole sessions, ordinary and odd
    making     scripts by the dice: noise, sessions, and sessions that were tampered with

`python -m tests.fuzz --seconds 60` looks for trouble and keeps what it finds as a file; `--replay FILE` lives it again.
The files in `cases/` are lived by every run of the tests.
"""
