"""The streaming confusion matrix against its NumPy counterpart, and inside Keras."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from segtf import metrics

FIGURES = ("mean_iou", "mean_dice", "pixel_accuracy")


def batch(num_channels, seed=0, shape=(4, 5, 6)):
    rng = np.random.default_rng(seed)
    y_true = rng.integers(0, max(num_channels, 2), shape).astype("uint8")
    y_true[rng.random(shape) < 0.2] = 255
    return y_true, rng.normal(size=(*shape, num_channels)).astype("float32")


def predicted_ids(logits, threshold=0.5):
    if logits.shape[-1] == 1:
        return (1 / (1 + np.exp(-logits[..., 0].astype("float64"))) >= threshold).astype(int)
    return logits.argmax(-1)


@pytest.mark.parametrize("num_channels", [1, 2, 4])
def test_batches_add_up_to_the_matrix_of_all(num_channels):
    metric = metrics.ConfusionMatrix(num_channels)
    expected = 0
    for seed in range(3):
        y_true, logits = batch(num_channels, seed)
        metric.update_state(y_true, logits)
        num_classes = max(num_channels, 2)
        expected += metrics.confusion_matrix(y_true, predicted_ids(logits), num_classes)
    np.testing.assert_array_equal(metric.matrix, expected)
    for name in FIGURES:
        figure = getattr(metrics, name)(expected)
        assert float(metric.result()[name]) == pytest.approx(figure, rel=1e-6)
    metric.reset_state()
    assert not metric.matrix.numpy().any()


@pytest.mark.parametrize("num_channels", [1, 3])
def test_forms_of_targets_are_the_same(num_channels):
    y_true, logits = batch(num_channels)
    forms = [y_true, y_true[..., None], y_true.astype("float32"), tf.constant(y_true, tf.int64)]
    if num_channels > 1:
        marked = np.array(tf.one_hot(y_true, num_channels))
        forms.append(marked.copy())
        marked[y_true == 255] = 255
        forms.append(marked)
    matrices = []
    for form in forms:
        metric = metrics.ConfusionMatrix(num_channels)
        metric.update_state(form, tf.cast(logits, "float16"))
        matrices.append(metric.matrix.numpy())
    for matrix in matrices[1:]:
        np.testing.assert_array_equal(matrix, matrices[0])


def test_threshold_is_a_probability():
    y_true, logits = batch(1)
    metric = metrics.ConfusionMatrix(1, threshold=0.8)
    metric.update_state(y_true, logits)
    expected = metrics.confusion_matrix(y_true, predicted_ids(logits, 0.8), 2)
    np.testing.assert_array_equal(metric.matrix, expected)
    at_threshold = metrics.ConfusionMatrix(1)
    at_threshold.update_state([[1]], [[[0.0]]])
    assert at_threshold.matrix.numpy()[1, 1] == 1


def test_weights_count_pixels():
    y_true, logits = batch(3)
    per_image = np.array([0.0, 1.0, 2.0, 0.5])
    metric = metrics.ConfusionMatrix(3)
    metric.update_state(y_true, logits, per_image)
    expected = sum(
        weight * metrics.confusion_matrix(y, predicted_ids(z), 3)
        for weight, y, z in zip(per_image, y_true, logits, strict=True)
    )
    np.testing.assert_allclose(metric.matrix, expected)
    for weights in (np.broadcast_to(per_image[:, None, None], y_true.shape), per_image[:, None]):
        for form in (weights, weights[..., None]):
            metric.reset_state()
            metric.update_state(y_true, logits, form)
            np.testing.assert_allclose(metric.matrix, expected)


def test_nothing_to_average_is_one():
    metric = metrics.ConfusionMatrix(3)
    metric.update_state(np.full((1, 2, 2), 255), np.zeros((1, 2, 2, 3)))
    assert [float(metric.result()[name]) for name in FIGURES] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("num_channels", [1, 4])
def test_with_class_names_it_reports_the_figures_of_each(num_channels):
    y_true, logits = batch(num_channels)
    num_classes = max(num_channels, 2)
    y_true[y_true == num_classes - 1] = 0  # the last class is in the prediction alone
    names = ["ground", "road", "car", "sky"][:num_classes]
    metric = metrics.ConfusionMatrix(num_channels, class_names=names)
    metric.update_state(y_true, logits)
    result = {name: float(figure) for name, figure in metric.result().items()}
    matrix = metric.matrix.numpy()
    for figure in ("iou", "dice", "precision", "recall", "specificity"):
        expected = getattr(metrics, figure)(matrix)
        found = [result.pop(f"{figure}/{name}") for name in names]
        np.testing.assert_allclose(found, expected, rtol=1e-6)  # NaN where it is NaN
        mean = result.pop(f"mean_{figure}")
        assert mean == pytest.approx(metrics.mean_over_classes(expected), rel=1e-6)
    for figure in ("pixel_accuracy", "frequency_weighted_iou"):
        assert result.pop(figure) == pytest.approx(getattr(metrics, figure)(matrix), rel=1e-6)
    assert not result
    again = metrics.ConfusionMatrix.from_config(metric.get_config())
    assert again.class_names == tuple(names)


def test_fit_reports_each_figure_and_the_model_reloads(tmp_path):
    images = np.random.default_rng(1).normal(size=(4, 5, 6, 3)).astype("float32")
    y_true, _ = batch(1)
    model = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(1, 1)])
    views = [metrics.MeanIoUScore, metrics.MeanDiceScore, metrics.PixelAccuracyScore]
    model.compile(
        "sgd",
        keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[metrics.ConfusionMatrix(1), *(view(1, name=view.__name__) for view in views)],
    )
    best = keras.callbacks.ModelCheckpoint(
        tmp_path / "best.keras", monitor="val_mean_iou", mode="max", save_best_only=True
    )
    data = tf.data.Dataset.from_tensor_slices((images, y_true)).batch(2)
    history = model.fit(data, validation_data=data, epochs=1, verbose=0, callbacks=[best]).history
    expected = metrics.confusion_matrix(y_true, predicted_ids(model.predict(images, verbose=0)), 2)
    for name, view in zip(FIGURES, views, strict=True):
        assert history[f"val_{name}"] == pytest.approx([getattr(metrics, name)(expected)])
        assert history[f"val_{view.__name__}"] == history[f"val_{name}"]
        assert name in history

    reloaded = keras.models.load_model(tmp_path / "best.keras")
    logs = reloaded.evaluate(data, verbose=0, return_dict=True)
    assert logs["mean_iou"] == pytest.approx(history["val_mean_iou"][0])
    assert reloaded.metrics[1].metrics[0].get_config() == metrics.ConfusionMatrix(1).get_config()


def test_compiled_by_xla_it_is_the_same():
    y_true, logits = batch(4)
    metric = metrics.ConfusionMatrix(4)
    tf.function(metric.update_state, jit_compile=True)(tf.constant(y_true), tf.constant(logits))
    expected = metrics.confusion_matrix(y_true, predicted_ids(logits), 4)
    np.testing.assert_array_equal(metric.matrix, expected)


def test_counts_stay_exact_beyond_float32():
    metric = metrics.ConfusionMatrix(2)
    metric.matrix.assign([[2.0**24, 0.0], [0.0, 0.0]])
    metric.update_state([[0]], [[[1.0, 0.0]]])
    assert metric.matrix.numpy()[0, 0] == 2**24 + 1


def test_one_and_two_classes_are_the_same_binary_task():
    y_true = np.array([[[0, 1, 1, 255]]])
    logits = np.array([-3.0, 3.0, -3.0, 3.0]).reshape(1, 1, 4, 1)
    for kind in (metrics.ConfusionMatrix, metrics.MeanIoUScore):
        one, two = kind(num_classes=1), kind(num_classes=2)
        for metric in (one, two):
            metric.update_state(y_true, logits)
        np.testing.assert_array_equal(one.matrix, two.matrix)
        assert one.result() == two.result()
        assert kind.from_config(one.get_config()).num_classes == 1
    predicted = predicted_ids(logits)
    matrices = [metrics.confusion_matrix(y_true, predicted, count) for count in (1, 2)]
    np.testing.assert_array_equal(matrices[0], one.matrix)
    np.testing.assert_array_equal(*matrices)


def test_settings_are_taken_by_keyword_only():
    for call in (
        lambda: metrics.ConfusionMatrix(3, 255),
        lambda: metrics.MeanDiceScore(3, 255),
        lambda: metrics.ThresholdCurve(64),
        lambda: metrics.confusion_matrix([0], [0], 2, 255),
    ):
        with pytest.raises(TypeError, match="positional"):
            call()


def test_unknown_class_ids_are_refused():
    with pytest.raises(tf.errors.InvalidArgumentError, match="out of range"):
        metrics.ConfusionMatrix(3).update_state([[7]], [[[0.0, 0.0, 0.0]]])


@pytest.mark.parametrize(
    "call",
    [
        lambda: metrics.ConfusionMatrix(0),
        lambda: metrics.ConfusionMatrix(2, threshold=1.0),
        lambda: metrics.ConfusionMatrix(3, class_names=["a", "b"]),
        lambda: metrics.ConfusionMatrix(3).update_state([[0]], [[[0.0, 0.0]]]),
    ],
)
def test_what_does_not_fit_is_refused(call):
    with pytest.raises(ValueError, match=r"Expected .*Received: "):
        call()
