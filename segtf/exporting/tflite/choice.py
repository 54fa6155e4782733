"""Which TFLite file agrees best, and which format keeps to a limit that another one missed."""

from segtf.exporting.parity import ExportError
from segtf.exporting.tflite.convert import VARIANTS, convert, usual_answer
from segtf.exporting.tflite.equalize import equalized
from segtf.exporting.tflite.sensitivity import int8_candidates
from segtf.signatures import LOGITS

_GOOD_AGREEMENT = 0.995
"""Full int8 that agrees so well on the calibration images is left as it is."""


def best_file(model, trial, format, canvases, dynamic_size, gives):
    """Return the bytes of a TFLite file, and what the report says about how it was made.

    Full int8 is chosen on calibration images, so that what the report is measured on has no part
    in it.

    Args:
        model: `keras.Model` in float32 that gives logits.
        trial: the `Trial` whose reference it has to agree with.
        format: a name in `segtf.exporting.tflite.convert.VARIANTS`.
        canvases: uint8 arrays `(H, W, C)` of the model's size to calibrate ``tflite-int8`` on.
        dynamic_size: whether the file takes any height and width, as the model then has to.
        gives: ``logits``, or what the task decides.
    """
    spec = trial.reference.spec
    if format != "tflite-int8":
        return convert(model, spec, format, canvases, dynamic_size, gives), {}
    with equalized(model, canvases):
        content = convert(model, spec, format, canvases, dynamic_size, gives)
        content, kept = _protect(content, model, trial, canvases, dynamic_size, gives)
    return content, {"kept_in_float32": [name.split(";")[0] for name in kept]}


def _protect(content, model, trial, canvases, dynamic_size, gives):
    """The int8 file, or a better one partly in float32, and the names of what that is."""
    best, kept = trial.agreement_of(content, canvases), ()
    if best >= _GOOD_AGREEMENT:
        return content, kept
    spec = trial.reference.spec
    for candidate, names in int8_candidates(model, spec, canvases, dynamic_size, gives):
        agreement = trial.agreement_of(candidate, canvases)
        if agreement > best:
            content, best, kept = candidate, agreement, names
        if best >= _GOOD_AGREEMENT:
            break
    return content, kept


def format_that_fits(model, trial, format, canvases, dynamic_size, gives):
    """Say which further format keeps to what this one missed, by a measurement.

    What full int8 decides is decided at the model's size, which may be what costs too much: the
    same file that leaves the decision to its caller is tried first.

    Args:
        model: `keras.Model` in float32 that gives logits.
        trial: the `Trial` that refused it.
        format: the name of the one that was refused.
        canvases: uint8 arrays `(H, W, C)` of the model's size, to calibrate on.
        dynamic_size: whether the file takes any height and width, as the model then has to.
        gives: ``logits``, or what the task decides.

    Returns:
        A sentence without its full stop.
    """
    names = list(VARIANTS)
    spec = trial.reference.spec
    others = [(one, usual_answer(one, spec)) for one in reversed(names[: names.index(format)])]
    if format == "tflite-int8" and gives != LOGITS:
        others.insert(0, (format, LOGITS))
    for other, answer in others:
        content, _ = best_file(model, trial, other, canvases, dynamic_size, answer)
        try:
            figures = trial.try_file(content, VARIANTS[other].least_agreement).figures
        except ExportError:
            continue
        chosen = other if answer == usual_answer(other, spec) else f"{other} that gives {answer}"
        return f"{chosen} keeps to its limits: {_measured(figures, trial)}"
    return "No other TFLite format keeps to its limits either"


def _measured(figures, trial):
    keras, exported = figures
    agreement = f"{exported.agreement:.2%} of the pixels agree"
    if trial.max_iou_drop is None:
        return agreement
    drop = 100 * (keras.mean_iou - exported.mean_iou)
    return f"{agreement}, {drop:.2f} points are lost"
