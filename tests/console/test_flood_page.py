"""The live page in a flood: it says so, its lines are few, and everything behind them can be listed."""

from __future__ import annotations

from pathlib import Path

import pytest

from eventlog.times import from_us
from eventlog.vocabulary import AlertRaised
from tests.console.browser import DESK, PHONE, chromium, served, signed_in
from tests.console.town import town
from tests.support.histories import alert, flood_began

pytestmark = pytest.mark.browser
COUNT = 120


def test_a_flood_is_said_drawn_together_and_listed(tmp_path: Path) -> None:
    with chromium() as browser, town(tmp_path) as place, served(place) as address:
        desk = signed_in(browser.new_context(viewport=DESK), address)
        now = from_us(place.log.now_us())
        began = flood_began(0).model_copy(update={"at": now, "since": now})
        raised = [
            alert(f"s{n}", rule="device_offline", severity="low", zone=f"z{n % 30}", at=now)
            for n in range(COUNT)
        ]
        raised.append(alert("fire", rule="fire_smoke", severity="critical", zone="garage", at=now))
        raised.append(alert("behind", rule="camera_blind", suppressed_by="s1", at=now))
        place.tell([began, *(AlertRaised(alert=each) for each in raised)], "estates/xiegou/gatehouse")
        place.settle()
        desk.wait_for_selector('[data-line="rule:device_offline"]')
        assert "洪泛模式" in desk.inner_text(".flood")
        assert "超过 10 条" in desk.inner_text(".flood")
        lines = desk.query_selector_all(".queue .alert-row")
        assert [line.get_attribute("data-alert") for line in lines] == ["fire", None], "the fire is on top"
        assert f"{COUNT}×" in lines[1].inner_text()

        lines[1].click()
        desk.wait_for_selector(".held .alert-row")
        assert f"50 / {COUNT}" in desk.inner_text(".held-head")
        desk.click(".held-more")
        desk.wait_for_function(f"document.querySelectorAll('.held .alert-row').length === {COUNT}")
        desk.click('.held [data-alert="s7"]')
        desk.wait_for_selector(".detail-head h2")
        desk.click(".held-back")
        desk.wait_for_selector('.held [data-alert="behind"]')

        phone = signed_in(browser.new_context(viewport=PHONE), address)
        phone.wait_for_selector('[data-line="rule:device_offline"]')
        assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        phone.click('[data-line="rule:device_offline"]')
        phone.wait_for_selector(".held .alert-row")
        phone.click(".held-close")
        phone.wait_for_selector('[data-alert="fire"]')
