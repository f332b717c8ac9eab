"""Points of runs: kept in their folders or on the server, and which of them make one curve."""

from pathlib import Path

import pytest
from known_points import known_point
from tiny_run import LADDER, make_run_folder

from litcodec.dashboard.run_points import (
    RunPoint,
    as_json,
    from_json,
    siblings_on_disk,
    terms_of,
    write_point,
)
from litcodec.dashboard.sweep_runs import siblings_in_sweep
from litcodec.errors import ResultsError


def test_a_point_survives_its_file_and_others_are_refused(tmp_path: Path) -> None:
    point = known_point(2, scores={"psnr": 31.0})
    assert from_json(as_json(point)) == point
    assert '"pictures": "digest"' in as_json(point)  # its key since the first version
    for damaged in (
        "{",
        "[]",
        as_json(point).replace('"bpp": 0.4', '"bpp": null'),
        as_json(point)[:-20] + "}",
    ):
        with pytest.raises(ValueError, match=r"."):
            from_json(damaged)
    (tmp_path / "runs" / "a" / "002").mkdir(parents=True)
    (tmp_path / "runs" / "a" / "002" / "rd_point.json").write_text("{}")
    found, (error,) = siblings_on_disk(make_run_folder(tmp_path / "runs" / "a" / "001", 0.013), point)
    assert found == []
    assert "a/002/rd_point.json is not the point of a run: format litcodec-rd-point" in str(error)


def test_points_of_the_first_version_are_still_read() -> None:
    old = (
        '{"format": "litcodec-rd-point", "version": 1, "terms": "t", "pictures": "p", "step": 5, '
        '"images": 3, "lmbda": 0.013, "bpp": 0.5, "psnr_rgb": 30.0, "psnr_luma": 31.0, '
        '"ms_ssim": null, "ms_ssim_db": null}'
    )
    point = from_json(old)
    assert (point.terms, point.images_digest) == ("t", "p")
    assert (point.scores, point.by_image) == ({"psnr": 30.0, "psnr_luma": 31.0}, {})


def test_siblings_differ_in_lambda_alone(run_folder: Path, siblings: list[RunPoint]) -> None:
    own = siblings[0]._replace(lmbda=LADDER[3])
    for folder, stranger in (
        ("other-terms", own._replace(terms="another", lmbda=0.1)),
        ("other-images", own._replace(images_digest="another", lmbda=0.1)),
        ("own-lambda", own),
    ):
        write_point(make_run_folder(run_folder.parent.parent / folder / "001", 0.1), stranger)
    (run_folder.parent / "latest").symlink_to("002")
    found, wrong = siblings_on_disk(run_folder, own)
    assert sorted((s.point for s in found), key=lambda p: p.bpp) == sorted(siblings, key=lambda p: p.bpp)
    assert {sibling.folder.parent.name for sibling in found} == {"sweep", "by-hand-2", "by-hand-3"}
    assert wrong == []

    other = make_run_folder(run_folder.parent / "009", LADDER[1])
    assert terms_of(other) == terms_of(run_folder)
    assert terms_of(make_run_folder(run_folder.parent / "010", LADDER[1], patch=9)) != terms_of(run_folder)


class _Run:
    """As much of a W&B run as is asked for."""

    def __init__(self, id: str, summary_metrics: dict[str, object], *, offline: bool = False) -> None:
        self.id, self.summary_metrics, self.offline = id, summary_metrics, offline
        self.entity, self.project, self.sweep_id = "us", "litcodec", "s1"


def test_siblings_of_a_sweep_come_from_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    import wandb

    asked: list[str] = []
    own = known_point(3)
    runs = [
        _Run("own", {"rd_point": as_json(own)}),
        _Run("done", {"rd_point": as_json(known_point(1)), "bpp": 1.0}),
        _Run("under-way", {"bpp": 2.0}),
        _Run("other-codec", {"rd_point": as_json(known_point(2, terms="another"))}),
    ]

    class Api:
        def __init__(self, timeout: int) -> None:
            self.runs = runs

        def sweep(self, path: str) -> "Api":
            asked.append(path)
            return self

    monkeypatch.setattr(wandb, "Api", Api)
    assert siblings_in_sweep(runs[0], own) == [known_point(1)]
    assert asked == ["us/litcodec/s1"]
    assert siblings_in_sweep(_Run("own", {}, offline=True), own) == []
    assert asked == ["us/litcodec/s1"]
    runs.append(_Run("damaged", {"rd_point": "{}"}))
    with pytest.raises(ResultsError, match=r"us/litcodec/s1: format litcodec-rd-point"):
        siblings_in_sweep(runs[0], own)
