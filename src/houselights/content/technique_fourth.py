"""Stage four of the model of techniques, for those who have the embedded model's weights: what a tuned decoder says, where it suffices.

Asked on demand alone, and only about techniques that three stages do not show in a language: what they show stays as it is.
"""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from houselights.content.technique_model import together
from houselights.content.token_states import normed

Floats = NDArray[np.float32]
_EPS = 1e-5


@dataclass(frozen=True)
class FourthStage:
    """k techniques and families in the order of `LABELS`; w numbers a token; l languages."""

    gain: Floats  # [w] of the norm of a token's state
    shift: Floats  # [w]
    token: Floats  # [w, k]
    token_bias: Floats  # [k]
    attend: Floats  # [w, k]
    attend_bias: Floats  # [k]
    whole: Floats  # [2 w, k] of the largest and the mean over tokens
    whole_bias: Floats  # [k]
    mix: Floats  # [4 + l, k] of each stage, a constant by language
    shown_at: Floats  # [l, k] least probability that is shown; above 1 where the technique is not shown, or by three stages already
    gate: Floats  # [l, k] least log odds of stage one for which stage two is asked; infinite where the technique is not shown
    late_gate: Floats  # [l, k] of stages one and two together, for stage three
    last_gate: Floats  # [l, k] of the three together, for stage four

    def odds(self, states: Floats) -> Floats:
        """[k] log odds of stage four for a unit. states: [tokens, w]."""
        h = normed(states, self.gain, self.shift, _EPS)
        token = h @ self.token + self.token_bias
        return together(h, token, h @ self.attend + self.attend_bias, self.whole) + self.whole_bias

    def last(self, stages: tuple[Floats, ...], language: int) -> Floats:
        """[k] log odds of a unit by the four stages."""
        return np.asarray(sum(m * s for m, s in zip(self.mix, stages, strict=False)) + self.mix[4 + language])


def save(stage: FourthStage, path: Path) -> None:
    """Half precision for the larger tables. The same numbers give the same bytes."""
    values = {f.name: getattr(stage, f.name) for f in fields(stage)}
    np.savez_compressed(path, **{n: v.astype(np.float32 if v.size < 10_000 else np.float16) for n, v in values.items()})


def load(path: Path) -> FourthStage:
    with np.load(path, allow_pickle=False) as stored:
        return FourthStage(**{f.name: stored[f.name].astype(np.float32) for f in fields(FourthStage)})
