"""Inference: one predictor over Keras models, SavedModels and TFLite files."""

from segtf.inference.load import load
from segtf.inference.predictor import Prediction, Predictor

__all__ = ["Prediction", "Predictor", "load"]
