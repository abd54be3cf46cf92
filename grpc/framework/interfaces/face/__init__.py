"""The contract of RPCs as applications see them (`face`), and makers of method implementations (`utilities`)."""
