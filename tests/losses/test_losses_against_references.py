"""Each loss against its formula in float64 NumPy, and against Keras where they agree."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segtf import losses

IGNORED = 255
EXAMPLES = settings(max_examples=12, deadline=None, derandomize=True)


def labelled(seed, num_channels, shape=(2, 5, 6)):
    """Random class ids, some of them ignored, and logits."""
    rng = np.random.default_rng(seed)
    y_true = rng.integers(0, max(num_channels, 2), shape).astype("uint8")
    y_true[rng.random(shape) < 0.2] = IGNORED
    y_true[0, 0, :2] = 0, 1
    return y_true, rng.normal(0.0, 3.0, (*shape, num_channels)).astype("float32")


def flat(y_true, logits, sample_weight=None):
    """Valid pixels as float64 rows: one-hot targets, probabilities, weights.

    One channel becomes background and foreground.
    """
    num_channels = logits.shape[-1]
    valid = y_true != IGNORED
    z = logits[valid].astype("float64")
    if num_channels == 1:
        z = np.concatenate([np.zeros_like(z), z], axis=-1)
    p = np.exp(z - z.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    weights = np.ones(y_true.shape) if sample_weight is None else sample_weight
    return np.eye(p.shape[-1])[y_true[valid]], p, weights[valid]


def mean_over_classes(per_class, targets, num_channels):
    """Mean over the classes with true pixels; of the foreground alone for one channel."""
    present = targets.sum(0) > 0
    if num_channels == 1:
        per_class, present = per_class[1:], present[1:]
    return per_class[present].mean() if present.any() else 0.0


def tversky_index(targets, p, weights, alpha, beta):
    w = weights[:, None]
    hit, false = (w * p * targets).sum(0), (w * p * (1 - targets)).sum(0)
    return hit / (hit + alpha * false + beta * (w * (1 - p) * targets).sum(0) + 1e-300)


def crossentropy(targets, p):
    return -(targets * np.log(p)).sum(-1)


def jaccard_extension(targets, errors, num_channels):
    """Lovász extension by its definition: the Jaccard loss of each growing set of errors."""
    per_class = []
    for y, e in zip(targets.T, errors.T, strict=True):
        order = np.argsort(-e)
        total, before = 0.0, 0.0
        for last in range(len(order)):
            wrong = np.zeros(len(y), bool)
            wrong[order[: last + 1]] = True
            predicted = np.where(wrong, 1 - y, y)
            union = np.maximum(predicted, y).sum()
            loss = 1 - (predicted * y).sum() / union if union else 0.0
            total, before = total + e[order[last]] * (loss - before), loss
        per_class.append(total)
    return mean_over_classes(np.array(per_class), targets, num_channels)


def weights_like(y_true, seed):
    return np.random.default_rng(seed + 1).uniform(0.0, 2.0, y_true.shape)


CASES = given(st.integers(0, 10_000), st.sampled_from([1, 2, 4]))


@EXAMPLES
@CASES
def test_crossentropy_is_its_formula(seed, num_channels):
    y_true, logits = labelled(seed, num_channels)
    sample_weight = weights_like(y_true, seed)
    class_weights = np.arange(1.0, max(num_channels, 2) + 1)
    targets, p, w = flat(y_true, logits, sample_weight)
    expected = (w * (targets @ class_weights) * crossentropy(targets, p)).mean()
    actual = losses.pixel_crossentropy(
        y_true, logits, sample_weight, class_weights=class_weights.tolist()
    )
    assert float(actual) == pytest.approx(expected, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
def test_binary_crossentropy_is_that_of_keras(smoothing, weighted):
    y_true, logits = labelled(3, 1)
    y_true[y_true == IGNORED] = 1
    sample_weight = weights_like(y_true, 3) if weighted else None
    reference = keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=smoothing)
    expected = reference(y_true[..., None], logits, sample_weight)
    actual = losses.PixelCrossentropy(label_smoothing=smoothing)(y_true, logits, sample_weight)
    assert float(actual) == pytest.approx(float(expected), rel=1e-5)


def test_sparse_crossentropy_with_ignored_pixels_is_that_of_keras():
    y_true, logits = labelled(4, 5)
    reference = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=IGNORED)
    actual = losses.PixelCrossentropy()(y_true, logits)
    assert float(actual) == pytest.approx(float(reference(y_true, logits)), rel=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_soft_targets_give_the_categorical_crossentropy_of_keras(smoothing):
    _, logits = labelled(5, 4)
    soft = np.random.default_rng(5).dirichlet(np.ones(4), logits.shape[:-1])
    reference = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)
    actual = losses.pixel_crossentropy(soft, logits, label_smoothing=smoothing)
    assert float(actual) == pytest.approx(float(reference(soft, logits)), rel=1e-5)


@EXAMPLES
@given(st.integers(0, 10_000), st.sampled_from([1, 2, 4]), st.sampled_from([0.0, 0.5, 2.0]))
def test_focal_is_its_formula(seed, num_channels, gamma):
    y_true, logits = labelled(seed, num_channels)
    targets, p, _ = flat(y_true, logits)
    true_p = (targets * p).sum(-1)
    expected = (-((1 - true_p) ** gamma) * np.log(true_p)).mean()
    actual = losses.pixel_focal(y_true, logits, gamma=gamma)
    assert float(actual) == pytest.approx(expected, rel=1e-3, abs=1e-5)


def test_binary_focal_is_that_of_keras():
    y_true, logits = labelled(6, 1)
    y_true[y_true == IGNORED] = 0
    reference = keras.losses.BinaryFocalCrossentropy(
        from_logits=True, apply_class_balancing=True, alpha=0.25
    )
    actual = losses.PixelFocal(class_weights=(0.75, 0.25))(y_true, logits)
    assert float(actual) == pytest.approx(float(reference(y_true[..., None], logits)), rel=1e-4)


@EXAMPLES
@CASES
def test_ohem_takes_the_hardest_share(seed, num_channels):
    y_true, logits = labelled(seed, num_channels)
    ranked = np.sort(crossentropy(*flat(y_true, logits)[:2]))[::-1]
    expected = ranked[: max(round(0.25 * len(ranked)), 1)].mean()
    actual = losses.ohem_crossentropy(y_true, logits, hardest=0.25)
    assert float(actual) == pytest.approx(expected, rel=1e-4)


@EXAMPLES
@CASES
def test_ohem_takes_all_below_the_threshold(seed, num_channels):
    y_true, logits = labelled(seed, num_channels)
    targets, p, _ = flat(y_true, logits)
    hard = (targets * p).sum(-1) < 0.7
    if not hard.any():
        return
    actual = losses.ohem_crossentropy(y_true, logits, hardest=1e-6, threshold=0.7)
    assert float(actual) == pytest.approx(crossentropy(targets, p)[hard].mean(), rel=1e-4)


OVERLAPS = {
    "soft_dice": lambda index: 1 - index(0.5, 0.5),
    "soft_jaccard": lambda index: 1 - index(1.0, 1.0),
    "soft_tversky": lambda index: 1 - index(0.3, 0.7),
    "focal_tversky": lambda index: np.abs(1 - index(0.3, 0.7)) ** 0.75,
}


@pytest.mark.parametrize("name", OVERLAPS)
@EXAMPLES
@CASES
def test_overlap_losses_are_their_formulas(name, seed, num_channels):
    y_true, logits = labelled(seed, num_channels)
    sample_weight = weights_like(y_true, seed) + 0.1
    targets, p, w = flat(y_true, logits, sample_weight)
    per_class = OVERLAPS[name](lambda a, b: tversky_index(targets, p, w, a, b))
    expected = mean_over_classes(per_class, targets, num_channels)
    actual = getattr(losses, name)(y_true, logits, sample_weight)
    assert float(actual) == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_dice_is_that_of_whole_sums():
    y_true, logits = labelled(7, 1)
    targets, p, _ = flat(y_true, logits)
    y, p = targets[:, 1], p[:, 1]
    expected = 1 - 2 * (p * y).sum() / (p.sum() + y.sum())
    assert float(losses.soft_dice(y_true, logits)) == pytest.approx(expected, rel=1e-5)


@EXAMPLES
@CASES
def test_generalized_dice_is_its_formula(seed, num_channels):
    y_true, logits = labelled(seed, num_channels)
    targets, p, _ = flat(y_true, logits)
    true = targets.sum(0)
    w = np.where(true > 0, 1 / np.maximum(true, 1) ** 2, 0.0)
    expected = 1 - 2 * (w @ (p * targets).sum(0)) / (w @ (p.sum(0) + true))
    actual = losses.generalized_dice(y_true, logits)
    assert float(actual) == pytest.approx(expected, rel=1e-4, abs=1e-5)


@EXAMPLES
@CASES
def test_lovasz_softmax_is_the_extension_of_the_jaccard_loss(seed, num_channels):
    y_true, logits = labelled(seed, num_channels)
    targets, p, _ = flat(y_true, logits)
    expected = jaccard_extension(targets, np.abs(targets - p), num_channels)
    actual = losses.lovasz_softmax(y_true, logits)
    assert float(actual) == pytest.approx(expected, rel=1e-4, abs=1e-5)


@EXAMPLES
@given(st.integers(0, 10_000))
def test_lovasz_hinge_is_the_extension_of_the_jaccard_loss(seed):
    y_true, logits = labelled(seed, 1)
    valid = y_true != IGNORED
    y, z = y_true[valid].astype("float64"), logits[valid][:, 0].astype("float64")
    errors = np.maximum(1 - (2 * y - 1) * z, 0.0)
    expected = jaccard_extension(y[:, None], errors[:, None], num_channels=2)
    assert float(losses.lovasz_hinge(y_true, logits)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("loss", [losses.lovasz_softmax, losses.soft_dice, losses.soft_jaccard])
def test_confident_overlap_losses_are_one_minus_the_index_of_the_decision(loss):
    y_true, logits = labelled(8, 1)
    y_true[y_true == IGNORED] = 1
    predicted = logits[..., 0] > 0
    hit, sizes = (predicted & (y_true == 1)).sum(), predicted.sum() + (y_true == 1).sum()
    index = 2 * hit / sizes if loss is losses.soft_dice else hit / (sizes - hit)
    sure = np.where(predicted, 60.0, -60.0)[..., None]
    assert float(loss(y_true, sure)) == pytest.approx(1 - index, rel=1e-5)


def test_whole_weights_are_repeated_pixels():
    y_true, logits = labelled(9, 3)
    repeats = np.random.default_rng(9).integers(0, 3, y_true.size)
    many = np.repeat(y_true.reshape(1, 1, -1), repeats, axis=2)
    many_logits = np.repeat(logits.reshape(1, 1, -1, 3), repeats, axis=2)
    for loss in (losses.soft_dice, losses.generalized_dice, losses.lovasz_softmax):
        weighted = loss(y_true, logits, repeats.reshape(y_true.shape))
        assert float(weighted) == pytest.approx(float(loss(many, many_logits)), rel=1e-4)


def test_crossentropy_dice_is_the_sum():
    y_true, logits = labelled(10, 3)
    expected = losses.pixel_crossentropy(y_true, logits) + losses.soft_dice(y_true, logits)
    assert float(losses.CrossentropyDice()(y_true, logits)) == pytest.approx(float(expected))
    ready = losses.WeightedSum([(losses.PixelCrossentropy(), 1.0), (losses.SoftDice(), 1.0)])
    assert float(ready(y_true, logits)) == pytest.approx(float(expected))
