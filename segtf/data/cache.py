"""Decoded samples at the model's size, each decoded once: in memory, or in files.

The files survive the process: each sample has one, named by a digest of everything that its
pixels depend on (the files' paths, sizes and times of change, the spec), written beside and
renamed. What a killed run has decoded, the next one finds; a file that has changed since is
decoded anew. A file holds the bytes of the image and of each map of its annotation, as the data
set's layout says, and behind them its points as an array of NumPy's, where there are any.
"""

import hashlib
import math
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import tensorflow as tf

from segtf.data.annotations import Annotation, ordered_parts
from segtf.data.decode import ImageError
from segtf.data.masks import mask_files
from segtf.data.reading import fitted_sample, maps_of
from segtf.data.sample import DataError, refuse
from segtf.files import replacing
from segtf.resources import usable_cores, usable_memory

_FORMAT = 2
_CLASSES_ALONE = ("classes",)
_ALIGNMENT = 64
_MEMORY_SHARE = 0.5


@dataclass(frozen=True)
class ArrayData:
    """Decoded samples of one split at the model's size, in memory.

    Args:
        images: uint8 `(N, H, W, C)`.
        masks: uint8 `(N, H, W)` of class ids, or `None` where there are none.
        ids: the samples' ids.
        instances: as in `segtf.data.annotations.Annotation`, with N in front.
        labels: as in `Annotation`, with N in front.
        points: as in `Annotation`, with N in front. Samples of fewer objects than others are
            filled up with points of visibility 0.
    """

    images: np.ndarray
    masks: np.ndarray | None
    ids: tuple[str, ...]
    instances: np.ndarray | None = None
    labels: np.ndarray | None = None
    points: np.ndarray | None = None
    _tensors: tuple = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        annotations = Annotation(self.masks, self.instances, self.labels, self.points)
        tensors = _as_tensor(self.images), annotations.each(_as_tensor)
        object.__setattr__(self, "_tensors", tensors)

    def __len__(self):
        return len(self.ids)

    def read(self, indices):
        """Return some of the samples; for graphs.

        Args:
            indices: places of the samples, int tensor `(B,)`.

        Returns:
            Images uint8 `(B, H, W, C)`, and an `Annotation` whose parts have B in front.
        """
        images, annotations = self._tensors
        return tf.gather(images, indices), annotations.each(lambda part: tf.gather(part, indices))


@dataclass(frozen=True)
class FileData:
    """Decoded samples of one split at the model's size, one file each.

    Args:
        files: the samples' files: pixels of the image, then of each map.
        image_shape: height, width and channels of the images.
        ids: the samples' ids.
        maps: name to shape and dtype of each map; see `segtf.data.annotations.map_types`.
        points: as in `ArrayData`, in memory: they are few.
    """

    files: tuple[Path, ...]
    image_shape: tuple[int, int, int]
    ids: tuple[str, ...]
    maps: Mapping[str, tuple]
    points: np.ndarray | None = None

    def __len__(self):
        return len(self.ids)

    def read(self, indices):
        """Return some of the samples; for graphs.

        Args:
            indices: places of the samples, int tensor `(B,)`.

        Returns:
            Images uint8 `(B, H, W, C)`, and an `Annotation` whose parts have B in front.
        """
        names = tf.gather(tf.constant([str(path) for path in self.files]), indices)
        layout = _layout(self.image_shape, self.maps)
        content = tf.map_fn(tf.io.read_file, names)
        if self.points is not None:
            content = tf.strings.substr(content, 0, _bytes(layout))
        content = tf.io.decode_raw(content, tf.uint8, fixed_length=None)
        content = tf.ensure_shape(content, (indices.shape[0], _bytes(layout)))
        sizes = [_bytes([one]) for one in layout]
        images, *maps = (
            _typed(values, *one)
            for values, one in zip(tf.split(content, sizes, axis=1), layout, strict=True)
        )
        annotation = Annotation(**dict(zip(self.maps, maps, strict=True)))
        if self.points is not None:
            annotation = annotation._replace(points=tf.gather(self.points, indices))
        return images, annotation


