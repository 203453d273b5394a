"""Tables."""


def write(results): ...
