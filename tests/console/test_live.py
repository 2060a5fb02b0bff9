"""The live page as operators have it: a served console, the real decider, a real Chromium."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from console.pages.board import QUEUE_SHOWN
from eventlog.vocabulary import AlertRaised, ReportSubmitted, RuleActivated, Words
from tests.console.browser import DESK, PHONE, chromium, served, signed_in
from tests.console.town import Town, town
from tests.support.histories import alert
from tests.support.waiting import wait_until

pytestmark = pytest.mark.browser
OPERATOR = {"Authorization": "Bearer operator-token"}


@dataclass
class Room:
    """A control room: the town, its console's address, a browser."""

    town: Town
    address: str
    browser: object

    def page(self, name: str = "li.wei", viewport: dict[str, int] = DESK):  # type: ignore[no-untyped-def]
        """A page in a fresh profile, signed in; its errors are kept in `page.faults`."""
        page = signed_in(self.browser.new_context(viewport=viewport), self.address, name)  # type: ignore[attr-defined]
        page.faults = []
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.wait_for_selector("#clock")
        return page


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with chromium() as browser, town(tmp_path_factory.mktemp("town")) as place:
        place.live_day()
        with served(place) as address:
            yield Room(place, address, browser)


def row(alert_id: str) -> str:
    return f'[data-alert="{alert_id}"]'


def test_without_signing_in_there_is_only_the_form(room: Room) -> None:
    for path in ("/", "/console/", "/console/en"):
        answer = httpx.get(f"{room.address}{path}", follow_redirects=True)
        assert str(answer.url).endswith("/login"), path
        assert "谢沟" not in answer.text


def test_an_alert_arrives_live_and_is_acknowledged(room: Room) -> None:
    page = room.page()
    mine = room.town.alert("north-gate")
    page.wait_for_selector(row(mine))
    line = page.inner_text(row(mine))
    assert "北门连续 3 次被拒" in line
    assert "中" in line, "the severity is a word too"
    assert "新告警" in line
    assert page.query_selector(f"{row(mine)} svg.shape")
    page.click(row(mine))
    page.wait_for_selector(".events li")
    assert "拒绝通行" in page.inner_text(".events")
    assert "card-north-gate-0" in page.inner_text(".events")
    page.click("[data-action=acknowledge]")
    page.wait_for_selector(".answer.done")
    page.wait_for_selector(f"{row(mine)} .state.is-acknowledged")
    assert "li.wei" in page.inner_text(".changes")
    found = httpx.get(f"{room.address}/api/v1/alerts/{mine}", headers=OPERATOR).json()
    assert (found["state"], found["history"][-1]["by"]) == ("acknowledged", "li.wei")
    assert found["history"][-1]["via"] == "console"
    assert page.faults == []


def test_a_step_of_the_checklist_is_ticked_on_the_page(room: Room) -> None:
    page = room.page()
    mine = room.town.alert("south-gate")
    page.click(row(mine))
    page.click("button[data-step=look_camera]")
    page.wait_for_selector("p.step.done[data-step=look_camera]")
    assert "☑ 查看附近摄像机" in page.inner_text(".steps")
    found = httpx.get(f"{room.address}/api/v1/alerts/{mine}", headers=OPERATOR).json()
    assert found["steps_done"] == ["look_camera"]
    assert page.faults == []


def test_whoever_is_slower_reads_who_was_faster(room: Room) -> None:
    page = room.page()
    mine = room.town.alert("garage")
    page.click(row(mine))
    page.click("[data-action=close]")
    page.click(".form [data-value=nuisance]")
    faster = httpx.post(
        f"{room.address}/api/v1/alerts/{mine}/acknowledge", json={"version": 1}, headers=OPERATOR
    )
    assert faster.status_code == 200
    page.wait_for_selector(f"{row(mine)} .state.is-acknowledged")
    page.click("[data-action=confirm]")
    page.wait_for_selector(".answer.refused")
    said = page.inner_text(".answer")
    assert "desk-1" in said
    assert "已确认" in said
    assert httpx.get(f"{room.address}/api/v1/alerts/{mine}", headers=OPERATOR).json()["state"] != "closed"
    page.click("[data-action=close]")
    page.click(".form [data-value=nuisance]")
    page.fill(".form textarea", "风吹的")
    page.click("[data-action=confirm]")
    page.wait_for_selector(".answer.done")
    page.wait_for_selector(row(mine), state="detached")
    assert "风吹的" in page.inner_text(".changes")


