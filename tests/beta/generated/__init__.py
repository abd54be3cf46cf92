"""What grpcio-tools 1.0.0 made of `greeter.proto`: the services part, as it was written but for the messages."""
