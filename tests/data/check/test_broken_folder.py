"""A folder with every kind of damage among good files: each is named, no good one is blamed."""

import shutil

import numpy as np
import pytest
from damages import DAMAGES, Pair, disc, picture
from PIL import Image

from segtf.data import DataError, check_source, inspect_source, load_source, read_class_ids
from segtf.data.check import ERROR, KINDS
from segtf.data.decode import read_image

GOOD = 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("broken")
    (folder / "images").mkdir()
    (folder / "masks").mkdir()
    (folder / "classes.txt").write_text("background\nobject\n")
    for index in range(GOOD):
        Pair(folder, f"good-{index:02d}", index).save()
    for index, (name, (damage, _)) in enumerate(DAMAGES.items()):
        damage(Pair(folder, name, 10_000 + index))
    copied = picture(20_000)
    Pair(folder, "copy-a", 20_000).save()
    Pair(folder, "copy-b", 0).save(copied, np.flipud(disc((48, 64))[:40].repeat(2, 0)[:48]))
    Pair(folder, "near-a", 20_001).save()
    near = Image.fromarray(picture(20_001)).resize((80, 60), Image.Resampling.BICUBIC)
    near.save(folder / "images" / "near-b.jpg", quality=80)
    Image.fromarray(disc((60, 80))).save(folder / "masks" / "near-b.png")
    return folder


@pytest.fixture(scope="module")
def report(folder):
    return check_source(load_source("folder", folder))


def kinds_of(report, name):
    return {
        finding.kind for finding in report.findings for path in finding.files if path.stem == name
    }


def test_there_are_enough_kinds_of_damage():
    assert len(DAMAGES) >= 30


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_named_with_its_cause(report, name):
    kind = DAMAGES[name][1]
    assert kind in kinds_of(report, name)
    finding = next(
        finding
        for finding in report.findings
        if finding.kind == kind and any(path.stem == name for path in finding.files)
    )
    assert finding.cause and finding.remedy and finding.title


def test_no_good_file_is_blamed(report):
    blamed = {path.stem for finding in report.findings for path in finding.files}
    assert not [name for name in blamed if name.startswith("good-")]


def test_one_damage_is_not_reported_as_an_error_of_another_kind(report):
    for name, (_, kind) in DAMAGES.items():
        errors = {found for found in kinds_of(report, name) if KINDS[found].severity == ERROR}
        assert errors <= {kind}, name


def test_copies_are_found(report):
    assert {"duplicate", "contradiction"} <= kinds_of(report, "copy-b")
    assert kinds_of(report, "copy-a") == {"duplicate", "contradiction"}
    assert kinds_of(report, "near-a") == kinds_of(report, "near-b") == {"near duplicate"}


def test_the_set_is_not_safe(report):
    assert not report.is_safe
    assert report.errors and report.warnings
    assert report.findings == (*report.errors, *report.warnings)


def test_training_refuses_by_default(folder):
    with pytest.raises(DataError, match="samples that can be trained on"):
        inspect_source(load_source("folder", folder))


def test_broken_samples_are_skipped_on_request(folder, report):
    source = load_source("folder", folder)
    kept, notices = inspect_source(source, skip_broken=True)
    errors = {name for name, (_, kind) in DAMAGES.items() if KINDS[kind].severity == ERROR}
    names = {sample.id for sample in kept.samples}
    assert names >= {f"good-{index:02d}" for index in range(GOOD)}
    assert names & errors == {"two-images"}  # one of the two is used
    left_out = len(source.samples) - len(kept.samples)
    strays = {name for name in errors if name in ("no-mask", "no-image", "two-images")}
    assert f"{left_out} of {len(source.samples)} samples are left out" in notices[-1]
    assert f"{len(strays)} files without a partner" in notices[-1]
    for sample in kept.samples:
        image, mask = read_image(sample.image), read_class_ids(sample, kept.labels)
        assert image.shape[:2] == mask.shape
    assert inspect_source(kept)[0].samples == kept.samples


def test_inspection_and_check_find_the_same_errors_in_samples(folder, report):
    kept, _ = inspect_source(load_source("folder", folder), skip_broken=True)
    assert not check_source(kept).errors
    blamed = {id_ for finding in report.errors for id_ in finding.sample_ids}
    assert {sample.id for sample in kept.samples} == {
        sample.id for sample in report.source.samples
    } - blamed


def test_a_set_without_a_good_sample_is_refused_in_any_case(folder, tmp_path):
    for part in ("images", "masks"):
        (tmp_path / part).mkdir()
    shutil.copy(folder / "images" / "truncated-png.png", tmp_path / "images" / "a.png")
    shutil.copy(folder / "masks" / "truncated-png.png", tmp_path / "masks" / "a.png")
    with pytest.raises(DataError, match=r"a\.png"):
        inspect_source(load_source("folder", tmp_path), skip_broken=True)