def load_data(samples, spec, folder=None, on_sample=None, parts=_CLASSES_ALONE):
    """Decode samples into memory, or into files where they need more than half of what is free.

    Args:
        samples: `Sample`s with masks.
        spec: a `ModelSpec`.
        folder: where files go; by default what the environment variable ``SEGTF_CACHE`` names,
            or ``~/.cache/segtf``. It can be deleted at any time between runs.
        on_sample: called with no arguments after each sample, to show progress.
        parts: names of the parts of `segtf.data.annotations.Annotation` that are wanted.

    Returns:
        `ArrayData` or `FileData`.

    Raises:
        DataError: naming the files that cannot be decoded, or that do not tell one of the parts.
        ValueError: for a name that is no part.
    """
    needed = len(samples) * _bytes(_layout(_image_shape(spec), maps_of(parts, spec)))
    if needed <= _MEMORY_SHARE * usable_memory():
        return load_arrays(samples, spec, on_sample, parts)
    return load_files(samples, spec, folder or default_cache_folder(), on_sample, parts)


def load_arrays(samples, spec, on_sample=None, parts=_CLASSES_ALONE):
    """Decode samples into memory.

    Args:
        samples: `Sample`s with masks.
        spec: a `ModelSpec`.
        on_sample: called with no arguments after each sample, to show progress.
        parts: names of the parts of `segtf.data.annotations.Annotation` that are wanted.

    Returns:
        `ArrayData`.

    Raises:
        DataError: naming the files that cannot be decoded, or that do not tell one of the parts.
        ValueError: for a name that is no part.
    """
    parts = ordered_parts(parts)
    images = _aligned_empty((len(samples), *spec.size, spec.channels), np.uint8)
    maps = {
        name: _aligned_empty((len(samples), *shape), dtype)
        for name, (shape, dtype) in maps_of(parts, spec).items()
    }
    points = [None] * len(samples)

    def load(index):
        images[index], annotation = fitted_sample(samples[index], spec, parts)
        for name, values in annotation.maps.items():
            maps[name][index] = values
        points[index] = annotation.points

    _for_each(load, samples, on_sample)
    return ArrayData(
        images,
        maps.pop("classes", None),
        tuple(sample.id for sample in samples),
        **maps,
        points=_stacked(points) if "points" in parts else None,
    )


def load_files(samples, spec, folder, on_sample=None, parts=_CLASSES_ALONE):
    """Decode samples into files, where these are not there yet.

    Args:
        samples: `Sample`s with masks.
        spec: a `ModelSpec`.
        folder: where the files go.
        on_sample: called with no arguments after each sample, to show progress.
        parts: names of the parts of `segtf.data.annotations.Annotation` that are wanted.

    Returns:
        `FileData`.

    Raises:
        DataError: naming the files that cannot be decoded, or that do not tell one of the parts.
        ValueError: for a name that is no part.
    """
    parts = ordered_parts(parts)
    files = [Path(folder) / digest[:2] / digest for digest in _digests(samples, spec, parts)]
    for parent in {path.parent for path in files}:
        parent.mkdir(parents=True, exist_ok=True)
    image_shape, maps = _image_shape(spec), maps_of(parts, spec)
    size = _bytes(_layout(image_shape, maps))
    points = [None] * len(samples)

    def load(index):
        path = files[index]
        if "points" in parts:
            points[index] = _stored_points(path, size)
            is_whole = points[index] is not None
        else:
            is_whole = path.exists() and path.stat().st_size == size
        if is_whole:
            return
        image, annotation = fitted_sample(samples[index], spec, parts)
        points[index] = annotation.points
        with replacing(path) as beside, beside.open("wb") as file:
            for values in (image, *annotation.maps.values()):
                file.write(values.data)
            if points[index] is not None:
                np.save(file, points[index])

    _for_each(load, samples, on_sample)
    ids = tuple(sample.id for sample in samples)
    of_all = _stacked(points) if "points" in parts else None
    return FileData(tuple(files), image_shape, ids, maps, of_all)


