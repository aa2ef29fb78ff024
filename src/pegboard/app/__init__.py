"""Wires everything: the only place that knows all modules."""
