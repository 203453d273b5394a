"""Continuous watching: a stream of frames -> a RUN directory that is always whole, and alerts."""
