"""What a training makes small."""

from segtf.losses import CrossentropyDice
from segtf.metrics import LabelCounts
from segtf.tasks.multilabel.answer import class_ids


def objective(data, labels, config, on_message):
    """Return the loss of a multi-label training, and the metric that is shown.

    The loss is the binary cross-entropy of every pixel and class and the Dice of each class. What
    is ignored of a class counts nowhere.

    Args:
        data: the `TrainingData`.
        labels: the `LabelMap`.
        config: the `TrainConfig`.
        on_message: called with lines of text.

    Returns:
        A `keras.losses.Loss` and a `segtf.metrics.LabelCounts`.
    """
    loss = CrossentropyDice(multi_label=True, ignore_class=labels.ignore_class)
    return loss, LabelCounts(len(class_ids(labels)))
