"""TrainConfig: the settings of a training run."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from segtf.ranges import LARGEST_SEED, image_size, number, whole_number
from segtf.spec import RESIZE_RULES
from segtf.task_settings import SETTINGS
from segtf.tasks.semantic.class_weights import CLASS_WEIGHTS

ENCODER = "encoder"
"""How the names of an encoder's layers begin in every model of `segtf.models`."""
LEARNING_RATES = {"adamw": 2e-3, "sgd": 5e-2}
"""Name of each optimizer and its learning rate unless another is given."""
PRETRAINED_LEARNING_RATE = 4e-3
"""That of adamw where an encoder begins with weights of a training, and nothing else does."""
PRETRAINED_ENCODER_FACTOR = 0.25
"""What the encoder's is of it then: a decoder that begins from nothing has a longer way to go."""
GOING_ON_LEARNING_RATE = 1e-3
"""That of adamw where the whole model begins with weights of a training, or of half of the size."""

DEFAULT_MODEL = "unet-efficientnet-lite0"
PRETRAINED_MODELS = (DEFAULT_MODEL, "lite", "lite-small")
"""Those whose encoder begins with weights of ImageNet by default."""

SCHEDULES = ("cosine", "polynomial")
PRECISIONS = ("auto", "float32", "mixed_float16", "mixed_bfloat16")
BATCH_NORM = ("auto", "moving", "measured")
WHOLE_NUMBERS = {
    "epochs": (1, 1_000_000),
    "epoch_steps": (0, 1_000_000),
    "batch_size": (1, 65_536),
    "accumulate": (1, 1_000_000),
    "freeze_epochs": (0, 1_000_000),
    "half_size_epochs": (0, 1_000_000),
    "patience": (0, 1_000_000),
    "seed": (0, LARGEST_SEED),
}
"""Setting to the least and the greatest that it may be."""
NUMBERS = {
    "minutes": {"low": 0, "high": math.inf},
    "learning_rate": {"low": 0, "high": 1000, "above": True},
    "weight_decay": {"low": 0, "high": 1000},
    "clip_norm": {"low": 0, "high": math.inf},
    "encoder_factor": {"low": 0, "high": 1, "above": True},
    "val_share": {"low": 0, "high": 1, "above": True, "below": True},
    "save_minutes": {"low": 0, "high": math.inf},
}
AUTO_TASK = "auto"
MONITORS = ("val_mean_dice", "val_mean_iou", "val_pixel_accuracy", "val_loss")


