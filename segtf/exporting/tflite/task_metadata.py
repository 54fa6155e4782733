"""What a TFLite file says about itself in TFLite's own words, for MediaPipe and code generators.

The tables are those of TFLite's ``metadata_schema.fbs`` (version 1.5.0) and of MediaPipe's
``image_segmenter_metadata_schema.fbs``. They are written from their slot numbers, which never
change in a FlatBuffers schema: the generated code of these schemas comes only with the packages
`mediapipe` and `tflite-support`, which an export must not need.
"""

import segtf
from segtf.exporting.tflite.flat_tables import Byte, Floats, Nested, UInt, write_table
from segtf.signatures import CLASS_IDS, LABELS, LOGITS
from segtf.tasks.choice import task_of

LABELS_FILE, CHANNELS_FILE = "labels.txt", "channels.txt"
_SCHEMA_VERSION = "1.5.0"
_DESCRIPTIONS, _AXIS_LABELS, _VALUE_LABELS = 1, 2, 3
_FEATURE, _IMAGE = 1, 2
_RGB, _GREY = 1, 2
_NORMALIZATION = 1
_ACTIVATIONS = {"sigmoid": 1, "softmax": 2}


def task_metadata(spec, name, gives, dynamic_size=False):
    """Return the content of the entry ``TFLITE_METADATA``, and the files that it names.

    Args:
        spec: the `ModelSpec`.
        name: name of the model.
        gives: what comes out, ``logits``, ``class_ids`` or ``labels``.
        dynamic_size: whether it takes any height and width.

    What MediaPipe would misread without a word is not called an image, for which it refuses the
    file: class ids `(1, H, W)`, of which it takes the width for channels, and any size, which it
    takes for images of one pixel.

    Returns:
        bytes, and a dict of file name to text: ``labels.txt``, the class names in id order, and
        where the channels are not all classes, as of the one logit of a binary task,
        ``channels.txt``, the names of what they tell.
    """
    files = {LABELS_FILE: labels_text(spec.labels.names)}
    labels = _file(LABELS_FILE, "Class names in id order.", _labels_type(spec, gives))
    subgraph = {
        2: [_input(spec, gives == LOGITS and not dynamic_size)],
        3: [_output(spec, gives, [labels])],
    }
    if gives != CLASS_IDS:
        text = task_of(spec).texts(spec)[LOGITS]
        if text.names != spec.labels.names:
            files[CHANNELS_FILE] = labels_text(text.names)
            channels = _file(CHANNELS_FILE, "What the channel tells.", _AXIS_LABELS)
            subgraph[3] = [_output(spec, gives, [channels])]
            subgraph[4] = [labels]
    if gives == LOGITS:
        options = write_table({0: Byte(_ACTIVATIONS[text.activation]), 1: "1.0"}, b"V001")
        subgraph[9] = [{0: "SEGMENTER_METADATA", 1: Nested(options)}]
    model = {
        0: name,
        1: f"Segments an image into {', '.join(spec.labels.names)}. Exported by segtf.",
        2: segtf.__version__,
        3: [subgraph],
        7: _SCHEMA_VERSION,
    }
    return write_table(model, b"M001"), files


def _labels_type(spec, gives):
    if gives == CLASS_IDS:
        return _VALUE_LABELS
    names = task_of(spec).texts(spec)[LOGITS].names
    return _AXIS_LABELS if names == spec.labels.names else _DESCRIPTIONS


def _input(spec, is_for_mediapipe):
    height, width = spec.size
    color = {1: _GREY, 3: _RGB}.get(spec.channels, 0)
    image = {0: Byte(color), 1: {0: UInt(width), 1: UInt(height)}}
    content = {0: Byte(_IMAGE), 1: image} if is_for_mediapipe else {0: Byte(_FEATURE), 1: {}}
    # The model rescales pixels itself: mean 0 and deviation 1 leave them as they are.
    normalization = {0: Floats((0.0,)), 1: Floats((1.0,))}
    return {
        0: "image",
        1: f"Image of {height} x {width} (height x width), pixels 0..255 as they are. An image "
        f"of another size is brought to it by: {spec.resize}.",
        3: content,
        4: [{0: Byte(_NORMALIZATION), 1: normalization}],
        5: {0: Floats((255.0,)), 1: Floats((0.0,))},
    }


def _output(spec, gives, files):
    if gives == CLASS_IDS:
        what = "Class id of each pixel."
    elif gives == LABELS:
        what = "Of each class whether it is there, 0 or 1, for each pixel; classes overlap."
    else:
        what = task_of(spec).texts(spec)[LOGITS].meaning
    return {
        0: gives,
        1: what,
        3: {0: Byte(_FEATURE), 1: {}},
        6: files,
    }


def _file(name, description, type_):
    return {0: name, 1: description, 2: Byte(type_)}


def labels_text(names):
    """Return the content of a file of labels: one name a line."""
    return "".join(f"{name}\n" for name in names)
