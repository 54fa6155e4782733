"""Which of the registered models stay within limits on this machine."""

import tempfile
from pathlib import Path
from typing import NamedTuple

import keras

from segtf.comparing.speed import measure_speed
from segtf.exporting.tflite.convert import convert
from segtf.labels import LabelMap
from segtf.models import ModelCost, build_model, describe_models
from segtf.spec import ModelSpec
from segtf.tasks.choice import task_of

RATES_APART = 4
"""How many times more multiply-adds a second a model may do than the best measured so far."""


class Fit(NamedTuple):
    """A model that was looked at.

    Args:
        cost: its `ModelCost`.
        milliseconds: what one image takes in TFLite, float32; `None` where no limit asked for it.
    """

    cost: ModelCost
    milliseconds: float | None = None

    def value(self, unit):
        """Return the milliseconds (``ms``), megabytes (``MB``) or billions of multiply-adds."""
        if unit == "ms":
            return self.milliseconds
        return self.cost.megabytes if unit == "MB" else self.cost.multiply_adds / 1e9


class Fitting(NamedTuple):
    """What `find_fitting` found.

    Args:
        fitting: the `Fit`s within all limits, the least first in the unit of the first limit, or
            in milliseconds where these are limited.
        closest: the `Fit`s that were looked at and are not within a limit, in the same order.
        not_measured: names of models that could keep to a limit of time only if they did four times
            more multiply-adds a second than any other.
    """

    fitting: tuple[Fit, ...]
    closest: tuple[Fit, ...]
    not_measured: tuple[str, ...]


def find_fitting(limits, size=(256, 256), measure=None, on_model=None):
    """Find the models that stay within limits; time is measured, the rest is counted.

    Args:
        limits: objects with `unit` (``ms``, ``MB`` or ``GMAC``), `most` and `holds(value)`.
        size: height and width of the image in pixels; the task is binary, the image RGB.
        measure: function of a name and a size that returns milliseconds; by default
            `measure_milliseconds`. It is called for models that keep to the other limits, from
            few multiply-adds to many.
        on_model: function that is called with the name of each model before it is measured.

    Returns:
        A `Fitting`.
    """
    measure = measure or measure_milliseconds
    of_time = [limit for limit in limits if limit.unit == "ms"]
    others = [limit for limit in limits if limit.unit != "ms"]
    unit = "ms" if of_time else others[0].unit
    fitting, closest, not_measured, best_rate = [], [], [], 0.0
    for cost in sorted(describe_models(size), key=lambda cost: cost.multiply_adds):
        fit = Fit(cost)
        if not all(limit.holds(fit.value(limit.unit)) for limit in others):
            if not of_time:
                closest.append(fit)
            continue
        if of_time:
            most = of_time[0].most
            if best_rate and cost.multiply_adds > RATES_APART * best_rate * most:
                not_measured.append(cost.name)
                continue
            if on_model is not None:
                on_model(cost.name)
            fit = Fit(cost, measure(cost.name, size))
            best_rate = max(best_rate, cost.multiply_adds / fit.milliseconds)
        is_within = all(limit.holds(fit.value(limit.unit)) for limit in limits)
        (fitting if is_within else closest).append(fit)

    def ranked(fits):
        return tuple(sorted(fits, key=lambda fit: fit.value(unit)))

    return Fitting(ranked(fitting), ranked(closest), tuple(not_measured))


def measure_milliseconds(name, size):
    """Return the median time of one image, of a model with random weights in TFLite, float32.

    It is measured in a process of its own, on all available cores.

    Args:
        name: one of `segtf.models.model_names()`.
        size: height and width of the image in pixels.
    """
    spec = ModelSpec(LabelMap(("background", "foreground")), size)
    model = build_model(name, (*size, spec.channels), task_of(spec).channels(spec))
    content = convert(model, spec, "tflite")
    keras.backend.clear_session()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.tflite")
        path.write_bytes(content)
        return measure_speed(path, size).p50_ms
