import hashlib

from litcodec.data import bundled_photographs, image_size, list_images


def test_bundled_photographs_are_there_large_enough_and_small_together() -> None:
    root = bundled_photographs()
    train, heldback = list_images(root / "train"), list_images(root / "heldback")
    assert len(train) == 32
    assert len(heldback) == 4
    sizes = [image_size(path) for path in [*train, *heldback]]
    assert min(min(size) for size in sizes) >= 256
    assert sum(min(image_size(path)) >= 512 for path in heldback) >= 2
    assert any(h > w for h, w in map(image_size, heldback))
    assert sum(path.stat().st_size for path in root.rglob("*")) < 5.5e6


def test_every_bundled_photograph_is_listed_with_its_digest() -> None:
    root = bundled_photographs()
    rows = [line for line in (root / "LICENCES.md").read_text().splitlines() if line.startswith("| `")]
    listed = {line.split("`")[1]: line.split("`")[-2] for line in rows}
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        for part in ("train", "heldback")
        for path in list_images(root / part)
    }
    assert listed == found
