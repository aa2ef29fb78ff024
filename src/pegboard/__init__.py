"""Pegboard (釘板): the work platform that an organisation owns."""

__version__ = "0.1.0"