def test_the_language_switches_for_this_session(room: Room) -> None:
    page = room.page()
    room.town.alert("playground")
    page.wait_for_selector("text=待处理告警")
    page.click("a[hreflang=en]")
    page.wait_for_selector("text=Open alerts")
    page.wait_for_selector("text=3 denials at Playground")
    body = page.inner_text("body")
    assert not re.search("[\u4e00-\u9fff]", body.replace("中文", "")), "everything is in English"
    assert page.get_attribute("html", "lang") == "en-US"
    other = room.page()
    assert "待处理告警" in other.inner_text("body"), "another session keeps its own"


def test_a_phone_needs_no_scrolling_sideways(room: Room) -> None:
    mine = room.town.alert("building-7")
    page = room.page(viewport=PHONE)
    wide = "[document.documentElement.scrollWidth, window.innerWidth]"
    page.wait_for_selector(row(mine))
    assert page.evaluate(wide) == [390, 390]
    page.click(row(mine))
    page.wait_for_selector(".events li")
    assert page.evaluate(wide) == [390, 390]
    assert not page.is_visible(".queue")
    page.click(".back")
    page.wait_for_selector(row(mine))
    page.click(row(mine))
    page.click("[data-action=note]")
    page.fill(".form textarea", "到楼下了")
    assert page.evaluate(wide) == [390, 390]
    page.click("[data-action=confirm]")
    page.wait_for_selector("text=到楼下了")


def test_a_viewer_sees_and_has_no_buttons(room: Room) -> None:
    mine = room.town.alert("fence-east")
    page = room.page("look")
    page.click(row(mine))
    page.wait_for_selector(".events li")
    assert page.query_selector_all(".buttons [data-action]") == []
    assert "card-" not in page.inner_text(".events")


def test_text_from_outside_is_only_text(room: Room) -> None:
    bad = "<img src=x onerror=\"document.title='taken'\">`${1}`</script>"
    odd = alert("odd-1", severity="high", zone="garage", title=Words(zh=bad, en=bad), devices=(bad[:100],))
    room.town.tell([AlertRaised(alert=odd)], "estates/xiegou/gatehouse")
    room.town.settle()
    page = room.page()
    page.click(row("odd-1"))
    page.wait_for_selector(".detail-head h2")
    assert bad in page.inner_text(".detail-head h2")
    assert page.title() == "守望"
    assert page.faults == []


def test_the_queue_is_bounded_and_says_what_it_leaves_out(room: Room) -> None:
    page = room.page()
    flood = [
        AlertRaised(alert=alert(f"flood-{n}", severity="low", rule="device_offline", zone="garage"))
        for n in range(QUEUE_SHOWN + 30)
    ]
    room.town.tell(flood, "estates/xiegou/gatehouse")
    room.town.settle()
    page.wait_for_selector(".more-rows .left")
    lines = page.query_selector_all(".queue .rows >> nth=0 >> .alert-row")
    assert len(lines) == QUEUE_SHOWN
    total = int(page.inner_text(".queue-head .total"))
    assert str(total - QUEUE_SHOWN) in page.inner_text(".more-rows")
    order = ["critical", "high", "medium", "low"]
    seen = [next(s for s in order if f"is-{s}" in line.get_attribute("class")) for line in lines]
    assert seen == sorted(seen, key=order.index), "the most severe on top"


def test_the_clock_is_the_estates_and_goes(room: Room) -> None:
    page = room.page()
    first = page.inner_text("#clock")
    wait_until(lambda: page.inner_text("#clock") != first, what="the clock goes")
    assert "正常" in page.inner_text(".health")


