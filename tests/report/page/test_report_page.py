"""What the page of a report shows: curves, tables, names."""

import re

from page_sample import CURVES, HM, HOSTILE, IMAGES, JPEG, MEASURED, OURS, REFUSAL, SAMPLE, VTM
from playwright.sync_api import Page

from litcodec.evaluation.curves import CurvePoint
from litcodec.report.planes import Planes

PLOTS = {"psnr": 5, "psnr_luma": 3, "ms_ssim_db": 5}  # curves that have it


def _column(page: Page, table: str, column: int) -> list[str]:
    """Texts of a column, from 1; rows without that column are left out."""
    return page.locator(f"{table} tbody tr > :nth-child({column})").all_inner_texts()


def test_the_policy_forbids_requests_and_other_scripts(page: Page, opened):
    with page.expect_event("requestfailed") as failed:
        outcome = page.evaluate("""() => {
            const script = document.createElement("script");
            script.textContent = "document.title = 'taken over'";
            document.body.append(script);
            new Image().src = "http://127.0.0.1:9/x.png";
            return fetch("http://127.0.0.1:9/x").then(() => "fetched", () => "refused");
        }""")
    opened.complaints.clear()
    assert failed.value.failure == "csp"
    assert outcome == "refused"
    assert page.title() == HOSTILE


def test_each_chart_draws_the_curves_that_have_its_quality(page: Page):
    for metric, count in PLOTS.items():
        lines = page.locator(f"#plot-{metric} .scatterlayer .js-line")
        assert lines.count() == count
        assert all(len(line.get_attribute("d") or "") > 20 for line in lines.all())
        markers = page.locator(f"#plot-{metric} .scatterlayer .point")
        assert markers.count() == sum(MEASURED.values())


def test_measured_curves_are_solid_and_published_ones_dashed(page: Page):
    dashes = page.locator("#plot-psnr .js-line").evaluate_all("all => all.map(x => x.style.strokeDasharray)")
    assert [bool(dash and dash != "none") for dash in dashes] == [False, False, False, True, True]


def test_unticking_a_curve_hides_it_in_every_chart_and_ticking_brings_it_back(page: Page):
    box = page.locator("#legend").get_by_label(JPEG, exact=True)
    for missing in (1, 0):
        box.press("Space")
        for metric, count in PLOTS.items():
            assert page.locator(f"#plot-{metric} .js-line").count() == count - missing


def test_hovering_tells_codec_setting_lambda_and_images(page: Page):
    page.locator("#plot-psnr .point").nth(2).hover(force=True)
    words = page.locator("#plot-psnr .hoverlayer text").first.text_content() or ""
    point = CURVES[0].points[2]
    for expected in (
        OURS,
        "lmbda 0.0130",
        "λ = 0.013",
        "2 images",
        f"{point.bpp:.3f}",
        f"{point.scores['psnr']:.2f} dB",
    ):
        assert expected in words


def test_the_rates_that_are_drawn_are_chosen_by_key(page: Page):
    before = page.evaluate("document.getElementById('plot-psnr').layout.xaxis.range")
    page.locator("#rate-range input").first.press("ArrowRight")
    for metric in PLOTS:
        assert page.evaluate(f"document.getElementById('plot-{metric}').layout.xaxis.range") == [0, 1]
    page.locator("#rate-range input").nth(1).press("ArrowLeft")
    assert page.evaluate("document.getElementById('plot-psnr').layout.xaxis.range") == before


def test_charts_offer_no_sending_to_a_server(page: Page):
    titles = page.locator("#plot-psnr .modebar-btn").evaluate_all("all => all.map(x => x.dataset.title)")
    assert len(titles) == 6
    assert not [title for title in titles if re.search("share|cloud|edit|studio", title, re.IGNORECASE)]


def test_the_plane_shows_what_has_one_rate_and_names_what_is_not_compared(page: Page):
    assert page.locator("#planes h3").inner_text() == "0.300 to 0.304 bpp, 2 images"
    assert page.locator("#planes .named").all_inner_texts() == [OURS, JPEG]
    assert page.locator("#plane-0 .scatterlayer .point").count() == 4
    assert page.locator("#plane-0 .scatterlayer .js-line").count() == 2
    assert page.locator("#plane-0 .yerror").count() == 4
    assert page.locator("#plane-0 .shapelayer path").count() == 2
    words = page.locator("#plane-0 .annotation-text").all_text_contents()
    assert words == ["2 × lowest MSE", "originals against originals"]
    assert _column(page, "#plane-table", 4) == ["30.00", "42.00", "54.00", "66.00"]
    assert _column(page, "#plane-table", 8)[0] == "80.0 to 99.0"
    refused = page.locator("#plane-table .refusal").inner_text()
    assert refused == "Not compared: quality 3, 0.9000 bpp, and no other point within 2 % of its rate."


def test_every_plane_fits_its_place(open_page):
    planes = SAMPLE.perception.planes * 3
    page, _ = open_page(SAMPLE._replace(perception=SAMPLE.perception._replace(planes=planes)))
    widths = page.locator("#planes .plot").evaluate_all(
        "all => all.map(x => x.querySelector('svg').clientWidth - x.clientWidth)"
    )
    assert widths == [0, 0, 0]


