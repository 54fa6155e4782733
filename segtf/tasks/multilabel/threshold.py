"""The threshold of each class, from the validation images."""

from dataclasses import replace

import tensorflow as tf

from segtf.task_settings import MultilabelSettings
from segtf.tasks.multilabel.answer import class_names
from segtf.tasks.multilabel.decode import probabilities
from segtf.tasks.threshold_choice import ThresholdChoice


def settle(open_model, batches, spec, on_message):
    """Choose the thresholds of a model that has been trained, each class by itself.

    Args:
        open_model: function without arguments that returns the `keras.Model`.
        batches: data set of images, uint8 `(B, H, W, C)`, and targets, uint8 `(B, H, W, K)`.
        spec: its `ModelSpec`.
        on_message: called with a line of text for each class that a threshold helps.

    Returns:
        The `ModelSpec`, with the thresholds.
    """
    model = open_model()
    names = class_names(spec.labels)
    choices = [ThresholdChoice(spec.labels.ignore_class) for _ in names]
    for images, truth in batches.as_numpy_iterator():
        logits = model.predict_on_batch(images.astype("float32"))
        chances = probabilities(tf.constant(logits)).numpy()
        for image_truth, image_chances in zip(truth, chances, strict=True):
            for place, choice in enumerate(choices):
                choice.update(image_truth[..., place], image_chances[..., place])
    chosen = []
    for name, choice in zip(names, choices, strict=True):
        threshold, gain = choice.choose()
        chosen.append(threshold)
        if gain:
            on_message(
                f"{name}: threshold {threshold:.3f}: Dice over all pixels {gain:.4f} better than "
                "at 0.5"
            )
    return replace(spec, task=MultilabelSettings(tuple(chosen)))
