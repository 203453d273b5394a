"""Templates: every value is escaped; text of posts goes through `hostile` besides, so that what hides or steers becomes visible."""

import json
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from houselights.outlets import wording
from houselights.outlets.hostile import clip, html_marked, html_text
from houselights.outlets.report.finding import OUTCOME_SIGN, TIER_SIGN
from houselights.outlets.web import pictures


def safe(text: object) -> Markup:
    """Post text, names, objects: the one way from strangers' words to HTML inside an element."""
    return Markup(html_marked(str(text)))  # noqa: S704 (html_marked escapes)


def safe_attribute(text: object) -> Markup:
    """The same inside a quoted attribute."""
    return Markup(html_text(str(text)))  # noqa: S704 (html_text escapes)


def segment(text: object) -> str:
    """A name as one segment of a path."""
    return quote(str(text), safe="")


@lru_cache(maxsize=1)
def environment() -> Environment:
    env = Environment(
        loader=PackageLoader("houselights.outlets.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    env.filters |= {
        "safe_text": safe,
        "safe_attribute": safe_attribute,
        "segment": segment,
        "clip": clip,
        "thousands": lambda n: f"{n:,}",
        "share": wording.share,
        "of_all": wording.of_all,
        "amount": wording.amount,
        "probability": wording.probability,
        "seconds": wording.seconds,
        "counted": wording.count,
        "volume": pictures.volume,
        "group_volume": pictures.group_volume,
        "spark": pictures.spark,
        "lanes": pictures.lanes,
        "network": pictures.network,
        "opinion": pictures.opinion,
        "calibration": pictures.calibration,
    }
    env.globals |= {
        "tier_sign": TIER_SIGN,
        "outcome_sign": OUTCOME_SIGN,
        "tier_meaning": wording.TIER_MEANING,
        "kind_noun": wording.KIND_NOUN,
        "channel_name": wording.CHANNEL_NAME,
        "marks_meaning": wording.marks_meaning,
        "when_it_fits": wording.WHEN_IT_FITS,
    }
    return env


def html(template: str, context: dict[str, Any]) -> str:
    return environment().get_template(template).render(context)


def as_json(context: dict[str, Any]) -> bytes:
    """The twin of a page. Unpaired surrogates, which are no text, become escapes."""
    return json.dumps(context, ensure_ascii=False, allow_nan=False).encode("utf-8", "backslashreplace")
