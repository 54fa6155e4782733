"""What holds for every loss: shapes, types, ignored pixels, extremes, saving."""

import inspect
import json

import keras
import ml_dtypes
import numpy as np
import pytest
import tensorflow as tf

from segtf import losses

ANY_CHANNELS = [
    losses.PixelCrossentropy(),
    losses.PixelCrossentropy(label_smoothing=0.1, name="smoothed"),
    losses.PixelFocal(gamma=0.5),
    losses.OhemCrossentropy(),
    losses.OhemCrossentropy(threshold=0.7, name="thresholded"),
    losses.SoftDice(),
    losses.GeneralizedDice(),
    losses.SoftJaccard(),
    losses.SoftTversky(),
    losses.FocalTversky(),
    losses.LovaszSoftmax(),
    losses.CrossentropyDice(),
    losses.WeightedSum([(losses.PixelCrossentropy(), 0.5), (losses.SoftDice(), 2.0)]),
]
BINARY = [*ANY_CHANNELS, losses.LovaszHinge()]
CASES = [(loss, 1) for loss in BINARY] + [(loss, 3) for loss in ANY_CHANNELS]
MULTI_LABEL = [
    cls(multi_label=True)
    for cls in (
        losses.PixelCrossentropy,
        losses.PixelFocal,
        losses.OhemCrossentropy,
        losses.SoftDice,
        losses.GeneralizedDice,
        losses.SoftJaccard,
        losses.SoftTversky,
        losses.FocalTversky,
        losses.LovaszSoftmax,
        losses.LovaszHinge,
        losses.CrossentropyDice,
    )
]


def names(value):
    return value.name if isinstance(value, keras.losses.Loss) else None


all_cases = pytest.mark.parametrize("loss, num_channels", CASES, ids=names)


def batch(num_channels, seed=0):
    rng = np.random.default_rng(seed)
    y_true = rng.integers(0, max(num_channels, 2), (2, 4, 5)).astype("uint8")
    y_true[0, :2] = 255
    return y_true, rng.normal(0.0, 2.0, (2, 4, 5, num_channels)).astype("float32")


def value_and_gradient(loss, y_true, logits, sample_weight=None):
    logits = tf.convert_to_tensor(logits)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        value = loss(y_true, logits, sample_weight)
    return float(value), tape.gradient(value, logits).numpy().astype("float32")


@all_cases
def test_forms_of_targets_are_the_same(loss, num_channels):
    y_true, logits = batch(num_channels)
    expected = float(loss(y_true, logits))
    forms = [y_true[..., None], y_true.astype("int64"), tf.cast(y_true, "bfloat16")]
    if num_channels > 1:
        forms.append(tf.one_hot(y_true, num_channels))
        marked = np.array(tf.one_hot(y_true, num_channels))
        marked[y_true == 255] = 255
        forms.append(marked.astype("uint8"))
    for form in forms:
        assert float(loss(form, logits)) == pytest.approx(expected, rel=1e-6)


@all_cases
def test_ignored_pixels_count_nowhere(loss, num_channels):
    y_true, logits = batch(num_channels)
    value, gradient = value_and_gradient(loss, y_true, logits)
    assert not gradient[y_true == 255].any()
    assert np.abs(gradient[y_true != 255]).sum() > 0

    elsewhere = np.where((y_true == 255)[..., None], np.nan, logits)
    other_value, other_gradient = value_and_gradient(loss, y_true, elsewhere.astype("float32"))
    assert other_value == value
    np.testing.assert_array_equal(other_gradient, gradient)

    valid = y_true.reshape(-1) != 255
    without = loss(y_true.reshape(1, -1)[:, valid], logits.reshape(1, -1, num_channels)[:, valid])
    assert float(without) == pytest.approx(value, rel=1e-5)


@all_cases
@pytest.mark.parametrize("fill", [0, 1, 255])
def test_uniform_masks_give_finite_values(loss, num_channels, fill):
    _, logits = batch(num_channels)
    value, gradient = value_and_gradient(loss, np.full(logits.shape[:-1], fill), logits)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
    if fill == 255:
        assert value == 0.0
        assert not gradient.any()


@all_cases
@pytest.mark.parametrize("dtype", ["float16", ml_dtypes.bfloat16, "float32"])
def test_the_largest_logits_give_finite_values(loss, num_channels, dtype):
    y_true, logits = batch(num_channels)
    largest = float(ml_dtypes.finfo(dtype).max)
    extreme = (np.sign(logits) * largest).astype(dtype)
    value, gradient = value_and_gradient(loss, y_true, extreme)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