@dataclass(frozen=True)
class TrainConfig:
    """How a model is trained.

    Args:
        model: name of an architecture; see `segtf models`.
        model_settings: keyword arguments of its builder, such as ``{"dropout": 0.2}``.
        task: name of the task, what the model answers (see `segtf.task_settings`); ``auto`` for
            the one that the data set is annotated for.
        size: height and width in pixels that the model is trained at.
        resize: how images are brought to that size: ``stretch``, ``letterbox`` or ``crop``.
        epochs: how often every image is seen.
        minutes: time to which the training is planned, from its start to its last validation, in
            the place of `epochs`: some steps are timed first, then the number of epochs (and
            `epoch_steps`, where hardly any would fit) is fixed, on record in the run, and kept
            when it is resumed. 0 for no plan.
        epoch_steps: steps after which an epoch ends; 0 for those in which every image is seen.
        batch_size: images per step, of all devices together; ``auto`` for the most that fit into
            the memory with a margin and leave an epoch 16 steps, found by trying.
        optimizer: ``adamw`` or ``sgd`` (with Nesterov momentum 0.9).
        learning_rate: at its highest, after one epoch of warm-up; by default that of
            `LEARNING_RATES`; for adamw `PRETRAINED_LEARNING_RATE` where an encoder begins with
            weights of a training, `GOING_ON_LEARNING_RATE` where `init_from` or
            `half_size_epochs` is given besides.
        schedule: how it falls to 0 then: ``cosine`` or ``polynomial`` (power 0.9).
        weight_decay: share of the weights, times the learning rate, that each update takes off.
        clip_norm: largest norm of all gradients together; 0 for no limit.
        accumulate: number of steps whose gradients make one update.
        average_weights: momentum of a moving average of the weights, such as 0.99, which is
            then what is validated and saved; 0 for none. ``auto`` takes the average over a
            twentieth of the training (see `segtf.training.usual_momentum`).
        batch_norm: the statistics of batch normalisation that are validated and saved:
            ``moving`` averages over the last steps, as Keras keeps them; ``measured`` anew before
            each validation, as the weights are then, on a quarter of the training batches (4 to
            32), for about an eighth of the time; or ``auto``, which is measured for SegNets, whose
            moving statistics lag most. Those of averaged weights are always measured.
        encoder_weights: what an encoder begins with: ``imagenet``, the path of a weight file (see
            `segtf.unet`), or `None` (``none``) for random values. ``auto`` is ``imagenet`` for
            EfficientNet-Lite0, whose weights come with segtf, and random for others.
        init_from: a run folder or ``.keras`` file whose weights to start with, layer by layer
            where names and shapes agree.
        half_size_epochs: epochs at half of `size`, a quarter of the work, before those at `size`,
            which begin with the best weights of the former. They are a run of their own,
            ``RUN/half-size``, of the same settings but for the learning rates, which are those of
            a training that begins.
        freeze: beginnings of the names of layers that stay as they are.
        encoder_factor: learning rate of the encoder (the layers whose names begin with
            ``encoder``), as a fraction of that of the others; 1 for the same. By default
            `PRETRAINED_ENCODER_FACTOR` where the learning rate is `PRETRAINED_LEARNING_RATE` by
            default and the encoder is trained, else 1.
        freeze_epochs: first epochs in which the encoder stays as it is.
        class_weights: by which rare classes weigh more in the cross-entropy: ``none``,
            ``median-frequency`` of the training images, or ``root-frequency``, the square roots
            of these, with which less of what surrounds a rare class is taken for it.
        monitor: metric of the validation by which the best epoch is chosen: see `MONITORS`. Dice
            and IoU are over all pixels of the held-out images at the model's size.
        patience: epochs without a better one after which training stops; 0 for never.
        augment: name out of `segtf.data.AUGMENTATIONS`, or ``auto`` for the one that fits the data
            (`segtf.data.augment.choose_augmentation`), which the run records.
        skip_broken: whether samples that cannot be used are left out, and counted in a message,
            rather than refused.
        val_share: share of the images that is held out, where the data has no split of its own.
        seed: whole number that fixes split, order, augmentation and initial weights.
        deterministic: whether two runs give the same weights bit by bit, at some cost of speed.
        precision: one of `PRECISIONS`; ``auto`` takes what the GPU's tensor cores are made for, and
            float32 on a CPU.
        restarts: of each time that the training went on beyond its end (`segtf.resume` with
            `epochs`), the number of epochs before and the highest learning rate since.
        save_minutes: how often, within an epoch, the state is saved that a killed run goes on
            from; it is saved after each epoch besides.

    Raises:
        ValueError: for a value out of its range.

    Example:

    >>> TrainConfig(optimizer="sgd").learning_rate
    0.05
    >>> TrainConfig().learning_rate, TrainConfig(model="unet").learning_rate
    (0.004, 0.002)
    """

    model: str = DEFAULT_MODEL
    model_settings: Mapping[str, object] = field(default_factory=dict)
    task: str = AUTO_TASK
    size: tuple[int, int] = (256, 256)
    resize: str = "stretch"
    epochs: int = 40
    minutes: float = 0.0
    epoch_steps: int = 0
    batch_size: int | str = 8
    optimizer: str = "adamw"
    learning_rate: float | None = None
    schedule: str = "cosine"
    weight_decay: float = 1e-4
    clip_norm: float = 0.0
    accumulate: int = 1
    average_weights: float | str = 0.0
    batch_norm: str = "auto"
    encoder_weights: str | None = "auto"
    init_from: str | None = None
    half_size_epochs: int = 0
    freeze: tuple[str, ...] = ()
    encoder_factor: float | None = None
    freeze_epochs: int = 0
    class_weights: str = "none"
    monitor: str = "val_mean_dice"
    patience: int = 0
    augment: str = "auto"
    skip_broken: bool = False
    val_share: float = 0.2
    seed: int = 0
    deterministic: bool = False
    precision: str = "float32"
    save_minutes: float = 3.0
    restarts: tuple[tuple[int, float], ...] = ()

    def __post_init__(self):
        for name, choices in (
            ("task", (AUTO_TASK, *SETTINGS)),
            ("resize", RESIZE_RULES),
            ("optimizer", tuple(LEARNING_RATES)),
            ("schedule", SCHEDULES),
            ("class_weights", tuple(CLASS_WEIGHTS)),
            ("batch_norm", BATCH_NORM),
            ("monitor", MONITORS),
            ("precision", PRECISIONS),
        ):
            if getattr(self, name) not in choices:
                known, received = ", ".join(choices), getattr(self, name)
                raise ValueError(f"Expected {name} as one of {known}. Received: {received!r}")
        if self.encoder_weights == "none":
            self._set("encoder_weights", None)
        self._check_texts()
        self._set_usual_rates()
        self._set("size", image_size("size", self.size))
        for name, (low, high) in WHOLE_NUMBERS.items():
            if name == "batch_size" and self.batch_size == "auto":
                continue
            self._set(name, whole_number(name, getattr(self, name), low, high))
        if self.half_size_epochs and self.minutes:
            raise ValueError(
                "Expected half_size_epochs=0 in a training that is planned to a time. "
                f"Received: {self.half_size_epochs} and {self.minutes:g} minutes"
            )
        for name, limits in NUMBERS.items():
            self._set(name, number(name, getattr(self, name), **limits))
        self._set("restarts", tuple(_restart(*restart) for restart in self.restarts))
        if self.average_weights != "auto":
            momentum = number("average_weights", self.average_weights, 0, 1, below=True)
            self._set("average_weights", momentum)

    def _check_texts(self):
        for name in ("model", "augment", "encoder_weights", "init_from"):
            value = getattr(self, name)
            may_be_missing = name in ("encoder_weights", "init_from")
            if not (isinstance(value, str | Path) or (value is None and may_be_missing)):
                raise ValueError(f"Expected {name} as text. Received: {value!r}")
            self._set(name, value and str(value))
        for name in ("skip_broken", "deterministic"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(
                    f"Expected {name} as True or False. Received: {getattr(self, name)!r}"
                )
        if not isinstance(self.freeze, list | tuple):
            raise ValueError(f"Expected freeze as a list of texts. Received: {self.freeze!r}")
        self._set("freeze", tuple(str(prefix) for prefix in self.freeze))
        if not isinstance(self.model_settings, Mapping):
            raise ValueError(
                f"Expected model_settings as a dict. Received: {self.model_settings!r}"
            )

    def _set_usual_rates(self):
        is_pretrained = self.encoder_weights is not None
        if self.encoder_weights == "auto":
            is_pretrained = self.model in PRETRAINED_MODELS
        rate, factor = LEARNING_RATES[self.optimizer], 1.0
        if is_pretrained and self.optimizer == "adamw":
            rate, factor = PRETRAINED_LEARNING_RATE, PRETRAINED_ENCODER_FACTOR
            if self.init_from is not None or self.half_size_epochs:
                rate, factor = GOING_ON_LEARNING_RATE, 1.0
        if self.learning_rate is not None or any(map(ENCODER.startswith, self.freeze)):
            factor = 1.0
        if self.learning_rate is None:
            self._set("learning_rate", rate)
        if self.encoder_factor is None:
            self._set("encoder_factor", factor)

    def _set(self, name, value):
        object.__setattr__(self, name, value)

    @property
    def begins_with_other_weights(self):
        """Whether some of the initial weights come from a file or a download."""
        return self.encoder_weights is not None or self.init_from is not None

    @property
    def last_start(self):
        """Number of epochs before the learning rate began to rise, and its highest value since."""
        return self.restarts[-1] if self.restarts else (0, self.learning_rate)

    def to_dict(self):
        """Return plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values):
        """Return the settings that `to_dict` described.

        Args:
            values: a mapping from setting to value, as JSON holds them.

        Raises:
            ValueError: for a setting that there is not, or a value out of its range.
        """
        unknown = set(values) - {setting.name for setting in fields(cls)}
        if unknown:
            raise ValueError(
                "Expected settings of a training that this version of segtf knows. "
                f"Received: {', '.join(sorted(unknown))}"
            )
        # What there was before there was a setting, or another default.
        return cls(**{"encoder_factor": 1.0, "augment": "medical", **values})


def _restart(epoch, learning_rate):
    rate = number("learning_rate", learning_rate, **NUMBERS["learning_rate"])
    return whole_number("epochs", epoch, *WHOLE_NUMBERS["epochs"]), rate
