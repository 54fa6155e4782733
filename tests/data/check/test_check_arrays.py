"""Images of other numbers of channels are checked and drawn like pictures."""

import numpy as np
from damages import disc
from PIL import Image

from segtf.data import check_source, inspect_source, load_source
from segtf.data.check import draw_samples, write_html


def test_images_of_five_channels(tmp_path):
    for part in ("images", "masks"):
        (tmp_path / part).mkdir()
    rng = np.random.default_rng(0)
    for name in "abcd":
        np.save(tmp_path / f"images/{name}.npy", rng.integers(0, 256, (48, 64, 5), np.uint8))
        Image.fromarray(disc()).save(tmp_path / f"masks/{name}.png")
    source = load_source("folder", tmp_path, channels=5)
    report = check_source(source)
    assert report.is_safe and not report.warnings
    assert len(report.figures.mean) == 5
    write_html(report, tmp_path / "report.html")
    draw_samples(source, tmp_path / "sheet.png", count=2)

    content = (tmp_path / "images/a.npy").read_bytes()
    (tmp_path / "images/a.npy").write_bytes(content[:1000])
    np.save(tmp_path / "images/b.npy", rng.integers(0, 256, (48, 64, 4), np.uint8))
    kinds = {finding.files[0].stem: finding.kind for finding in check_source(source).errors}
    assert kinds == {"a": "damaged", "b": "channels"}
    kept, _ = inspect_source(source, skip_broken=True)
    assert [sample.id for sample in kept.samples] == ["c", "d"]
