"""Words that judge accounts or posts: a reader sees them where a post says them, never as ours or a model's."""

import re

_JUDGING = re.compile(r"\b(?:bots?|botnets?|trolls?|fakes?|faked|propagand\w*)\b", re.IGNORECASE)


def judged(said: str, given: str) -> str:
    """The first judging word in `said` that `given` does not have; '' where there is none."""
    low = given.lower()
    return next((w for w in _JUDGING.findall(said) if w.lower() not in low), "")
