"""The one exception a user may see."""


class HouselightsError(Exception):
    """Wrong use or unreadable input. The message says what happened, where, and what to do; the CLI prints it and exits 2."""
