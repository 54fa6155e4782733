"""The images that an export is calibrated on and compared on."""

from typing import NamedTuple

from segtf.comparing.generated_images import generated_images
from segtf.comparing.run_images import (
    calibration_images,
    for_calibration,
    run_source,
    some,
    split_source,
)

CALIBRATION_IMAGES, CHECK_IMAGES = 100, 100


class Images(NamedTuple):
    """What was chosen.

    Args:
        calibration: images without labels, empty for a format that needs none and none given.
        check: a `segtf.data.Source` of labelled images, or a list of images without labels.
        origin: where those to compare on come from, for people.
        details: what the report says about calibration, a dict for JSON.
    """

    calibration: list
    check: object
    origin: str
    details: dict


def choose_images(model_or_run, spec, format, source, check_images, calibration):
    """Choose images of what was given, else of the run, else drawn ones.

    Args:
        model_or_run: what `segtf.export` was given, as were the arguments after `spec`.
        spec: the `ModelSpec`.
        format: the format.
        source: `segtf.data.Source` of labelled images, or `None`.
        check_images: images without labels, or `None`.
        calibration: images without labels, or `None`.

    Returns:
        `Images`.

    Raises:
        ValueError: if the format has to be calibrated and there is nothing to do it on.
    """
    is_divided = source is not None and bool(source.splits.get("train"))
    calibration, source, details = _calibration(
        model_or_run, calibration, source, spec.labels, format
    )
    check, origin = _check(model_or_run, source, is_divided, check_images, calibration, spec)
    return Images(calibration, check, origin, details)


def _calibration(model_or_run, given, source, labels, format):
    """Images to calibrate on, the data set to compare on, what the report says about the former."""
    if format != "tflite-int8":
        return list(given or ()), source, {}
    if given:
        return list(given), source, {"calibration": {"images": len(given)}}
    whole = split_source(model_or_run, "train")
    if whole is None and source is not None:
        whole, source = for_calibration(source)
    if whole is None:
        raise ValueError(
            "Expected images that look like those the model will see, to calibrate tflite-int8 of "
            "a model without a run and its data: calibration= or source= (--images or --data). "
            "Received: none"
        )
    images, shown = calibration_images(whole, CALIBRATION_IMAGES, labels)
    classes = [labels.names[index] for index in shown]
    return images, source, {"calibration": {"images": len(images), "classes": classes}}


def _check(model_or_run, source, is_divided, check_images, calibration, spec):
    """Images to compare on, and where they come from; those of a split ``train`` stay out."""
    if source is not None:
        if source.splits.get("train"):
            _, source = for_calibration(source)
        name = f"{source.name}, held out" if is_divided else source.name
        return some(source, CHECK_IMAGES, spec.labels), name
    if check_images:
        return list(check_images), "images that were given"
    held_out = run_source(model_or_run, "val", CHECK_IMAGES, spec.labels)
    if held_out is not None:
        return held_out, f"{held_out.name}, held out"
    if calibration:
        return calibration, "the calibration images"
    return generated_images(spec), "generated images"
