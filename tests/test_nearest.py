"""A mistyped name is answered with the names that are near it, not with all there are."""

import pytest

from segtf.nearest import names_to_choose


def test_the_nearest_stand_first_whatever_their_capitals():
    known = [f"unet-{size}" for size in range(20)] + ["SegNet", "lite-small"]
    assert names_to_choose(known, "segnt").startswith("SegNet (the nearest of 22)")
    assert names_to_choose(known, "small").startswith("lite-small (")
    assert names_to_choose(known, "unet-1").startswith("unet-1, ")
    assert names_to_choose(known, "fcn").count(",") == 21


@pytest.mark.parametrize(
    ("look_up", "near", "far"),
    [
        ("model", "unet-mobilenetv3-small", "segnet-basic"),
        ("source", "membrane", "ph2-diagnosis"),
        ("setting", "base_filters", "dropout"),
    ],
)
def test_names_are_looked_up_so_everywhere(look_up, near, far):
    from segtf.data import load_source
    from segtf.models import build_model

    calls = {
        "model": lambda: build_model("unet-mobilenet-small", (32, 32, 3)),
        "source": lambda: load_source("membranes", "."),
        "setting": lambda: build_model("unet", (32, 32, 3), base_filter=4),
    }
    with pytest.raises(ValueError, match="Received: ") as raised:
        calls[look_up]()
    assert near in str(raised.value) and far not in str(raised.value)


def test_no_folder_is_guessed(monkeypatch):
    from segtf.data import load_source

    monkeypatch.delenv("SEGTF_DATA", raising=False)
    with pytest.raises(ValueError, match=r"--data-dir .*SEGTF_DATA, whose folder ph2 "):
        load_source("ph2-diagnosis")
