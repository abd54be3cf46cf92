"""The contract of operations (`base`), and value classes that satisfy it (`utilities`)."""
