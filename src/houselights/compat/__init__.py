"""The exact outputs of other tools, for comparison with published work."""