def test_a_lost_connection_is_said_loudly(room: Room) -> None:
    page = room.page()
    page.wait_for_selector("body:not(.lost)")
    page.evaluate("window.socket.disconnect()")
    page.wait_for_selector("body.lost")
    assert "连接已中断" in page.inner_text("#popup")
    assert page.is_visible("#popup")
    page.evaluate("window.socket.connect()")
    page.wait_for_selector("body:not(.lost)")
    mine = room.town.alert("building-3")
    page.wait_for_selector(row(mine), state="attached")


def test_a_disabled_account_is_shown_no_more(room: Room) -> None:
    from dataclasses import replace

    from eventlog.ports import Account
    from tests.console.town import PASSWORD_HASH

    account = Account("temp", "user", "", "", "operator", PASSWORD_HASH)
    room.town.accounts.put(account)
    page = room.page("temp")
    room.town.accounts.put(replace(account, disabled=True))
    page.wait_for_url("**/login?ended=1", timeout=20_000)
    assert "超时" in page.inner_text("body")


def _reported(room: Room, words: str, **more: str) -> None:
    """Somebody reports something to the town, which handles reports."""
    room.town.tell([RuleActivated(rule="reports", version=1)], "estates/xiegou/gatehouse")
    said = {"channel": "phone", "category": "lift", "location": "building-3", "text": words, **more}
    room.town.tell([ReportSubmitted(**said)], "estates/xiegou/report/desk")  # type: ignore[arg-type]
    room.town.settle()


def test_a_report_is_closed_and_followed_up_on_its_page(room: Room) -> None:
    page = room.page()
    _reported(room, "电梯停在四楼", reporter="吴女士")
    page.click("[data-page=reports]")
    line = ".open-reports .report-row:has-text('电梯停在四楼')"
    page.wait_for_selector(f"{line} .due:has-text('还剩 3.9 小时')")
    page.click(line)
    page.wait_for_selector(".detail .facts")
    assert "吴女士" in page.inner_text(".detail .facts")
    page.click("[data-action=close]")
    page.click("[data-action=confirm]")
    assert page.is_visible(".form"), "what was done has to be said"
    page.fill(".form textarea", "门机复位")
    page.click("[data-action=confirm]")
    page.wait_for_selector(".answer.done")
    page.wait_for_selector(line, state="detached")
    page.wait_for_selector(".to-ask .report-row:has-text('电梯停在四楼')")
    assert "门机复位" in page.inner_text(".detail .changes")
    page.click("[data-action=follow_up]")
    page.click(".form [data-value=False]")
    page.click("[data-action=confirm]")
    page.wait_for_selector(line)
    assert "不满意" in page.inner_text(".detail .facts")
    assert page.faults == []


def test_a_new_report_comes_by_itself_to_a_page_that_is_open(room: Room) -> None:
    page = room.page(viewport=PHONE)
    page.goto(f"{room.address}/console/reports")
    page.wait_for_selector("#clock")
    _reported(room, "楼道堆满纸箱", category="stairwell", location="building-7")
    page.click(".report-row:has-text('楼道堆满纸箱')")
    page.wait_for_selector("body.showing-detail .detail h2:has-text('楼道堆满纸箱')")
    assert not page.is_visible(".open-reports")
    page.click(".back")
    page.click("[data-action=new]")
    page.click(".form [data-value=hotline]")
    for field, wanted in (("category", "噪声"), ("location", "地下车库")):
        page.fill(f"[data-field={field}]", wanted)
        page.click(f".q-menu .q-item:has-text('{wanted}')")
    page.fill(".form textarea", "半夜装修")
    page.click("[data-action=confirm]")
    page.wait_for_selector(".report-row:has-text('半夜装修')")
    assert page.faults == []


def test_a_viewer_sees_reports_without_their_words(room: Room) -> None:
    _reported(room, "谁也别知道", location="playground", category="noise")
    page = room.page("look")
    page.click("[data-page=reports]")
    page.wait_for_selector(".report-row:has-text('儿童乐园')")
    assert "谁也别知道" not in page.content()
    page.click(".report-row:has-text('儿童乐园')")
    page.wait_for_selector(".detail .facts")
    assert not page.query_selector(".buttons .action")
    assert not page.query_selector("[data-action=new]")
