"""What is learnt: class ids. Whether they show something to learn, and something to choose an epoch
by, is looked at before."""

from dataclasses import replace

import numpy as np

from segtf.tasks.semantic.answer import thresholded_class

_BLIND_WITHOUT_FOREGROUND = ("val_mean_dice", "val_mean_iou")


def targets(annotation, spec):
    """Return what the model is to learn.

    Args:
        annotation: a `segtf.data.Annotation` of tensors of a batch.
        spec: the `ModelSpec`.

    Returns:
        uint8 class ids `(B, H, W)`.
    """
    return annotation.classes


def check_foreground(data, labels, config, on_message):
    """Look at the masks of both splits, as the model will see them.

    Args:
        data: a `TrainingData`.
        labels: the `LabelMap`.
        config: the `TrainConfig`.
        on_message: called with a line if the monitored figure has to be another one.

    Returns:
        The `TrainConfig`. Its `monitor` is ``val_loss`` where the held-out images of a binary
        task show no foreground: Dice and IoU are 0 or 1 then, and best where nothing is found.

    Raises:
        ValueError: if the images to train on show one class alone, or none.
    """
    seen = _classes_shown(data.unchanged(), labels, enough=2)
    if len(seen) < 2:
        shown = "".join(f"{labels.names[id_]} alone" for id_ in seen) or "ignored pixels alone"
        raise ValueError(
            f"Expected masks to train on that show several classes at {config.size} pixels: there "
            f"is nothing to learn from one. Received: {len(data.train)} images of {shown}"
        )
    if thresholded_class(labels.names) is None:
        return config
    if 1 in _classes_shown(data.validation(), labels, enough=2):
        return config
    monitor = config.monitor
    if monitor in _BLIND_WITHOUT_FOREGROUND:
        config = replace(config, monitor="val_loss")
    chosen = f", so the best epoch is chosen by {config.monitor}" * (config.monitor != monitor)
    on_message(
        f"no held-out image shows {labels.names[1]}: Dice and IoU say only whether any is made "
        f"up{chosen}"
    )
    return config


def _classes_shown(batches, labels, enough):
    """Ids of the classes in the masks, ascending; no further batch is read once it is enough."""
    seen = set()
    for _, masks in batches.as_numpy_iterator():
        seen |= set(np.unique(masks).tolist()) - {labels.ignore_class}
        if len(seen) >= enough:
            break
    return sorted(seen)
