"""The page of a report at work: divider, zoom and maps; themes, widths, keyboard and paper."""

import io
import re

import numpy as np
import pytest
from page_sample import BITS, BITS_SCALE, DECODED, JPEG, ORIGINAL, OURS, SIZE, address, pixels
from PIL import Image
from playwright.sync_api import Locator, Page


def _left_of_divider(page: Page) -> float:
    """Pixels of the image on the right that the divider cuts off."""
    clip = page.locator("#right-image").evaluate("image => image.style.clipPath")
    return float(re.findall(r"([\d.]+)px\)", clip)[0])


def _screen(node: Locator) -> np.ndarray:
    """What is seen of it, from the pixel on where the browser begins to draw it."""
    node.scroll_into_view_if_needed()
    box = node.bounding_box()
    assert box is not None
    whole = np.asarray(Image.open(io.BytesIO(node.page.screenshot())).convert("RGB"))
    rows, columns = (
        slice(round(box[p]), round(box[p]) + round(box[n]))
        for p, n in ("y height".split(), "x width".split())
    )
    return whole[rows, columns]


def test_the_divider_moves_by_mouse_by_touch_and_by_arrow_keys(page: Page):
    width = SIZE[0]
    assert _left_of_divider(page) == pytest.approx(0.5 * width)
    page.locator("#stage").scroll_into_view_if_needed()
    handle, stage = page.locator("#handle").bounding_box(), page.locator("#stage").bounding_box()
    assert handle is not None
    assert stage is not None
    page.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + 20)
    page.mouse.down()
    page.mouse.move(stage["x"] + 0.75 * width, handle["y"] + 20, steps=3)
    page.mouse.up()
    assert _left_of_divider(page) == pytest.approx(0.75 * width, abs=0.5)
    for _ in range(5):
        page.locator("#divider").press("ArrowLeft")
    assert _left_of_divider(page) == pytest.approx(0.70 * width, abs=0.5)
    touch = page.context.new_cdp_session(page)
    for kind, x in (("touchStart", 0.7), ("touchMove", 0.5), ("touchMove", 0.2), ("touchEnd", None)):
        points = [] if x is None else [{"x": stage["x"] + x * width, "y": handle["y"] + 20}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    assert _left_of_divider(page) == pytest.approx(0.2 * width, abs=0.5)


@pytest.mark.parametrize("zoom", [1, 4])
def test_pixels_are_shown_as_they_are_on_both_sides_of_the_divider(page: Page, zoom: int):
    page.locator(f"#zoom input[value='{zoom}']").check(force=True)
    page.locator("#scroller").evaluate("box => box.scrollTo(0, 0)")
    shown = _screen(page.locator("#scroller"))
    across, down = shown.shape[1] // 2, 60 * zoom  # below the names
    for seed, columns in ((ORIGINAL, slice(0, across - 30)), (DECODED, slice(across + 30, across + 100))):
        expected = pixels(seed).repeat(zoom, axis=0).repeat(zoom, axis=1)
        rows = slice(40, down)
        np.testing.assert_array_equal(shown[rows, columns], expected[rows, columns])


def test_a_zoomed_image_is_dragged_about(page: Page):
    page.locator("#zoom input[value='8']").check(force=True)
    place = "box => [box.scrollLeft, box.scrollTop]"
    scroller = page.locator("#scroller")
    scroller.scroll_into_view_if_needed()
    before = scroller.evaluate(place)
    box = scroller.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 300, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 250, box["y"] + 170)
    page.mouse.up()
    assert scroller.evaluate(place) == [before[0] + 50, before[1] + 30]
    assert _left_of_divider(page) == pytest.approx(before[0] + 50 + box["width"] / 2, abs=8)


def test_maps_of_bits_replace_the_images_that_have_one_and_say_their_scale(page: Page):
    page.select_option("#left", f"of {JPEG}")
    page.check("#maps")
    assert page.locator("#right-image").get_attribute("src") == address(BITS)
    assert page.locator("#left-image").get_attribute("src") == address(DECODED)
    captions = page.locator(".caption").all_inner_texts()
    assert f"{BITS_SCALE} bits per pixel" in captions[1]
    assert "No map" in captions[0]
    for expected in (OURS, "setting of middle", "12,345", "0.432", "31.24 dB", "0.9765"):
        assert expected in captions[1]


