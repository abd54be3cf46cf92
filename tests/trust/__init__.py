"""What users have to be able to trust: nothing leaks, forks and exits are clean, threads and greenlets get along.

Every scenario is a program in a process of its own, with a time limit. `python -m tests.trust` does the leak tests
with counts of one's own choice, ten thousand with `--full`.
"""
