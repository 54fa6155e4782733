"""segtf.load: a predictor from whatever a model was saved as."""

from segtf import signatures
from segtf.inference.formats import find_model
from segtf.inference.predictor import Predictor


def load(path_or_model, labels=None, resize=None, threshold=None, size=None, outputs=None):
    """Return a predictor for a trained or exported model.

    A ``keras.Model`` or ``.keras`` file of your own has to take pixels 0..255; one that was
    trained on other values needs its scaling in front, for example
    ``keras.Sequential([keras.layers.Rescaling(1 / 255), model])``. The same goes for a ``.tflite``
    or ``.onnx`` file of your own, whose channels may lie last or first; where its input is
    quantised, pixels are.

    What is resized to the image's own size are logits. A final sigmoid or softmax is taken off, or,
    where something follows it (a resize, a reshape), probabilities are turned into logits. Two
    channels of a binary task become their difference. A final argmax or comparison gives class
    ids, for which `labels` say how many classes there are. Where the graph does not show what a
    model gives, each answer is looked at until one cannot be of probabilities (a value below 0,
    or above 1 with several channels); until then one that may be is refused, so that nothing is
    taken for what it is not; with `outputs` it is settled.

    Args:
        path_or_model: a run folder (or `Run`), a ``.keras`` file, a `keras.Model`, a SavedModel
            folder that `segtf.export` wrote (``DIR/1``, or ``DIR`` for its newest version), a
            ``.tflite`` file, or an ``.onnx`` file (extra ``onnx``).
        labels: `LabelMap`, for a model that brings none; by default ``class_0``, ``class_1``, ...
            With a model that brings one, it replaces names and colours.
        resize: how an image is brought to the model's size: ``stretch``, ``letterbox`` or
            ``crop``. By default what the model brings, or ``stretch``.
        threshold: probability from which a pixel of a binary task is foreground. By default what
            the model brings, or 0.5.
        size: height and width to work at, for a model that takes any size.
        outputs: ``logits`` or ``probabilities``, for a model of your own whose graph does not
            show which of them it gives. ``logits`` are taken as they are, whatever it shows.

    Returns:
        A `Predictor`: ``load(path)(image).mask`` is a uint8 array of class ids at the image's
        own size.

    Raises:
        ValueError: for something else than the above, or for arguments that do not fit it.

    Example:

    >>> import keras, numpy as np
    >>> pixels = keras.Input((32, 32, 3))
    >>> model = keras.Model(pixels, keras.layers.Conv2D(1, 3, padding="same")(pixels))
    >>> predict = load(model)
    >>> predict(np.zeros((40, 50, 3), "uint8")).mask.shape
    (40, 50)
    """
    found = find_model(path_or_model)
    backend = found.format.open(
        found, labels=labels, resize=resize, threshold=threshold, size=size, outputs=outputs
    )
    if threshold is not None and signatures.LOGITS not in backend.heads:
        raise ValueError(
            f"Expected no threshold for a model that gives {_given(backend)}: it has decided "
            "already. "
            f"Received: threshold={threshold}"
        )
    return Predictor(backend)


def _given(backend):
    (name,) = backend.heads
    return name.replace("_", " ")
