"""How the learning rate rises and falls, and the optimizer that uses it."""

import math

import keras
from keras import ops

from segtf.training.encoder import EncoderAdamW, EncoderSGD

_SHARE_AT_START = 0.05
_POLYNOMIAL_POWER = 0.9


@keras.saving.register_keras_serializable(package="segtf")
class WarmUpThenDecay(keras.optimizers.schedules.LearningRateSchedule):
    """Rise in a line from a twentieth of the peak to the peak, then fall to 0.

    Args:
        peak: the highest learning rate.
        total_steps: number of steps in all.
        warmup_steps: number of steps that the rise takes.
        decay: ``cosine`` or ``polynomial`` (power 0.9, as in DeepLab).
        first_step: step at which the rise begins, other than 0 after a warm restart.

    Reference:
        Loshchilov, Hutter: "SGDR: Stochastic gradient descent with warm restarts", 2017,
        https://arxiv.org/abs/1608.03983; Chen et al.: "DeepLab", 2017,
        https://arxiv.org/abs/1606.00915

    Example:

    >>> schedule = WarmUpThenDecay(1.0, total_steps=110, warmup_steps=10)
    >>> [round(float(schedule(step)), 3) for step in (0, 10, 60, 110)]
    [0.05, 1.0, 0.5, 0.0]
    """

    def __init__(self, peak, total_steps, warmup_steps=0, decay="cosine", first_step=0):
        super().__init__()
        self.peak = peak
        self.total_steps = total_steps
        self.warmup_steps = warmup_steps
        self.decay = decay
        self.first_step = first_step

    def __call__(self, step):
        """Return the learning rate of a step."""
        # Whole numbers first: beyond 16 million, single steps are none of float32.
        step = ops.cast(ops.maximum(step - self.first_step, 0), "float32")
        falling = max(1, self.total_steps - self.warmup_steps)
        progress = ops.clip((step - self.warmup_steps) / falling, 0.0, 1.0)
        if self.decay == "cosine":
            factor = 0.5 * (1.0 + ops.cos(math.pi * progress))
        else:
            factor = (1.0 - progress) ** _POLYNOMIAL_POWER
        rise = step / max(1, self.warmup_steps)
        rising = _SHARE_AT_START + (1.0 - _SHARE_AT_START) * rise
        return self.peak * ops.where(step < self.warmup_steps, rising, factor)

    def get_config(self):
        """Return the arguments of the constructor."""
        return {
            "peak": self.peak,
            "total_steps": self.total_steps,
            "warmup_steps": self.warmup_steps,
            "decay": self.decay,
            "first_step": self.first_step,
        }


def make_optimizer(config, steps_per_epoch):
    """Return the optimizer that a `TrainConfig` describes.

    The warm-up takes one epoch, at most a tenth of the run. A training that went on beyond its end
    has a warm restart there, which is a schedule of its own. With `mixed_float16` the loss is
    scaled, so that small gradients do not vanish.

    Args:
        config: a `TrainConfig` whose precision is not ``auto``.
        steps_per_epoch: number of steps in an epoch.

    Raises:
        ValueError: if no update would take place within the run.
    """
    first_epoch, peak = config.last_start
    total = (config.epochs - first_epoch) * steps_per_epoch
    if config.accumulate > total:
        raise ValueError(
            f"Expected accumulate as at most the {total} steps of the training: there is no update "
            f"before. Received: {config.accumulate}"
        )
    # Keras asks the schedule with the number of steps, whether or not they accumulate.
    schedule = WarmUpThenDecay(
        peak,
        total,
        warmup_steps=min(steps_per_epoch, total // 10),
        decay=config.schedule,
        first_step=first_epoch * steps_per_epoch,
    )
    is_slow = config.encoder_factor < 1
    settings = {
        "learning_rate": schedule,
        "weight_decay": config.weight_decay or None,
        "global_clipnorm": config.clip_norm or None,
        "gradient_accumulation_steps": config.accumulate if config.accumulate > 1 else None,
    }
    if is_slow:
        settings["encoder_factor"] = config.encoder_factor
    if config.optimizer == "sgd":
        kind = EncoderSGD if is_slow else keras.optimizers.SGD
        optimizer = kind(momentum=0.9, nesterov=True, **settings)
    else:
        optimizer = (EncoderAdamW if is_slow else keras.optimizers.AdamW)(**settings)
    if config.precision == "mixed_float16":
        return keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer
