"""Which language a text is in, with confidence, or that it cannot be told."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from houselights.core.errors import HouselightsError

UNKNOWN = "und"
"""BCP-47 for a language that could not be told."""
MISSING = "telling languages needs the extra: pip install 'houselights[narratives]'"


def identify(texts: Sequence[str]) -> tuple[list[str], NDArray[np.float64]]:
    """(BCP-47 codes, confidences 0 to 1) of each text; 'und' and 0 where the detector does not rely on its answer."""
    detect = _detector().detect_details
    codes, confidence = [], np.zeros(len(texts))
    for i, text in enumerate(texts):
        found = detect(text.replace("\0", " ").encode("utf-8", "replace").decode())
        code = found.language
        if not code or code == UNKNOWN or not found.reliable:
            codes.append(UNKNOWN)
            continue
        codes.append(code)
        confidence[i] = found.scores[code]
    return codes, confidence


@cache
def _detector() -> Any:
    try:
        import eldc
    except ImportError as error:
        raise HouselightsError(MISSING) from error
    eldc.init()
    return eldc
