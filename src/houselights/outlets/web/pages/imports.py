"""A file of one's own: what it is taken for, which rows are not accepted and why, and a scan of it while one watches."""

from collections.abc import Mapping
from typing import Any

from houselights.outlets.web.indexed import Indexed
from houselights.outlets.web.jobs import Jobs
from houselights.outlets.web.siblings import siblings

STATE_WORDS = {
    "running": "Working",
    "done": "Done",
    "failed": "This could not be done",
    "cancelled": "Cancelled: no half-written result is left",
}


def context(results: Indexed, query: Mapping[str, str], jobs: Jobs) -> dict[str, Any]:
    job = jobs.job.as_dict() if jobs.job else None
    return {
        "sentence": "A file of posts becomes a RUN: it is read here, on this machine, and nothing leaves it.",
        "job": job,
        "state_words": STATE_WORDS[job["state"]] if job else "",
        "runs": [p.name for p in siblings(results.run_dir)],
        "folder": str(results.run_dir.resolve().parent),
    }
