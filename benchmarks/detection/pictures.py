"""Pictures."""


def draw(results): ...
