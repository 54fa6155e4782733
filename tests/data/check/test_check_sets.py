"""What a check finds in a set as a whole, and how it reports it."""

import numpy as np
import pytest
from damages import Pair, disc, picture
from PIL import Image

from segtf.cli.data import data as data_command
from segtf.data import DataError, Sample, Source, check_source, inspect_source, load_source
from segtf.data.check import report_text, write_html
from segtf.labels import LabelMap


def write_set(folder, masks, names=("background", "object")):
    (folder / "images").mkdir(parents=True)
    (folder / "masks").mkdir()
    (folder / "classes.txt").write_text("\n".join(names))
    for index, mask in enumerate(masks):
        Pair(folder, f"{index:02d}", index).save(mask=mask)
    return load_source("folder", folder)


def kinds(report):
    return {finding.kind for finding in report.findings}


def test_a_good_set_is_safe_and_its_figures_are_right(tmp_path):
    source = write_set(tmp_path / "set", [disc()] * 4)
    report = check_source(source)
    assert report.is_safe and not report.findings
    pixels = np.stack([picture(index) for index in range(4)]).reshape(-1, 3).astype(float)
    np.testing.assert_allclose(report.figures.mean, pixels.mean(axis=0))
    np.testing.assert_allclose(report.figures.spread, pixels.std(axis=0))
    assert report.figures.classes[1].share == pytest.approx(disc().mean())
    assert report.figures.classes[1].images == 4
    assert report.figures.smallest == report.figures.largest == (48, 64)


def test_masks_of_0_and_255_are_read_as_0_and_1(tmp_path):
    source = write_set(tmp_path / "set", [disc(value=255)] * 3 + [disc(value=0)])
    report = check_source(source)
    assert report.is_safe
    assert kinds(report) == {"0/255", "empty mask"}
    assert report.figures.classes[1].images == 3
    ready, notices = inspect_source(source)
    assert "255 is read as class 1" in notices[0]
    assert all(sample.mask_values == {0: 0, 255: 1} for sample in ready.samples)


def test_a_damaged_mask_does_not_change_how_the_others_are_read(tmp_path):
    smooth = Image.fromarray(disc((192, 256), 255)).resize((64, 48), Image.Resampling.BICUBIC)
    source = write_set(tmp_path / "set", [disc(value=255)] * 3 + [smooth])
    ready, _ = inspect_source(source, skip_broken=True)
    assert [sample.mask_values for sample in ready.samples] == [{0: 0, 255: 1}] * 3


def test_the_smaller_part_of_a_mixed_set_is_blamed(tmp_path):
    source = write_set(tmp_path / "set", [disc(value=255)] * 3 + [disc()])
    (finding,) = check_source(source).errors
    assert finding.kind == "mixed 0/255"
    assert [path.stem for path in finding.files] == ["03"]


def test_an_ignore_class_is_not_taken_for_foreground(tmp_path):
    ring = disc()
    ring[0] = 255
    nothing = np.zeros_like(ring)
    nothing[0] = 255
    masks = [ring, ring, nothing, np.full_like(ring, 255)]
    report = check_source(write_set(tmp_path / "set", masks))
    assert report.is_safe
    assert kinds(report) == {"empty mask", "ignored mask"}


def test_0_and_255_cannot_be_many_classes(tmp_path):
    source = write_set(tmp_path / "set", [disc(value=255)] * 2, ("a", "b", "c"))
    assert "0/255 with many classes" in kinds(check_source(source))


def test_shifted_ids_are_an_error_that_skipping_does_not_help(tmp_path):
    source = write_set(tmp_path / "set", [disc() + 1, disc() + 1, disc() * 0 + 1])
    assert "shifted ids" in kinds(check_source(source))
    with pytest.raises(DataError, match="ids from 1 to 2"):
        inspect_source(source, skip_broken=True)


def test_no_foreground_and_absent_classes(tmp_path):
    report = check_source(write_set(tmp_path / "none", [disc(value=0)] * 2))
    assert kinds(report) == {"no foreground"} and not report.is_safe
    report = check_source(write_set(tmp_path / "one", [disc()] * 2, ("a", "b", "c")))
    assert report.is_safe
    assert "c: in none of 2 masks" in report.findings[0].cause


