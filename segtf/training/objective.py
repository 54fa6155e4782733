"""What a training makes small."""

from segtf.losses import CrossentropyDice, PixelCrossentropy, SoftDice, WeightedSum
from segtf.training.class_weights import median_frequency
from segtf.training.config import CLASS_WEIGHTS


def make_loss(data, labels, config, on_message):
    """Return the loss that a `TrainConfig` describes.

    Args:
        data: the `TrainingData`, from whose masks weights of the classes are counted.
        labels: the `LabelMap`.
        config: the `TrainConfig`.
        on_message: called with a line about the weights of the classes, where there are any.
    """
    if config.class_weights == "none":
        return CrossentropyDice(ignore_class=labels.ignore_class)
    masks = (masks for _, masks in data.unchanged().as_numpy_iterator())
    weights = median_frequency(masks, labels.num_classes, CLASS_WEIGHTS[config.class_weights])
    named = zip(labels.names, weights, strict=True)
    on_message(f"class weights: {', '.join(f'{name} {weight:.2f}' for name, weight in named)}")
    return WeightedSum(
        [
            (PixelCrossentropy(class_weights=weights, ignore_class=labels.ignore_class), 1.0),
            (SoftDice(ignore_class=labels.ignore_class), 1.0),
        ]
    )
