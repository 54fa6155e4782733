"""What is learnt: of each class whether it is there. Whether there is something to learn, and
something to choose an epoch by, is looked at before."""

from dataclasses import replace

import numpy as np
import tensorflow as tf

from segtf.tasks.multilabel.answer import class_ids, class_names

_BLIND_WITHOUT_CLASSES = ("val_mean_dice", "val_mean_iou")


def targets(annotation, spec):
    """Return what the model is to learn.

    Args:
        annotation: a `segtf.data.Annotation`, arrays or tensors, of an image or of a batch.
        spec: the `ModelSpec`.

    Returns:
        uint8 `(..., H, W, K)`, of each class but the background whether it is there: 0 or 1, or
        the ignore class. An array of arrays, a tensor of tensors.
    """
    ids = list(class_ids(spec.labels))
    if isinstance(annotation.labels, np.ndarray):
        return annotation.labels[..., ids]
    return tf.gather(annotation.labels, ids, axis=-1)


def check_classes(data, labels, config, on_message):
    """Look at the masks of both splits, as the model will see them.

    Args:
        data: a `TrainingData`.
        labels: the `LabelMap`.
        config: the `TrainConfig`.
        on_message: called with a line about classes that no image shows, and if the monitored
            metric has to be another one.

    Returns:
        The `TrainConfig`. Its `monitor` is ``val_loss`` where the held-out images show no class:
        Dice and IoU are best then where nothing is found.

    Raises:
        ValueError: if the images to train on show no class, or everywhere the same ones; or for
            class weights, which a loss of each class by itself has no use for.
    """
    if config.class_weights != "none":
        raise ValueError(
            "Expected class_weights='none' for a multi-label task, whose loss is a mean over the "
            f"classes. Received: {config.class_weights!r}"
        )
    if config.monitor == "val_pixel_accuracy":
        raise ValueError(
            "Expected monitor as val_mean_dice, val_mean_iou or val_loss for a multi-label task, "
            f"where a pixel has several classes. Received: {config.monitor!r}"
        )
    names = class_names(labels)
    shown, lacking = _shown(data.unchanged(), labels, len(names))
    if not (shown & lacking).any():
        raise ValueError(
            f"Expected masks to train on in which a class is there and is not at {config.size} "
            f"pixels: there is nothing to learn. Received: {len(data.train)} images of "
            f"{', '.join(np.array(names)[shown]) or 'no class'} alone"
        )
    if not shown.all():
        absent = ", ".join(np.array(names)[~shown])
        on_message(f"no image to train on shows {absent}: nothing is learnt of it")
    held_out, _ = _shown(data.validation(), labels, len(names))
    unseen = ", ".join(np.array(names)[shown & ~held_out])
    if held_out.any():
        if unseen:
            on_message(f"no held-out image shows {unseen}: what is said of it is not measured")
        return config
    monitor = config.monitor
    if monitor in _BLIND_WITHOUT_CLASSES:
        config = replace(config, monitor="val_loss")
    chosen = f", so the best epoch is chosen by {config.monitor}" * (config.monitor != monitor)
    on_message(f"no held-out image shows a class{chosen}")
    return config


def _shown(batches, labels, count):
    """Of each class whether it is there somewhere, and whether it is not somewhere."""
    shown, lacking = np.zeros(count, bool), np.zeros(count, bool)
    for _, truth in batches.as_numpy_iterator():
        shown |= (truth == 1).any(axis=(0, 1, 2))
        lacking |= (truth == 0).any(axis=(0, 1, 2))
        if shown.all() and lacking.all():
            break
    return shown, lacking
