"""DING: an urgent notice that is followed until somebody acknowledges it."""