def leaking_source(folder, splits):
    source = write_set(folder, [disc()] * 4)
    Pair(folder, "02", 0).save()
    samples = [Sample(s.id, s.image, s.mask, group=s.id[-1] * 2) for s in source.samples]
    return Source("set", tuple(samples), source.labels, splits=splits)


SPLITS = {"train": ("00", "01"), "val": ("02", "03")}


def test_copies_across_splits_are_leakage(tmp_path):
    source = leaking_source(tmp_path / "set", {})
    report = check_source(source, split=SPLITS)
    (finding,) = report.errors
    assert finding.kind == "leakage"
    assert {path.stem for path in finding.files} == {"00", "02"}


def test_copies_across_published_splits_are_a_warning(tmp_path):
    report = check_source(leaking_source(tmp_path / "set", SPLITS))
    assert report.is_safe
    assert "published leakage" in kinds(report)


def test_splits_must_fit_the_samples(tmp_path):
    source = write_set(tmp_path / "set", [disc()] * 3)
    samples = tuple(Sample(s.id, s.image, s.mask, group="one") for s in source.samples)
    source = Source("set", samples, source.labels)
    split = {"train": ["00", "01", "gone"], "val": ["01", "02"]}
    report = check_source(source, split=split)
    causes = " ".join(finding.cause for finding in report.errors)
    assert "gone" in causes
    assert "is in the splits train and val" in causes
    assert "group in several splits" in kinds(report)


def test_reports_name_files_causes_and_remedies(tmp_path):
    source = write_set(tmp_path / "set", [disc(), disc(), disc(value=9)])
    (tmp_path / "set" / "images" / "01.png").write_bytes(b"<html>")
    report = check_source(source)
    text = report_text(report)
    write_html(report, tmp_path / "report.html")
    html = (tmp_path / "report.html").read_text()
    for words in ("images/01.png", "masks/02.png", "holds 9", "failed download", "NOT safe"):
        assert words in text
        assert words in html
    for finding in report.findings:
        assert finding.remedy in text
    assert html.count("data:image/jpeg;base64,") >= 3
    assert 'src="http' not in html and "<script" not in html


def test_what_many_files_have_is_said_once(tmp_path):
    source = write_set(tmp_path / "set", [disc()] + [disc(value=9)] * 12)
    report = check_source(source)
    write_html(report, tmp_path / "report.html")
    cause = next(found.cause for found in report.errors if "9" in found.cause)
    text, html = report_text(report), (tmp_path / "report.html").read_text()
    assert text.count(cause) == html.count(cause) == 1
    assert "masks/10.png and 2 more" in text
    assert "12 times" in html and "masks/12.png" in html


def test_samples_without_masks_are_errors(tmp_path):
    source = write_set(tmp_path / "set", [disc()] * 2)
    samples = (*source.samples[:1], Sample("b", source.samples[1].image))
    report = check_source(Source("set", samples, LabelMap(("a", "b"))))
    assert [finding.kind for finding in report.errors] == ["no mask"]


@pytest.mark.parametrize(("value", "status"), [(1, 0), (9, 1)])
def test_the_exit_status_says_whether_training_is_safe(tmp_path, value, status):
    from click.testing import CliRunner

    write_set(tmp_path / "set", [disc(), disc(), disc(value=value)])
    html = tmp_path / "report.html"
    arguments = ["check", str(tmp_path / "set"), "--html", str(html)]
    result = CliRunner().invoke(data_command, arguments)
    assert result.exit_code == status, result.output
    assert ("NOT safe" in result.output) == bool(status)
    assert html.is_file()


def test_show_draws_samples_before_and_after_augmentation(tmp_path):
    from click.testing import CliRunner

    write_set(tmp_path / "set", [disc()] * 3)
    out = tmp_path / "sheet.png"
    arguments = ["show", str(tmp_path / "set"), "--out", str(out), "--count", "2"]
    result = CliRunner().invoke(data_command, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    with Image.open(out) as sheet:
        assert sheet.width > 4 * 256
