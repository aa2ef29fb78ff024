"""The verbs of attention."""
