"""The blind comparison: by keys, without names, saved to a file that ``litcodec report`` reads."""

from pathlib import Path

import pytest
from page_sample import BITS, DECODED, JPEG, ORIGINAL, OURS, SAMPLE, address
from playwright.sync_api import Page

from litcodec.report.choices import preferences, read_choices

LEFT, RIGHT = "#blind-left", "#blind-right"


@pytest.fixture
def started(open_page) -> Page:
    """Of the first image JPEG has other pixels at each level, so that sides can be known."""
    first, second = SAMPLE.viewer_images
    versions = [
        version._replace(decoded=address(BITS)) if version.curve == JPEG else version
        for version in first.versions
    ]
    # The low level's files differ too much in size to be compared.
    versions[0] = versions[0]._replace(bytes=20_000)
    page, complaints = open_page(
        SAMPLE._replace(
            viewer_images=(first._replace(versions=tuple(versions)), second._replace(versions=()))
        )
    )
    page.click("#blind-start")
    yield page
    assert complaints == []


def _sources(page: Page) -> list[str | None]:
    return [page.locator(image).get_attribute("src") for image in (LEFT, RIGHT)]


def _side_of_jpeg(page: Page) -> str:
    return ("Left", "Right")[_sources(page).index(address(BITS))]


def test_pairs_have_files_of_one_size_and_no_names(started: Page):
    assert started.locator("#blind-status").inner_text() == "Pair 1 of 2"
    assert sorted(map(str, _sources(started))) == sorted([address(DECODED), address(BITS)])
    words = started.locator("#trial").inner_text() + str(started.locator(LEFT).get_attribute("alt"))
    assert OURS not in words
    assert JPEG not in words
    assert started.evaluate("document.activeElement.id") == "trial"


def test_choices_by_key_are_saved_and_counted(started: Page, tmp_path: Path):
    assert started.locator("#blind-save").is_disabled()
    started.keyboard.press("o")
    assert _sources(started) == [address(ORIGINAL)] * 2
    assert started.locator("#blind-left-tag").inner_text() == "Original"
    started.keyboard.press("o")
    started.keyboard.press("ArrowDown")
    assert started.locator("#blind-status").inner_text() == "Pair 2 of 2"
    started.keyboard.press("Backspace")
    assert started.locator("#blind-status").inner_text() == "Pair 1 of 2"
    started.keyboard.press(f"Arrow{_side_of_jpeg(started)}")
    other = {"Left": "right", "Right": "left"}[_side_of_jpeg(started)]
    started.click(f"#choose-{other}")
    assert started.locator("#trial").is_hidden()
    assert "--choices choices.json" in started.locator("#blind-status").inner_text()
    with started.expect_download() as download:
        started.keyboard.press("Enter")  # the button that saves has the focus
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    assert path.name == "choices.json"
    choices = read_choices(path)
    assert {judgement.image for judgement in choices.judgements} == {SAMPLE.viewer_images[0].name}
    assert all(0 < judgement.seconds < 60 for judgement in choices.judgements)
    (found,) = preferences([choices])
    assert {found.first, found.second} == {OURS, JPEG}
    assert (found.wins, found.ties, found.losses, found.share) == (1, 0, 1, 0.5)


def test_the_order_is_random(open_page):
    page, _ = open_page(SAMPLE)
    orders = page.evaluate("""() => {
        const seen = new Set();
        for (let k = 0; k < 60; k++) {
            document.getElementById("blind-start").click();
            seen.add(document.getElementById("blind-left").alt);
        }
        return [...seen];
    }""")
    assert len(orders) == 2  # the first pair is of either image


def test_both_versions_are_dragged_about_together(started: Page):
    started.set_viewport_size({"width": 500, "height": 900})
    started.locator(LEFT).scroll_into_view_if_needed()
    box = started.locator(LEFT).bounding_box()
    assert box is not None
    started.mouse.move(box["x"] + 100, box["y"] + 100)
    started.mouse.down()
    started.mouse.move(box["x"] + 60, box["y"] + 100, steps=2)
    started.mouse.up()
    places = [started.locator(image).evaluate("x => x.style.objectPosition") for image in (LEFT, RIGHT)]
    assert places[0] == places[1]
    assert float(places[0].split("%")[0]) > 50


def test_what_people_preferred_is_a_table(open_page):
    page, _ = open_page(SAMPLE)
    cells = page.locator("#preferences tbody tr > *").all_inner_texts()
    assert cells == [OURS, JPEG, "8", "5", "2", "1", "75", "41 to 93", "98.5"]
    page, _ = open_page(SAMPLE._replace(viewer_images=()))
    assert page.locator("#preferences table").is_visible()
    assert page.locator("#blind-test").is_hidden()


def test_versions_of_one_curve_are_chosen_and_compared_by_setting(open_page):
    first = SAMPLE.viewer_images[0]
    ours = next(version for version in first.versions if version.level == "middle")
    two = [
        ours._replace(setting=f"realism {k}", title=f"{OURS}, realism {k}", decoded=address(seed))
        for k, seed in enumerate((DECODED, BITS))
    ]
    page, complaints = open_page(SAMPLE._replace(viewer_images=(first._replace(versions=tuple(two)),)))
    page.select_option("#right", f"of {OURS}, realism 1")
    assert page.locator("#right-image").get_attribute("src") == address(BITS)
    assert page.locator("#strip figcaption .named").all_inner_texts() == [
        f"{OURS}, realism {k}" for k in (0, 1)
    ]
    page.click("#blind-start")
    assert page.locator("#blind-status").inner_text() == "Pair 1 of 1"
    assert complaints == []
