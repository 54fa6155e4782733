"""Splits are repeatable, keep groups together and strata in proportion, and never change."""

import json
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from segtf.data import (
    LabelMap,
    Sample,
    Source,
    extend_split,
    load_split,
    official_split,
    save_split,
    select,
    split_by_share,
    split_k_folds,
)
from segtf.runs import Run

SHARES = {"train": 0.7, "val": 0.2, "test": 0.1}


def sample(name, group=None, stratum=None):
    return Sample(str(name), Path(f"{name}.jpg"), Path(f"{name}.png"), group, stratum)


def plain(count):
    return [sample(index) for index in range(count)]


sample_lists = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(["x", "y", None])),
    min_size=30,
    max_size=60,
).map(lambda rows: [sample(index, *row) for index, row in enumerate(rows)])


def members(split):
    return [id_ for ids in split.values() for id_ in ids]


def groups_by_split(split, samples):
    group_of = {sample.id: sample.group for sample in samples}
    return [{group_of[id_] for id_ in ids} for ids in split.values()]


@settings(max_examples=40, deadline=None)
@given(samples=sample_lists, seed=st.integers(0, 5))
def test_every_sample_is_in_one_split_and_groups_never_straddle(samples, seed):
    assume(len({one.group for one in samples}) >= 5)
    split = split_by_share(samples, {"train": 0.7, "val": 0.3}, seed)
    assert sorted(members(split)) == sorted(one.id for one in samples)
    train, val = groups_by_split(split, samples)
    assert not train & val


@settings(max_examples=40, deadline=None)
@given(samples=sample_lists, seed=st.integers(0, 5))
def test_folds_hold_every_sample_out_once(samples, seed):
    assume(len({one.group for one in samples}) >= 5)
    folds = split_k_folds(samples, 3, seed)
    held_out = Counter(id_ for split in folds for id_ in split["val"])
    assert held_out == Counter(one.id for one in samples)
    for split in folds:
        assert sorted(members(split)) == sorted(one.id for one in samples)
        train, val = groups_by_split(split, samples)
        assert not train & val


def test_strata_keep_their_proportions():
    samples = [sample(f"{kind}{i}", stratum=kind) for kind in "abc" for i in range(40)]
    split = split_by_share(samples, SHARES)
    for name, share in SHARES.items():
        for kind in "abc":
            assert abs(sum(id_[0] == kind for id_ in split[name]) - 40 * share) <= 1
    for fold in split_k_folds(samples, 5):
        assert Counter(id_[0] for id_ in fold["val"]) == {"a": 8, "b": 8, "c": 8}


def test_the_order_of_files_changes_nothing_and_the_seed_does():
    samples = plain(50)
    split = split_by_share(samples, SHARES, seed=3)
    turned = split_by_share(samples[::-1], SHARES, seed=3)
    assert {name: sorted(ids) for name, ids in split.items()} == {
        name: sorted(ids) for name, ids in turned.items()
    }
    assert split != split_by_share(samples, SHARES, seed=4)


@settings(max_examples=40, deadline=None)
@given(old=st.integers(5, 30), new=st.integers(0, 40), seed=st.integers(0, 5))
def test_a_saved_split_only_grows(tmp_path_factory, old, new, seed):
    path = tmp_path_factory.mktemp("split") / "split.json"
    split = split_by_share(plain(old), {"train": 0.8, "val": 0.2}, seed)
    save_split(path, split)
    larger = extend_split(load_split(path), plain(old + new), seed)
    save_split(path, larger)
    assert all(larger[name][: len(ids)] == ids for name, ids in split.items())
    assert sorted(members(larger)) == sorted(one.id for one in plain(old + new))


def test_where_a_new_file_lands_depends_on_no_other():
    saved = {"train": ["0", "1", "2"], "val": ["3"]}
    together = extend_split(saved, plain(200))
    alone = [extend_split(saved, [sample(index)]) for index in range(4, 200)]
    assert {name: set(ids) for name, ids in together.items()} == {
        name: {id_ for split in alone for id_ in split[name]} for name in saved
    }
    assert 0.6 < len(together["train"]) / 200 < 0.9


def test_a_new_file_joins_its_group():
    samples = [sample("a", group="patient"), *(sample(f"b{i}", "patient") for i in range(9))]
    split = extend_split({"train": [f"t{i}" for i in range(99)], "val": ["a"]}, samples)
    assert split["val"] == ["a", *(f"b{i}" for i in range(9))]


def test_a_saved_assignment_cannot_be_changed(tmp_path):
    path = tmp_path / "split.json"
    save_split(path, {"train": ["a", "b"], "val": ["c"]})
    with pytest.raises(ValueError, match=r"\['b'\] no longer in 'train'"):
        save_split(path, {"train": ["a"], "val": ["b", "c"]})
    with pytest.raises(ValueError, match=r"no longer in 'val'"):
        save_split(path, {"train": ["a", "b"], "val": []})
    assert load_split(path) == {"train": ["a", "b"], "val": ["c"]}


def test_official_lists_come_first():
    def official(**splits):
        return official_split(Source("set", tuple(plain(20)), LabelMap(("a", "b")), splits))

    ids = [str(index) for index in range(20)]
    whole = official(train=ids[:10], val=ids[10:15], test=ids[15:])
    assert whole == {"train": ids[:10], "val": ids[10:15], "test": ids[15:]}
    halved = official(train=ids[:10], test=ids[10:])
    assert halved["test"] == ids[10:]
    assert sorted(halved["train"] + halved["val"]) == sorted(ids[:10])
    assert len(halved["val"]) == 2
    tested = official(test=ids[15:])
    assert len(tested["train"]) == 12 and len(tested["val"]) == 3
    assert official(val=ids[:5])["train"] == ids[5:]
    assert len(official()["val"]) == 4


@pytest.mark.parametrize(
    "mistake",
    [
        lambda: split_by_share(plain(5), {"train": 0.5}),
        lambda: split_by_share(plain(1), {"train": 0.5, "val": 0.5}),
        lambda: split_by_share([sample(i, "one") for i in range(9)], {"train": 0.5, "val": 0.5}),
        lambda: split_k_folds(plain(3), 1),
        lambda: split_k_folds(plain(3), 4),
        lambda: select(plain(3), ["7"]),
        lambda: load_split("nowhere.json"),
        lambda: save_split("nowhere.json", {"train": ["a"], "val": ["a"]}),
        lambda: extend_split({"train": []}, plain(3)),
    ],
)
def test_mistakes_are_explained(mistake):
    with pytest.raises(ValueError, match=r"(?s)Expected .*\. Received"):
        mistake()


def test_names_of_a_mac_are_found_in_a_saved_split(tmp_path):
    composed, apart = (unicodedata.normalize(form, "bl\u00e4") for form in ("NFC", "NFD"))
    sample = Sample(apart, Path("a.jpg"))
    assert sample.id == composed
    (tmp_path / "split.json").write_text(json.dumps({"train": [apart], "val": []}))
    for split in (load_split(tmp_path / "split.json"), Run(tmp_path).split()):
        assert select([sample], split["train"]) == [sample]
    assert Source("s", (sample,), LabelMap(("a", "b")), {"train": (apart,)}).splits == {
        "train": (composed,)
    }
