"""A served console and a real Chromium on it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nicegui.testing.general import nicegui_reset_globals as fresh_nicegui

from console.server import serve
from tests.console.town import PASSWORD, Town
from tests.support.net import free_port
from tests.support.parts import missing

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESK = {"width": 1920, "height": 1080}
PHONE = {"width": 390, "height": 844}


@contextmanager
def served(town: Town, *, pages: bool = True, **settings: float) -> Iterator[str]:
    """The console of a town on a free port; its address. NiceGUI has one app a process: what a console before
    this one left in it is put back."""
    if pages:
        with fresh_nicegui():
            with _served(town, pages, settings) as address:
                yield address
        return
    with _served(town, pages, settings) as address:
        yield address


@contextmanager
def _served(town: Town, pages: bool, settings: dict[str, float]) -> Iterator[str]:
    port, stop, ready = free_port(), threading.Event(), threading.Event()

    def run() -> None:
        serve(town.context(**settings), "127.0.0.1", port, stop, on_ready=ready.set, pages=pages)

    thread = threading.Thread(target=run, name="console", daemon=True)
    thread.start()
    if not ready.wait(20):
        raise AssertionError("the console doesn't listen")
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        stop.set()
        thread.join(15)
        assert not thread.is_alive(), "the console doesn't stop"


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, headless, with a profile of its own."""
    if not os.path.exists("/usr/bin/chromium"):
        missing("/usr/bin/chromium is not installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def signed_in(context: BrowserContext, address: str, name: str = "li.wei") -> Page:
    """A page on which somebody has signed in."""
    page = context.new_page()
    page.goto(address)
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_selector(".desk .queue-head h2")
    return page
