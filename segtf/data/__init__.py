"""Labelled images on their way into a model: sources, splits, decoding, augmentation, tf.data.

The names are imported on first use: listing and checking a data set needs no TensorFlow.
"""

import importlib

_PUBLIC_NAMES = {
    "AUGMENTATIONS": "segtf.data.augment",
    "Annotation": "segtf.data.annotations",
    "ArrayData": "segtf.data.cache",
    "Augmentation": "segtf.data.augment",
    "DataError": "segtf.data.sample",
    "ImageError": "segtf.data.decode",
    "LabelMap": "segtf.labels",
    "Sample": "segtf.data.sample",
    "Skeleton": "segtf.labels",
    "Source": "segtf.data.sample",
    "check_source": "segtf.data.check",
    "extend_split": "segtf.data.splits",
    "find_augmentation": "segtf.data.augment",
    "fit_augmentation": "segtf.data.augment",
    "fingerprint": "segtf.data.contents",
    "hold_out": "segtf.data.held_out",
    "inspect_source": "segtf.data.inspect",
    "FileData": "segtf.data.cache",
    "load_arrays": "segtf.data.cache",
    "load_data": "segtf.data.cache",
    "load_source": "segtf.data.sources",
    "load_split": "segtf.data.splits",
    "match_classes": "segtf.data.class_names",
    "official_split": "segtf.data.splits",
    "read_class_ids": "segtf.data.masks",
    "read_image": "segtf.data.decode",
    "read_mask": "segtf.data.decode",
    "read_annotated": "segtf.data.reading",
    "read_sample": "segtf.data.reading",
    "register_source": "segtf.data.sources",
    "save_split": "segtf.data.splits",
    "select": "segtf.data.splits",
    "source_names": "segtf.data.sources",
    "split_by_share": "segtf.data.splits",
    "split_k_folds": "segtf.data.splits",
    "training_batches": "segtf.data.pipeline",
    "validation_batches": "segtf.data.pipeline",
    "with_classes_of": "segtf.data.class_names",
    "write_synthetic": "segtf.data.synthetic",
    "with_split": "segtf.data.held_out",
}

__all__ = sorted(_PUBLIC_NAMES)


def __getattr__(name):
    if name not in _PUBLIC_NAMES:
        raise AttributeError(f"module 'segtf.data' has no attribute {name!r}")
    value = getattr(importlib.import_module(_PUBLIC_NAMES[name]), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__})