def test_levels_are_those_the_image_has_and_the_strip_shows_every_codec_at_each(page: Page):
    assert page.locator("#level label").all_inner_texts() == ["low", "middle", "high"]
    assert page.locator("#strip .tile").count() == 3 * 3
    page.locator("#across").evaluate("x => { x.value = 100; x.dispatchEvent(new Event('input')); }")
    places = page.locator("#strip img").evaluate_all("all => all.map(x => x.style.objectPosition)")
    assert set(places) == {"100% 50%"}
    page.select_option("#viewer-image", "1")
    assert page.locator("#level label").all_inner_texts() == ["middle"]
    assert page.locator("#strip .tile").count() == 3


GROUNDS = {"light": "rgb(255, 255, 255)", "dark": "rgb(23, 24, 27)"}
TEXTS = (
    "h1, .lede, dt, dd, .explain, nav a, #theme, summary, .remark li, .controls label, thead button, "
    "tbody th, tbody td, .refusal, .segmented label:has(:checked), .caption p, .tile small, .tag"
).split(", ")


def _contrast(page: Page, selector: str) -> float:
    """Of an element's text with what is behind it, as WCAG defines it."""
    colours = page.locator(selector).first.evaluate("""node => {
        let behind = node;
        while (getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)") behind = behind.parentElement;
        return [getComputedStyle(node).color, getComputedStyle(behind).backgroundColor];
    }""")
    levels = []
    for colour in colours:
        channels = [int(value) / 255 for value in re.findall(r"\d+", colour)[:3]]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        levels.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(levels) + 0.05) / (min(levels) + 0.05)


@pytest.mark.parametrize("first", ["light", "dark"])
def test_text_keeps_its_contrast_in_both_themes_and_the_button_changes_them(page: Page, first: str):
    page.emulate_media(color_scheme=first)
    grounds = []
    for _ in range(2):
        grounds.append(page.locator("body").evaluate("x => getComputedStyle(x).backgroundColor"))
        for selector in TEXTS:
            assert _contrast(page, selector) >= 4.5, selector
        text = page.locator("#plot-psnr .xtick text").first.evaluate("x => getComputedStyle(x).fill")
        assert text == page.locator("#plot-psnr").evaluate("x => getComputedStyle(x).color")
        page.click("#theme")
    assert grounds == [GROUNDS[first], GROUNDS["dark" if first == "light" else "light"]]


@pytest.mark.parametrize("width", [360, 768])
def test_the_page_never_scrolls_sideways_but_its_tables_do(page: Page, width: int):
    page.set_viewport_size({"width": width, "height": 740})
    page.locator("#zoom input[value='8']").check(force=True)
    page.locator("details").evaluate("x => { x.open = true; }")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("#image-table .table-box").evaluate("box => box.scrollWidth > box.clientWidth")


def test_the_keyboard_reaches_everything_and_sees_where_it_is(page: Page):
    reached, without_ring = [], []
    page.locator(".skip").focus()
    for _ in range(120):
        page.keyboard.press("Tab")
        name, ring = page.evaluate("""() => {
            const node = document.activeElement;
            const shown = [node, node.closest("label") ?? node].map((x) => getComputedStyle(x).outlineStyle);
            const name = node.id || node.name || node.className || node.tagName;
            return [name, shown.some((style) => style !== "none")];
        }""")
        reached.append(name)
        without_ring += [] if ring else [name]
    operated = (
        "theme rate-range bd-anchor bd-metric viewer-image level zoom left right maps scroller divider "
        "across down filter-curve filter-text table-box BUTTON SUMMARY"
    )
    assert set(operated.split()) <= set(reached)
    assert set(without_ring) <= {"BODY"}


def test_everything_to_operate_has_a_name_and_every_image_words(page: Page):
    nameless = page.locator("input, select, button").evaluate_all("""all => all
        .filter((x) => !x.getAttribute("aria-label") && !x.labels?.length)
        .filter((x) => !(x.matches("button") && x.textContent))
        .map((x) => x.outerHTML)""")
    assert nameless == []
    assert page.locator("img:not([alt]), img[alt='']").count() == 0
    assert page.locator("html").get_attribute("lang") == "en"


def test_paper_is_white_and_has_nothing_to_operate(page: Page):
    page.emulate_media(media="print", color_scheme="dark")
    assert page.locator("body").evaluate("x => getComputedStyle(x).backgroundColor") == GROUNDS["light"]
    assert not any(box.is_visible() for box in page.locator("select, button#theme, #divider").all())
    assert page.locator("#image-table .table-box").evaluate("x => getComputedStyle(x).overflowY") == "visible"
