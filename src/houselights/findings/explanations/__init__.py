"""Innocent explanations of a finding: each tested, recorded with its numbers, and weighed."""

from collections.abc import Sequence

from houselights.findings.casefile import Case
from houselights.findings.explanations.automation import declared_automation
from houselights.findings.explanations.breaking_news import breaking_news
from houselights.findings.explanations.clock import round_minutes
from houselights.findings.explanations.daily_habit import daily_habit
from houselights.findings.explanations.known import Vouched, known_organisation
from houselights.findings.explanations.live_events import live_events
from houselights.findings.explanations.one_agency import one_agency
from houselights.findings.explanations.one_site import one_site
from houselights.findings.explanations.one_source import one_source
from houselights.findings.explanations.outlet import same_outlet, same_owner
from houselights.findings.explanations.petition import petition
from houselights.findings.explanations.share_button import share_button, slogan
from houselights.findings.explanations.weighing import Check, Weighed, weigh

__all__ = ["Check", "Vouched", "Weighed", "explain", "weigh"]


def explain(case: Case, vouched: Vouched | None) -> list[Weighed]:
    """Every explanation for one group, in a fixed order, weighed."""
    checks: Sequence[Check] = (
        share_button(case),
        slogan(case),
        petition(case),
        one_source(case),
        one_site(case),
        round_minutes(case),
        same_outlet(case),
        one_agency(case),
        same_owner(case),
        declared_automation(case),
        breaking_news(case),
        live_events(case),
        daily_habit(case),
        known_organisation(case, vouched),
    )
    return weigh(case, checks)
