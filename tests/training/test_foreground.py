"""Sets whose masks show too little to learn from, or to choose an epoch by."""

import numpy as np
import pytest
from PIL import Image

import segtf
from segtf.data import load_source

TINY = {
    "model": "unet",
    "model_settings": {"base_filters": 2, "depth": 1},
    "size": (16, 16),
    "batch_size": 2,
    "augment": "none",
}


def write_set(folder, train, val):
    """Two images to train on and one that is held out, of these mask values."""
    rng = np.random.default_rng(0)
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    lines = ["image,mask,split"]
    for index, values in enumerate((train, train, val)):
        mask = np.full((24, 24), values[0], np.uint8)
        mask[8:16, 8:16] = values[-1]
        image = rng.integers(0, 255, (24, 24, 3)).astype(np.uint8)
        for part, pixels in (("images", image), ("masks", mask)):
            Image.fromarray(pixels).save(folder / part / f"{index}.png")
        split = "train" if index < 2 else "val"
        lines.append(f"images/{index}.png,masks/{index}.png,{split}")
    (folder / "pairs.csv").write_text("\n".join(lines) + "\n")
    return load_source("folder", folder, pairs="pairs.csv")


def train(path, source, messages=None, **settings):
    config = segtf.TrainConfig(**TINY, **settings)
    say = (lambda line: None) if messages is None else messages.append
    return segtf.train(path, source, config, on_message=say, verbose=0)


@pytest.mark.parametrize(
    ("train_values", "val_values", "what"),
    [
        ([0], [0, 1], "background alone"),
        ([1], [0, 1], "foreground alone"),
        ([255, 0], [255, 1], "background alone"),
    ],
)
def test_one_class_alone_is_refused_before_training(tmp_path, train_values, val_values, what):
    source = write_set(tmp_path / "data", train_values, val_values)
    with pytest.raises(ValueError, match=rf"several classes.*Received: 2 images of {what}"):
        train(tmp_path / "run", source)
    assert not (tmp_path / "run").exists()


def test_held_out_images_without_foreground_are_measured(tmp_path):
    source, messages = write_set(tmp_path / "data", [0, 1], [0]), []
    run = train(tmp_path / "run", source, messages, epochs=3)
    assert any("no held-out image shows foreground" in line for line in messages)
    losses = [row["val_loss"] for row in run.history()]
    assert run.best_epoch()["epoch"] == 1 + int(np.argmin(losses))
    assert (run.monitor, run.spec().threshold) == ("val_loss", 0.5)
    found = segtf.evaluate(run)
    assert found.matrix[0].sum() == 24 * 24
    assert found.summary()["mean_dice"] in (0.0, 1.0)
    assert found.summary()["threshold"]["best"] is None
    exported = segtf.export(run, tmp_path / "out", format="tflite", speed=False)
    assert exported.agreement == 1.0
    assert exported.report.labelled == 1


def test_a_figure_that_needs_no_foreground_stays_monitored(tmp_path):
    source, messages = write_set(tmp_path / "data", [0, 1], [0]), []
    run = train(tmp_path / "run", source, messages, epochs=1, monitor="val_pixel_accuracy")
    assert run.monitor == "val_pixel_accuracy"
    assert any(line.endswith("whether any is made up") for line in messages)
