"""The story, one line per stage."""
