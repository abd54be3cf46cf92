"""Programs over packages made for grpcio and our ``grpc``, each in its own process; see ``test_companions``."""
