"""Every set at hand loads by name and passes the check without errors."""

import pytest

from segtf.data import load_source, select
from segtf.data.check import check_source
from segtf.data.sample import Source

COUNTS = {
    "camvid": 468,
    "coco": 144,
    "human": 231,
    "membrane": 24,
    "nuclei": 201,
    "pets": 192,
    "ph2": 160,
    "ph2-diagnosis": 160,
}


def load(name, real_data):
    folder = real_data / name.split("-")[0]
    if not folder.is_dir():
        pytest.skip(f"real data is not there: {folder}")
    return load_source(name, folder)


@pytest.mark.parametrize("name", COUNTS)
def test_it_loads_whole_and_its_first_samples_are_sound(name, real_data):
    source = load(name, real_data)
    assert len(source.samples) == COUNTS[name]
    assert not source.strays
    for ids in source.splits.values():
        assert len(select(source.samples, ids)) == len(ids)
    some = source.samples[:: len(source.samples) // 4]
    part = Source(name, some, source.labels, channels=source.channels)
    assert check_source(part).is_safe


@pytest.mark.slow
@pytest.mark.parametrize("name", COUNTS)
def test_the_whole_set_passes_the_check(name, real_data):
    report = check_source(load(name, real_data))
    assert not report.errors
    assert report.figures.classes[1].images > 0
