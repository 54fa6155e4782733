"""Heads: what turns the feature map of a body into a model's output."""

from keras import layers


def segmentation_head(features, num_classes, kernel_size=1, name="logits"):
    """Return one logit per pixel and class.

    They are float32 under every dtype policy, since losses and probabilities in half precision
    lose small values.

    Args:
        features: feature map `(B, H, W, C)` of a body.
        num_classes: channels of the result; 1 for a binary task.
        kernel_size: side of the kernel in pixels.
        name: name of the layer, and so of the model's output.

    Raises:
        ValueError: if `num_classes` is not positive.
    """
    if num_classes < 1:
        raise ValueError(f"Expected at least one class. Received: num_classes={num_classes}")
    return layers.Conv2D(
        num_classes,
        kernel_size,
        padding="same",
        dtype="float32",
        name=name,
    )(features)