@all_cases
def test_half_precision_logits_are_computed_in_float32(loss, num_channels):
    y_true, logits = batch(num_channels)
    for dtype in ("float16", ml_dtypes.bfloat16):
        low = logits.astype(dtype)
        assert loss(y_true, low).dtype == "float32"
        assert float(loss(y_true, low)) == float(loss(y_true, low.astype("float32")))


@all_cases
def test_a_weight_of_zero_is_an_ignored_pixel_up_to_the_mean(loss, num_channels):
    y_true, logits = batch(num_channels)
    y_true[y_true == 255] = 0
    weights = np.ones(y_true.shape, "float32")
    weights[1] = 0
    _, gradient = value_and_gradient(loss, y_true, logits, weights)
    assert not gradient[1].any()
    per_pixel, per_image = loss(y_true, logits, weights), loss(y_true, logits, np.array([1.0, 0.0]))
    assert float(per_pixel) == float(per_image)
    assert float(loss(y_true, logits, weights[..., None])) == float(per_image)


@all_cases
def test_unknown_class_ids_give_nan(loss, num_channels):
    y_true, logits = batch(num_channels)
    y_true[1, 2, 3] = 100
    assert np.isnan(float(loss(y_true, logits)))


@all_cases
def test_descent_finds_the_mask(loss, num_channels):
    y_true, _ = batch(num_channels)
    logits = np.zeros((*y_true.shape, num_channels), "float32")
    for _ in range(15):
        _, gradient = value_and_gradient(loss, y_true, logits)
        logits -= np.sign(gradient)
    predicted = logits[..., 0] > 0 if num_channels == 1 else logits.argmax(-1)
    assert (predicted == y_true)[y_true != 255].all()


@pytest.mark.parametrize("loss", MULTI_LABEL, ids=names)
def test_a_label_is_a_binary_task_of_its_own(loss):
    rng = np.random.default_rng(1)
    y_true = rng.integers(0, 2, (2, 4, 5, 3)).astype("uint8")
    y_true[0, 0, :, 1] = 255
    logits = rng.normal(size=(2, 4, 5, 3)).astype("float32")
    value, gradient = value_and_gradient(loss, y_true, logits)
    assert np.isfinite(value)
    assert not gradient[y_true == 255].any()
    assert gradient[0, 0, :, 0].any()
    one = float(loss(y_true[..., :1], logits[..., :1]))
    assert one == pytest.approx(float(type(loss)()(y_true[..., 0], logits[..., :1])))


def test_labels_average_binary_losses():
    rng = np.random.default_rng(2)
    y_true = rng.integers(0, 2, (2, 4, 5, 3))
    logits = rng.normal(size=(2, 4, 5, 3))
    for cls in (losses.PixelCrossentropy, losses.PixelFocal, losses.SoftDice, losses.LovaszHinge):
        singles = [float(cls()(y_true[..., k], logits[..., k : k + 1])) for k in range(3)]
        together = float(cls(multi_label=True)(y_true, logits))
        assert together == pytest.approx(np.mean(singles), rel=1e-5)


def test_compiled_by_xla_they_are_the_same():
    # Variables: what a compiled function is called with, or closes over, is a constant to XLA.
    one_channel, three_channels = (map(tf.Variable, batch(channels)) for channels in (1, 3))
    labels = tf.Variable(np.eye(3, dtype="uint8")[batch(2)[0] % 3])
    (one, one_logits), (ids, logits) = one_channel, three_channels

    def values():
        hinge = losses.lovasz_hinge(one.value(), one_logits.value())
        return [hinge, *(loss(ids.value(), logits.value()) for loss in ANY_CHANNELS)]

    def gradients():
        with tf.GradientTape() as tape:
            more = [loss(labels.value(), logits.value()) for loss in MULTI_LABEL]
            total = tf.add_n([*values(), *more])
        return tape.gradient(total, [one_logits, logits])

    np.testing.assert_allclose(tf.function(values, jit_compile=True)(), values(), rtol=1e-5)
    # That it can be translated for XLA is enough: to compile it takes long.
    tf.function(gradients, jit_compile=True).experimental_get_compiler_ir()(stage="hlo")


@pytest.mark.parametrize(
    "loss", [*BINARY, losses.PixelCrossentropy(class_weights=[1, 2])], ids=names
)
def test_configurations_reload(loss):
    reloaded = keras.losses.deserialize(json.loads(json.dumps(keras.losses.serialize(loss))))
    assert type(reloaded) is type(loss)
    assert reloaded.get_config() == loss.get_config()
    assert float(reloaded(*batch(1))) == float(loss(*batch(1)))