def test_deltas_follow_the_baseline_and_the_quality_and_the_best_comes_first(page: Page):
    assert page.locator("#bd-anchor").input_value() == JPEG
    assert _column(page, "#bd-table", 1) == [HOSTILE, OURS, VTM, HM]
    assert _column(page, "#bd-table", 2) == ["−50.6", "−20.5", "+7.0", f"Not compared: {REFUSAL}"]
    assert _column(page, "#bd-table", 5) == ["+5.06", "+2.05", "−0.70"]
    assert _column(page, "#bd-table", 6) == ["28.0 to 37.0"] * 3
    page.select_option("#bd-metric", "ms_ssim_db")
    assert _column(page, "#bd-table", 2) == ["−33.0", "−9.0", "+1.0", "+2.0"]
    page.select_option("#bd-anchor", VTM)
    assert _column(page, "#bd-table", 2) == [f"Not compared: {REFUSAL}"]


def test_the_table_of_images_sorts_numbers_as_numbers(page: Page):
    header = page.locator("#image-table th").filter(has_text="Bytes")
    header.get_by_role("button").click()
    sizes = [int(text.replace(",", "")) for text in _column(page, "#image-table", 4)]
    assert sizes == sorted(row.bytes for row in SAMPLE.rows)
    assert header.get_attribute("aria-sort") == "ascending"
    header.get_by_role("button").press("Enter")
    assert _column(page, "#image-table", 4)[0] == f"{max(row.bytes for row in SAMPLE.rows):,}"
    assert header.get_attribute("aria-sort") == "descending"
    page.locator("#image-table th").filter(has_text="PSNR RGB").get_by_role("button").click()
    assert _column(page, "#image-table", 6)[0] == "∞"
    page.locator("#image-table th").filter(has_text=re.compile("^MS-SSIM$")).get_by_role("button").click()
    assert _column(page, "#image-table", 8)[-1] == "–"


def test_the_table_of_images_is_filtered_by_codec_and_by_text(page: Page):
    page.select_option("#filter-curve", OURS)
    page.fill("#filter-text", "PLAIN")
    assert page.locator("#filter-count").inner_text() == "5 rows"
    assert set(_column(page, "#image-table", 1)) == {IMAGES[0]}
    assert set(_column(page, "#image-table", 2)) == {OURS}


def test_times_are_means_over_settings_of_what_was_measured_here(page: Page):
    rows = zip(_column(page, "#times-table", 1), _column(page, "#times-table", 2), strict=True)
    assert dict(rows) == {OURS: "300", HOSTILE: "250", JPEG: "300"}
    assert "Some CPU, 8 cores, 4 threads" in page.locator("#times-explain").inner_text()


def test_what_time_buys_is_drawn_for_encoding_and_decoding(page: Page):
    titles = page.locator("#time-charts h3").all_inner_texts()
    assert titles == ["BD-rate over encoding time, PSNR RGB", "BD-rate over decoding time, PSNR RGB"]
    names = page.locator("#time-charts .chart").first.locator(".named").all_inner_texts()
    assert names == [OURS, HOSTILE, JPEG]
    assert page.locator("#time-0 .scatterlayer .point").count() == 3
    assert page.evaluate("document.getElementById('time-0').data.map(t => t.y[0])") == [-19.5, -49.625, 0]
    assert page.locator("#time-0 .ytitle").text_content() == "BD-rate to JPEG, %"


def test_hostile_names_are_text(page: Page):
    assert page.title() == HOSTILE
    assert page.locator("h1").inner_text() == HOSTILE
    assert page.locator("b").count() == 0
    assert HOSTILE in page.locator("#legend label").all_inner_texts()
    assert (
        f"broken.png, {HOSTILE}, quality 3: no image at all" in page.locator(".failures li").all_inner_texts()
    )
    assert page.locator("#viewer-image option").all_inner_texts() == list(IMAGES)


def test_what_has_no_data_is_left_out_and_long_tables_are_shown_in_parts(open_page):

    def without(point: CurvePoint) -> CurvePoint:
        scores = {name: value for name, value in point.scores.items() if name != "psnr_luma"}
        return point._replace(scores=scores, encode_s=None, decode_s=None)

    curves = [curve._replace(points=tuple(map(without, curve.points))) for curve in SAMPLE.curves]
    rest = {
        "viewer_images": (),
        "bd": (),
        "notes": (),
        "failures": (),
        "perception": Planes((), ()),
        "preferences": (),
    }
    page, complaints = open_page(SAMPLE._replace(curves=tuple(curves), rows=SAMPLE.rows * 10, **rest))
    assert page.locator(".plot").count() == 2
    assert page.locator("main > section:visible").evaluate_all("all => all.map(x => x.id)") == [
        "curves",
        "images",
    ]
    assert page.locator("nav a").all_inner_texts() == ["Curves", "Image by image"]
    assert page.locator("#image-table tbody tr").count() == 200
    page.click("#show-all")
    assert page.locator("#image-table tbody tr").count() == 280
    assert complaints == []
