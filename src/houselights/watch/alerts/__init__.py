"""Alerts: groups that are close again and again, told while they act."""

from houselights.watch.alerts.alerts import Alerts

__all__ = ["Alerts"]
