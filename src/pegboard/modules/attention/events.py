"""What attention reports to other modules: nothing so far."""
