"""Every query of `ding`."""
