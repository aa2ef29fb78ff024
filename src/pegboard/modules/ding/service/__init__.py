"""The verbs of `ding`."""
