"""From arrays to a trained model in a run folder, and its parts for a `model.fit` of one's own.

The names are imported on first use, so that settings can be read without TensorFlow.
"""

import importlib

_PUBLIC_NAMES = {
    "AverageWeights": "segtf.training.averaging",
    "BatchNormStatistics": "segtf.training.batch_norm",
    "EncoderAdamW": "segtf.training.encoder",
    "EncoderSGD": "segtf.training.encoder",
    "FreezeEncoder": "segtf.training.encoder",
    "MeasureBatchNorm": "segtf.training.batch_norm",
    "TrainConfig": "segtf.training.config",
    "WarmUpThenDecay": "segtf.training.schedule",
    "check_inputs": "segtf.training.inputs",
    "find_layers": "segtf.training.encoder",
    "find_learning_rate": "segtf.training.rate_range",
    "fit_momentum": "segtf.training.batch_norm",
    "fuse_batch_norm": "segtf.training.fused_batch_norm",
    "train_folds": "segtf.training.folds",
    "usual_momentum": "segtf.training.averaging",
}

__all__ = sorted(_PUBLIC_NAMES)


def __getattr__(name):
    if name not in _PUBLIC_NAMES:
        raise AttributeError(f"module 'segtf.training' has no attribute {name!r}")
    value = getattr(importlib.import_module(_PUBLIC_NAMES[name]), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__})