def default_cache_folder():
    """Return the folder of decoded samples: ``SEGTF_CACHE``, or ``~/.cache/segtf``."""
    return Path(os.environ.get("SEGTF_CACHE") or Path.home() / ".cache" / "segtf")


def _for_each(load, samples, on_sample):
    def attempt(index):
        try:
            load(index)
        except ImageError as error:
            return str(error)
        if on_sample is not None:
            on_sample()
        return None

    with ThreadPoolExecutor(usable_cores()) as pool:
        problems = list(pool.map(attempt, range(len(samples))))
    refuse([problem for problem in problems if problem], len(samples))


def _image_shape(spec):
    return (*spec.size, spec.channels)


def _layout(image_shape, maps):
    """Shape and dtype of what is stored of each sample: its image, then its maps."""
    return [(image_shape, np.uint8), *maps.values()]


def _bytes(layout):
    return sum(math.prod(shape) * np.dtype(dtype).itemsize for shape, dtype in layout)


def _typed(values, shape, dtype):
    """Bytes `(B, bytes)` as a tensor `(B, *shape)`."""
    dtype = tf.as_dtype(dtype)
    if dtype.size == 1:
        return tf.reshape(values, (-1, *shape))
    return tf.bitcast(tf.reshape(values, (-1, *shape, dtype.size)), dtype)


def _stacked(points):
    """Points of all samples as one array, those of fewer objects filled up with zeros."""
    joints = {one.shape[1] for one in points}
    if len(joints) > 1:
        raise DataError(f"Expected as many joints in each image. Received: {sorted(joints)}")
    most = max((len(one) for one in points), default=0)
    stacked = np.zeros((len(points), most, *joints, 3), np.float32)
    for together, own in zip(stacked, points, strict=True):
        together[: len(own)] = own
    return stacked


def _stored_points(path, start):
    """The points in a file behind its pixels; `None` if it is not whole, or not there."""
    try:
        with path.open("rb") as file:
            file.seek(start)
            return np.load(file, allow_pickle=False)
    except (OSError, EOFError, ValueError):
        return None


def _digests(samples, spec, parts):
    """A name for each sample's pixels; the position tells apart samples listed twice."""
    classes = spec.labels.num_classes
    rules = (_FORMAT, spec.size, spec.channels, spec.resize, spec.labels.ignore_class)
    rules += (parts, classes if "labels" in parts else None)
    seen = {}
    for sample in samples:
        values = sample.mask_values and sorted(sample.mask_values.items())
        files = [_state(path) for path in (sample.image, *mask_files(sample))]
        name = repr((rules, files, sample.mask, values))
        seen[name] = seen.get(name, -1) + 1
        yield hashlib.sha256(f"{name}{seen[name]}".encode()).hexdigest()


def _state(path):
    """Path, size and time of change; what is missing is found when it is decoded."""
    path = Path(path)
    state = path.stat() if path.exists() else None
    return str(path.absolute()), state and (state.st_size, state.st_mtime_ns)


def _as_tensor(array):
    """A tensor on the CPU that shares the array's memory if that is aligned as TensorFlow's is."""
    if array.ctypes.data % _ALIGNMENT == 0 and array.flags.writeable and array.size:
        return tf.experimental.dlpack.from_dlpack(array.__dlpack__())
    with tf.device("CPU"):
        return tf.constant(array)


def _aligned_empty(shape, dtype):
    """An array that becomes a tensor without a copy."""
    count = _bytes([(shape, dtype)])
    buffer = np.empty(count + _ALIGNMENT, np.uint8)
    start = -buffer.ctypes.data % _ALIGNMENT
    return buffer[start : start + count].view(dtype).reshape(shape)