def test_a_compiled_model_reloads(tmp_path):
    images = np.random.default_rng(3).normal(size=(2, 4, 5, 2)).astype("float32")
    y_true, _ = batch(1)
    model = keras.Sequential([keras.Input((None, None, 2)), keras.layers.Conv2D(1, 1)])
    model.compile("sgd", losses.WeightedSum([(losses.SoftDice(), 1.0), (losses.PixelFocal(), 2.0)]))
    expected = model.evaluate(images, y_true, verbose=0)
    model.save(tmp_path / "model.keras")
    reloaded = keras.models.load_model(tmp_path / "model.keras")
    assert reloaded.evaluate(images, y_true, verbose=0) == pytest.approx(expected)


def test_mixed_precision_trains():
    images = np.random.default_rng(4).normal(size=(2, 4, 5, 2)).astype("float32")
    y_true, _ = batch(3)
    convolution = keras.layers.Conv2D(3, 1, dtype="mixed_bfloat16")
    model = keras.Sequential([keras.Input((4, 5, 2)), convolution])
    model.compile("sgd", losses.CrossentropyDice())
    history = model.fit(images, y_true, sample_weight=np.array([1.0, 2.0]), verbose=0).history
    assert np.isfinite(history["loss"]).all()


def test_class_weights_leave_out_classes():
    y_true, logits = batch(3)
    without = losses.soft_dice(y_true, logits, class_weights=(0, 1, 1))
    singles = [losses.soft_dice(y_true, logits, class_weights=np.eye(3)[k]) for k in (1, 2)]
    assert float(without) == pytest.approx(np.mean([float(value) for value in singles]))


def test_absent_classes_do_not_count():
    rng = np.random.default_rng(5)
    y_true = rng.integers(0, 2, (2, 4, 5))
    two = rng.normal(size=(2, 4, 5, 2))
    four = np.concatenate([two, np.full((2, 4, 5, 2), -60.0)], axis=-1)
    for loss in (losses.SoftDice(), losses.GeneralizedDice(), losses.LovaszSoftmax()):
        assert float(loss(y_true, four)) == pytest.approx(float(loss(y_true, two)), rel=1e-5)


@pytest.mark.parametrize(
    "call",
    [
        lambda: losses.soft_dice(np.zeros((2, 4)), np.zeros((2, 4, 5, 1))),
        lambda: losses.soft_dice(np.zeros((2, 4, 6)), np.zeros((2, 4, 5, 1))),
        lambda: losses.soft_dice(np.zeros((2, 4, 5, 2)), np.zeros((2, 4, 5, 3))),
        lambda: losses.soft_dice(np.zeros((2, 4, 5)), np.zeros((2, 4, 5, 3)), multi_label=True),
        lambda: losses.soft_dice(np.zeros((2, 4)), np.zeros((2, 4, 3)), np.ones((2, 4, 3))),
        lambda: losses.soft_dice(np.zeros((2, 4)), np.zeros((2, 4, 3)), class_weights=[1, 2]),
        lambda: losses.pixel_crossentropy(np.zeros((2, 4)), np.zeros((2, 4, 1)), class_weights=[1]),
        lambda: losses.lovasz_hinge(np.zeros((2, 4)), np.zeros((2, 4, 3))),
        lambda: losses.OhemCrossentropy(hardest=0.0),
        lambda: losses.pixel_crossentropy([[1]], [[[0.0]]], label_smoothing=1.5),
        lambda: losses.pixel_focal([[1]], [[[0.0]]], gamma=-1.0),
        lambda: losses.soft_tversky([[1]], [[[0.0]]], alpha=-0.1),
        lambda: losses.focal_tversky([[1]], [[[0.0]]], gamma=0.0),
        lambda: losses.WeightedSum([]),
    ],
)
def test_what_does_not_fit_is_refused(call):
    with pytest.raises(ValueError, match=r"Expected .*Received: "):
        call()


def test_settings_are_taken_by_keyword_only():
    functions = [getattr(losses, name) for name in losses.__all__ if name.islower()]
    for function in functions:
        first, *settings = inspect.signature(function).parameters.values()
        assert first.kind is first.POSITIONAL_OR_KEYWORD
        assert [one.name for one in settings if one.kind is not one.KEYWORD_ONLY] == [
            "logits",
            "sample_weight",
        ]
    with pytest.raises(TypeError, match="positional"):
        losses.SoftDice((0, 1))
    with pytest.raises(TypeError, match="Expected settings of soft_dice among"):
        losses.SoftDice(gamma=2.0)


@pytest.mark.parametrize("name", [name for name in losses.__all__ if name != "WeightedSum"])
def test_docstrings_say_each_argument(name):
    public = getattr(losses, name)
    arguments = public.__doc__.split("Args:\n")[1].split("\n\n")[0]
    for parameter in inspect.signature(public).parameters:
        assert f"\n{parameter}: " in "\n" + "\n".join(
            line.strip() for line in arguments.splitlines()
        )
    assert "Raises:\n" in public.__doc__
