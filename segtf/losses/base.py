"""From a pure function to the Keras class over it: the one place that makes these classes.

A loss is a function of `(y_true, logits, sample_weight)` and of settings, which are taken by
keyword only. Its class takes the same settings, with the same defaults, and a `name`.
"""

import functools
import inspect
import re

import keras
import tensorflow as tf

from segtf.ranges import number

_NAME_TEXT = "name: name of the loss, as Keras shows it."


class SegmentationLoss(keras.losses.Loss):
    """A pure function of `(y_true, logits, sample_weight, **settings)` as a Keras loss.

    Keras multiplies what a loss returns by the sample weights; here they go into the function,
    since in an overlap each pixel has its own. The result is a scalar, a mean over what is
    valid; there is no `reduction`. It is always computed in float32.

    Args:
        name: name of the loss.
        **settings: keyword arguments of the function; plain values, saved with the model.
    """

    function = None

    def __init__(self, *, name=None, **settings):
        settings = {**_defaults(self.function), **settings}
        self.function.check(**settings)
        super().__init__(name=name or self.function.__name__, dtype="float32")
        self._settings = settings

    def __call__(self, y_true, y_pred, sample_weight=None):
        """Return the loss of a batch of logits, as Keras expects it from a replica."""
        with tf.name_scope(self.name):
            loss = self.function(y_true, y_pred, sample_weight, **self._settings)
            # Gradients are summed over replicas. Keras divides for that only what is no scalar.
            return loss / tf.distribute.get_strategy().num_replicas_in_sync

    def call(self, y_true, y_pred):
        """Return the loss of a batch of logits."""
        return self.function(y_true, y_pred, **self._settings)

    def get_config(self):
        """Return the arguments of the constructor."""
        return {"name": self.name, **self._settings}


def checked(**ranges):
    """Refuse settings of a loss function that are out of their range, whoever calls it.

    Args:
        **ranges: setting to the limits that `segtf.ranges.number` takes, as a dict; a setting may
            be `None` besides, which is its "not at all".

    Returns:
        A decorator. The function gets `check`, which raises the same errors without calling it.
    """

    def decorate(function):
        known = _defaults(function)

        def check(**settings):
            unknown = [setting for setting in settings if setting not in known]
            if unknown:
                raise TypeError(
                    f"Expected settings of {function.__name__} among {', '.join(known)}. "
                    f"Received: {', '.join(unknown)}"
                )
            for setting, limits in ranges.items():
                value = settings.get(setting)
                if value is not None:
                    number(setting, value, **limits)

        @functools.wraps(function)
        def loss(y_true, logits, sample_weight=None, **settings):
            check(**settings)
            return function(y_true, logits, sample_weight, **settings)

        loss.check = check
        return loss

    return decorate


def keras_loss(class_name, function):
    """Make the Keras class of a loss function.

    Args:
        class_name: name of the class, under which Keras saves it too.
        function: what `checked` returned: a function of `(y_true, logits, sample_weight)` and
            settings by keyword.

    Returns:
        A registered subclass of `SegmentationLoss`. Its signature and its docstring are those of
        the function without the arrays, with `name` added.
    """
    made = type(
        class_name,
        (SegmentationLoss,),
        {
            "function": staticmethod(function),
            "__doc__": _class_doc(class_name, function),
            "__module__": function.__module__,
            "__init__": _constructor(function),
        },
    )
    return keras.saving.register_keras_serializable(package="segtf")(made)


def _settings(function):
    parameters = inspect.signature(function).parameters.values()
    return [one for one in parameters if one.kind is one.KEYWORD_ONLY]


def _defaults(function):
    return {setting.name: setting.default for setting in _settings(function)}


def _constructor(function):
    def __init__(self, **settings):
        SegmentationLoss.__init__(self, **settings)

    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    name = inspect.Parameter("name", inspect.Parameter.KEYWORD_ONLY, default=function.__name__)
    __init__.__signature__ = inspect.Signature([own, *_settings(function), name])
    return __init__


def _class_doc(class_name, function):
    """The function's docstring without its arrays and its result, with the class's own name."""
    sections = _sections(inspect.cleandoc(function.__doc__))
    known = _defaults(function)
    entries = re.split(r"\n(?= {4}\w)", sections.pop("Args"))
    kept = [entry for entry in entries if entry.split(":")[0].strip() in known]
    text = sections.pop("")
    sections.pop("Returns")
    sections["Example"] = f"\n>>> {class_name}().name\n{function.__name__!r}"
    return "\n\n".join(
        [
            f"`segtf.losses.{function.__name__}` of logits as a Keras loss.",
            text,
            "\n".join(["Args:", *kept, f"    {_NAME_TEXT}"]),
            *(f"{title}:\n{section}" for title, section in sections.items()),
        ]
    )


def _sections(doc):
    """Title to text of the sections of a docstring; what comes before the first has none."""
    first, *others = re.split(r"^(\w+):\n", doc, flags=re.MULTILINE)
    titles, texts = others[::2], others[1::2]
    return {"": first.rstrip(), **dict(zip(titles, map(str.rstrip, texts), strict=True))}
