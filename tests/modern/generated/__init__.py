"""What grpcio-tools of three ages makes of `greeter.proto`: the services parts, and the messages of the middle one.

Each is as the generator wrote it, but for the import line of the messages, which names this package, and the file's
name.
"""
