"""Names, keys, dtypes and shapes by which an exported model is called.

Every exported SavedModel has these signatures (N images, the model's size H x W with C
channels, K logits per pixel: one for a binary task):

=================== ======================= ================================================
signature           inputs                  outputs
=================== ======================= ================================================
``serving_default`` ``image_bytes`` string  ``mask_bytes`` string [N]: a PNG of class ids at
                    [N]: JPEG, PNG, GIF or  the image's own size;
                    BMP files               ``coverage`` float32 [N, classes]: share of the
                                            pixels that each class has;
                                            ``confidence`` float32 [N]: mean probability of
                                            the decided class;
                                            ``class_names`` string [N, classes]: what
                                            coverage and the ids in the mask stand for;
                                            ``error`` string [N]: empty, or why this image
                                            has no answer
``logits``          ``pixels`` uint8        ``logits`` float32 [N, H, W, K]
                    [N, H, W, C]
``probabilities``   ``pixels``, the same    ``probabilities`` float32 [N, H, W, K]
``class_ids``       ``pixels``, the same    ``class_ids`` uint8 [N, H, W]
=================== ======================= ================================================

The own size of a JPEG is that after its EXIF orientation has been applied, as viewers show it.
Pixels that the resize rule keeps from the model are `ignore_class` in the mask (0 without one) and
count neither in coverage nor in confidence. An image with an error has empty ``mask_bytes``, zero
``coverage`` and zero ``confidence``.
Binary outputs end in ``_bytes``, which makes a REST server encode them as base64. Class names are
there once per image because a REST server gives rows, and so that an answer explains itself
whatever version of a model gave it.

Exported with `dynamic_size`, the signatures that take pixels take any H and W.

Of a multi-label model, whose K classes may overlap, ``class_ids`` is not there, and these differ:

=================== ======================= ================================================
signature           inputs                  outputs
=================== ======================= ================================================
``serving_default`` the same                ``mask_bytes`` string [N, K]: a PNG of 0 and 1
                                            for each class;
                                            ``coverage`` float32 [N, K] and ``class_names``
                                            string [N, K] of the same classes, which are all
                                            but the background;
                                            ``confidence`` float32 [N]: mean probability of
                                            what was decided, over pixels and classes
``labels``          ``pixels``, the same    ``labels`` uint8 [N, H, W, K]: 0 or 1
=================== ======================= ================================================
"""

SERVING_DEFAULT = "serving_default"
LOGITS = "logits"
PROBABILITIES = "probabilities"
CLASS_IDS = "class_ids"
LABELS = "labels"

IMAGE_BYTES = "image_bytes"
PIXELS = "pixels"
MASK_BYTES = "mask_bytes"
COVERAGE = "coverage"
CONFIDENCE = "confidence"
CLASS_NAMES = "class_names"
ERROR = "error"

SPEC_ASSET = "assets.extra/segtf.json"
"""Where a SavedModel folder holds the spec of its model and where it comes from, as JSON."""

WARMUP_ASSET = "assets.extra/tf_serving_warmup_requests"
"""Where TensorFlow Serving looks for requests to run when it loads a SavedModel."""

SPEC_METADATA = "SEGTF_SPEC"
"""Name of the metadata entry of a ``.tflite`` file that holds the spec, as JSON."""

TASK_METADATA = "TFLITE_METADATA"
"""Name of the entry that holds TFLite's own description of a model, as MediaPipe reads it."""
