"""Measurements; their results stand in docs/performance.md."""
