"""The verbs of messaging, by use case."""
