"""What a training makes small."""

from segtf.losses import CrossentropyDice, PixelCrossentropy, SoftDice, WeightedSum
from segtf.metrics import ConfusionMatrix
from segtf.tasks.semantic.class_weights import CLASS_WEIGHTS, median_frequency


def objective(data, labels, config, on_message):
    """Return the loss that a `TrainConfig` describes, and the metric that is shown.

    Args:
        data: the `TrainingData`, from whose masks weights of the classes are counted.
        labels: the `LabelMap`.
        config: the `TrainConfig`.
        on_message: called with a line about the weights of the classes, where there are any.

    Returns:
        A `keras.losses.Loss` and a `segtf.metrics.ConfusionMatrix`.
    """
    metric = ConfusionMatrix(labels.num_classes, ignore_class=labels.ignore_class)
    return _loss(data, labels, config, on_message), metric


def _loss(data, labels, config, on_message):
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
