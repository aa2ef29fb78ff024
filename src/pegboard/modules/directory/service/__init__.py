"""The verbs of the directory, one file a use case."""
