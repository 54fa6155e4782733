"""The functions that an exported model is made of: one per signature of `segtf.signatures`."""

import tensorflow as tf

from segtf import signatures
from segtf.compat import with_constants
from segtf.empty_batches import never_empty
from segtf.exporting.saved_model.decode_graph import decode_in_graph
from segtf.exporting.saved_model.parts import in_parts
from segtf.geometry import resize_image
from segtf.inference.heads import heads_of
from segtf.tasks.choice import task_of

_IMAGES_AT_ONCE = 4
"""An image of the largest size takes some 600 MB while it is decoded and answered."""
_MOST_IMAGES, _PIXELS_AT_ONCE = 32, 2**20
"""Of what a network works on at once, however many images a request has."""
_MOST_CONSTANT_WEIGHTS = 8_000_000


def signature_functions(model, spec, dynamic_size=False):
    """Return the functions of a SavedModel by the name of their signature.

    Args:
        model: `keras.Model` that gives logits.
        spec: its `ModelSpec`.
        dynamic_size: whether those that take pixels take any height and width, as the model
            then has to, or those of the spec alone.

    Returns:
        A dict of `tf.function`s with input signatures. A model of other than 1 or 3 channels has
        none that takes image files.
    """
    size = (None, None) if dynamic_size else spec.size
    pixels = tf.TensorSpec((None, *size, spec.channels), tf.uint8, name=signatures.PIXELS)

    logits_of = _logits_function(model, pixels)
    functions = _pixel_functions(logits_of, pixels, spec)
    if spec.channels in (1, 3):
        functions[signatures.SERVING_DEFAULT] = _file_function(logits_of, spec)
    return functions


def keeps_weights_as_constants(model):
    """Whether the weights of an exported model are constants of its graph, or variables.

    With constants TensorFlow folds batch normalisation into the convolutions, and oneDNN, which
    arranges the weights once and not at each call, answers a single image in less than half the
    time (`benchmarks/operations.py`). But loading and each signature that is called copy them: a
    network of 31 MB takes 1.5 GB in place of 0.4, one of 124 MB took 4.4.
    """
    return model.count_params() <= _MOST_CONSTANT_WEIGHTS


def _logits_function(model, pixels):
    """The model as a function of pixels: one, so that it is in the file once."""

    @tf.function(input_signature=[pixels], autograph=False)
    def logits_of(pixels):
        return model(tf.cast(pixels, tf.float32), training=False)

    if not keeps_weights_as_constants(model):
        return never_empty(logits_of)
    frozen = with_constants(logits_of.get_concrete_function())
    return never_empty(lambda pixels: frozen(pixels)[0])


def _pixel_functions(logits_of, pixels, spec):
    """The functions that take pixels of the model's size."""
    takes_pixels = tf.function(input_signature=[pixels], autograph=False)

    def logits(pixels):
        return {signatures.LOGITS: logits_of(pixels)}

    def giving(name, answer):
        def answer_pixels(pixels):
            return {name: answer(logits(pixels), spec)}

        return answer_pixels

    others = {name: giving(name, answer) for name, answer in task_of(spec).per_pixel.items()}
    functions = {signatures.LOGITS: logits, **others}
    return {name: takes_pixels(function) for name, function in functions.items()}


def _file_function(logits_of, spec):
    """The function that takes image files and gives masks at their own sizes."""
    task = task_of(spec)
    names = task.names(spec.labels)
    class_names, num_classes = tf.constant([names]), len(names)
    masks_spec = _encoded_spec(task, spec)
    canvas_spec = tf.TensorSpec((*spec.size, spec.channels), tf.uint8)
    answer_spec = (
        masks_spec,
        tf.TensorSpec((num_classes,), tf.float32),
        tf.TensorSpec((), tf.float32),
    )

    def read(data):
        pixels, error = decode_in_graph(data, spec.channels)
        canvas = tf.cond(
            error == "",
            lambda: resize_image(pixels, spec.resize, spec.size),
            lambda: tf.zeros(canvas_spec.shape, tf.uint8),
        )
        return canvas, tf.shape(pixels)[:2], error

    def answer(logits, image_size, error):
        def say():
            said = task.decode({signatures.LOGITS: logits}, tf.unstack(image_size), spec)
            return _encoded(said.mask), said.coverage, said.confidence

        nothing = (tf.fill(masks_spec.shape, ""), tf.zeros(num_classes), tf.constant(0.0))
        return tf.cond(error == "", say, lambda: nothing)

    def answers_of(files):
        canvases, sizes, errors = tf.map_fn(
            read,
            files,
            fn_output_signature=(
                canvas_spec,
                tf.TensorSpec((2,), tf.int32),
                tf.TensorSpec((), tf.string),
            ),
            parallel_iterations=_IMAGES_AT_ONCE,
        )
        logits = logits_of(canvases)
        # A model of one's own may give another size than it takes.
        sides = zip(logits.shape[1:3], spec.size, strict=True)
        size = [spec_side if side is None else side for side, spec_side in sides]
        logits = tf.ensure_shape(logits, (None, *size, task.channels(spec)))
        answers = tf.map_fn(
            lambda one: answer(*one),
            (logits, sizes, errors),
            fn_output_signature=answer_spec,
            parallel_iterations=_IMAGES_AT_ONCE,
        )
        return (*answers, errors)

    @tf.function(
        input_signature=[tf.TensorSpec((None,), tf.string, name=signatures.IMAGE_BYTES)],
        autograph=False,
    )
    def masks_of_files(image_bytes):
        height, width = spec.size
        most = max(1, min(_MOST_IMAGES, _PIXELS_AT_ONCE // (height * width)))
        outputs = (*answer_spec, tf.TensorSpec((), tf.string))
        masks, coverage, confidence, errors = in_parts(answers_of, image_bytes, most, outputs)
        return {
            signatures.MASK_BYTES: masks,
            signatures.COVERAGE: coverage,
            signatures.CONFIDENCE: confidence,
            signatures.CLASS_NAMES: tf.tile(class_names, (tf.size(image_bytes), 1)),
            signatures.ERROR: errors,
        }

    return masks_of_files


def _encoded_spec(task, spec):
    """The `tf.TensorSpec` of the PNG files of one image: one, or one for each channel of a mask."""
    decided = heads_of(spec, task.decided)[task.decided]
    return tf.TensorSpec(decided.shape[2:], tf.string)


def _encoded(mask):
    """A mask `(H, W)` as a PNG file, one `(H, W, K)` as K of them."""
    if mask.shape.rank == 2:
        return tf.io.encode_png(mask[..., tf.newaxis])
    of_class = tf.transpose(mask, (2, 0, 1))[..., tf.newaxis]
    return tf.map_fn(
        tf.io.encode_png,
        of_class,
        fn_output_signature=tf.string,
        parallel_iterations=1,
    )
