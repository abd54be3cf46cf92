"""Programs over grpcio's companion packages and our ``grpc``, each in its own process; see ``test_companions``."""
