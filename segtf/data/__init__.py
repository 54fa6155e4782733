"""Labelled images on their way into a model: sources, splits, decoding, augmentation, tf.data."""

from segtf.data.augment import AUGMENTATIONS, Augmentation
from segtf.data.decode import ImageError, read_image, read_mask
from segtf.data.inspect import DataError, inspect_source
from segtf.data.pipeline import (
    ArrayData,
    load_arrays,
    read_sample,
    training_batches,
    validation_batches,
)
from segtf.data.sample import Sample, Source
from segtf.data.sources import load_source, register_source, source_names
from segtf.data.splits import select, split_by_share
from segtf.data.synthetic import write_synthetic
from segtf.labels import LabelMap

__all__ = [
    "AUGMENTATIONS",
    "ArrayData",
    "Augmentation",
    "DataError",
    "ImageError",
    "LabelMap",
    "Sample",
    "Source",
    "inspect_source",
    "load_arrays",
    "load_source",
    "read_image",
    "read_mask",
    "read_sample",
    "register_source",
    "select",
    "source_names",
    "split_by_share",
    "training_batches",
    "validation_batches",
    "write_synthetic",
]
