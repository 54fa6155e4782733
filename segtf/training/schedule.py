"""How the learning rate rises and falls, and the optimizer that uses it."""

import math

import keras
from keras import ops

_SHARE_AT_START = 0.05
_POLYNOMIAL_POWER = 0.9


@keras.saving.register_keras_serializable(package="segtf")
class WarmUpThenDecay(keras.optimizers.schedules.LearningRateSchedule):
    """Rise in a line from a twentieth of the peak to the peak, then fall to 0.

    Args:
        peak: the highest learning rate.
        total_updates: number of updates in all.
        warmup_updates: number of updates that the rise takes.
        decay: ``cosine`` or ``polynomial`` (power 0.9, as in DeepLab).

    Reference:
        Loshchilov, Hutter: "SGDR: Stochastic gradient descent with warm restarts", 2017,
        https://arxiv.org/abs/1608.03983; Chen et al.: "DeepLab", 2017,
        https://arxiv.org/abs/1606.00915

    Example:

    >>> schedule = WarmUpThenDecay(1.0, total_updates=110, warmup_updates=10)
    >>> [round(float(schedule(update)), 3) for update in (0, 10, 60, 110)]
    [0.05, 1.0, 0.5, 0.0]
    """

    def __init__(self, peak, total_updates, warmup_updates=0, decay="cosine"):
        super().__init__()
        self.peak = peak
        self.total_updates = total_updates
        self.warmup_updates = warmup_updates
        self.decay = decay

    def __call__(self, step):
        """Return the learning rate of an update."""
        step = ops.cast(step, "float32")
        falling = max(1, self.total_updates - self.warmup_updates)
        progress = ops.clip((step - self.warmup_updates) / falling, 0.0, 1.0)
        if self.decay == "cosine":
            factor = 0.5 * (1.0 + ops.cos(math.pi * progress))
        else:
            factor = (1.0 - progress) ** _POLYNOMIAL_POWER
        rise = step / max(1, self.warmup_updates)
        rising = _SHARE_AT_START + (1.0 - _SHARE_AT_START) * rise
        return self.peak * ops.where(step < self.warmup_updates, rising, factor)

    def get_config(self):
        """Return the arguments of the constructor."""
        return {
            "peak": self.peak,
            "total_updates": self.total_updates,
            "warmup_updates": self.warmup_updates,
            "decay": self.decay,
        }


def make_optimizer(config, steps_per_epoch):
    """Return the optimizer that a `TrainConfig` describes.

    The warm-up takes one epoch, at most a tenth of the run. With `mixed_float16` the loss is
    scaled, so that small gradients do not vanish.

    Args:
        config: a `TrainConfig` whose precision is not ``auto``.
        steps_per_epoch: number of steps in an epoch.
    """
    total = max(1, config.epochs * steps_per_epoch // config.accumulate)
    schedule = WarmUpThenDecay(
        config.learning_rate,
        total,
        warmup_updates=min(steps_per_epoch // config.accumulate, total // 10),
        decay=config.schedule,
    )
    settings = {
        "learning_rate": schedule,
        "weight_decay": config.weight_decay or None,
        "global_clipnorm": config.clip_norm or None,
        "gradient_accumulation_steps": config.accumulate if config.accumulate > 1 else None,
    }
    if config.optimizer == "sgd":
        optimizer = keras.optimizers.SGD(momentum=0.9, nesterov=True, **settings)
    else:
        optimizer = keras.optimizers.AdamW(**settings)
    if config.precision == "mixed_float16":
        return keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer
