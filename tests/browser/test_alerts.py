"""Alerts of a watch appear on a page that is open, without a reload and without a word lost to a screen reader."""

from typing import Any


def test_an_alert_appears_by_itself(chromium: Any, driver: Any, runs: Any, tmp_path: Any) -> None:
    run = runs.hostile(tmp_path / "run")
    with driver.served(run) as address:
        context = chromium.new_context()
        context.set_default_timeout(15_000)
        watched = driver.Watched(context, address)
        watched.open("/alerts")
        watched.until("document.querySelector('[data-live]').dataset.ready === 'live'")
        page = watched.page
        page.evaluate("window.before = document.querySelector('#alerts [role=status]')")
        assert page.locator("ol.alerts li").count() == 3
        runs.write_alerts(run, 5)
        page.locator("#alert-alert4").wait_for()
        assert page.locator("ol.alerts li").count() == 5
        assert "5 alerts" in page.locator("#alerts [role=status]").inner_text()
        assert page.evaluate("window.before.isConnected"), "what a screen reader listens to was replaced"
        watched.check()
        context.close()
