"""Which images of a data set a model of one's own is measured on."""

from pathlib import Path

import click

from segtf.cli.options import SEED, Number

_FILE = ".json"


def split_options(command):
    """Add the options that divide a data set."""
    for option in (
        click.option(
            "--split",
            help="train, val, all, a split of the data set, or a saved one (FILE.json: its val).",
        ),
        click.option(
            "--val-share",
            type=Number(0, 1, min_open=True, max_open=True),
            help="Measure the share that `segtf train` would hold out with this and --seed.",
        ),
        click.option("--seed", type=SEED, default=0, show_default=True, help="Of --val-share."),
    ):
        command = option(command)
    return command


def divide(source, split, val_share, seed):
    """Return a data set divided by these options, and the name of the split to measure.

    Args:
        source: the `Source`, or `None` for that of a run.
        split: what ``--split`` was given, or `None`.
        val_share: what ``--val-share`` was given, or `None`.
        seed: of the share.

    Raises:
        ValueError: for options that do not go together, or a split of other data.
    """
    from segtf.data import load_split
    from segtf.data.held_out import hold_out, with_split

    is_file = split is not None and Path(split).suffix.lower() == _FILE
    if not is_file and val_share is None:
        return source, split
    if source is None:
        raise ValueError(
            "Expected --data or --data-dir with a saved split or --val-share: a run has its own. "
            f"Received: {f'--split {split}' if is_file else f'--val-share {val_share:g}'} alone"
        )
    if is_file and val_share is not None:
        raise ValueError(
            f"Expected a saved split or --val-share, not both. Received: {split} and {val_share:g}"
        )
    if is_file:
        return with_split(source, load_split(split)), "val"
    return hold_out(source, val_share, seed), split or "val"


def lines_of_unknown_split(model, source, split):
    """Yield a line where training images may be among those that are measured.

    Args:
        model: path of the model.
        source: the `Source`, or `None` for that of a run.
        split: name of the split that is measured, or `None`.
    """
    from segtf.inference.formats import find_model

    is_unknown = source is not None and split is None and "train" not in source.splits
    if is_unknown and find_model(model).best_of is None:
        yield (
            f"all {len(source.samples)} images are measured: if the model was trained on some, the "
            "figures flatter it; --split FILE.json or --val-share SHARE --seed SEED leave these out"
        )
