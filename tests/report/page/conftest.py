"""The made-up report's page, in a real browser with its network off."""

import shutil
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from page_sample import OURS, SAMPLE
from playwright.sync_api import Page, ViewportSize, sync_playwright

from litcodec.report import ReportData
from litcodec.report import page as page_of

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
VIEWPORT: ViewportSize = {"width": 1200, "height": 900}


class Opened(NamedTuple):
    """A page, and all that went wrong in it: messages, errors, requests for anything outside of its file."""

    page: Page
    complaints: list[str]


# Of the module, not of the session: Playwright's event loop would get in other tests' way.
@pytest.fixture(scope="module")
def open_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[ReportData], Opened]]:
    """``open_page(data)``: a new page without a network, 1200 pixels wide, in the light theme."""
    chromium = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if chromium is None:
        pytest.skip("there is no Chromium to open the page in: apt install chromium")

    def open_it(data: ReportData) -> Opened:
        path = tmp_path_factory.mktemp("report") / "report.html"
        path.write_text(page_of(data), encoding="utf-8")
        complaints: list[str] = []
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complaints.append(request.url) if _leaves(request.url) else None)
        page.goto(path.as_uri())
        return Opened(page, complaints)

    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--force-color-profile=srgb"]
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        context = browser.new_context(viewport=VIEWPORT, offline=True, reduced_motion="reduce")
        yield open_it
        context.close()
        browser.close()


def _leaves(url: str) -> bool:
    return not url.startswith(("file:", "data:", "blob:"))


@pytest.fixture(scope="module")
def opened(open_page: Callable[[ReportData], Opened]) -> Opened:
    return open_page(SAMPLE)


@pytest.fixture
def page(opened: Opened) -> Iterator[Page]:
    """The sample's page, opened once, put back to its beginning for each test. Nothing may go wrong in it."""
    page = opened.page
    page.emulate_media(media="screen", color_scheme="light")
    page.set_viewport_size(VIEWPORT)
    page.evaluate("delete document.documentElement.dataset.theme")
    page.select_option("#viewer-image", "0")
    page.select_option("#left", "original")
    page.select_option("#right", f"of {OURS}")
    page.locator("#zoom input").first.check(force=True)
    page.uncheck("#maps")
    page.locator("#divider").fill("50")
    yield page
    assert opened.complaints == []
