"""The verbs of `identity`."""
