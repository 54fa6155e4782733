"""Decoded samples at the model's size, each decoded once: in memory, or in files.

The files survive the process: each sample has one, named by a digest of everything that its
pixels depend on (the files' paths, sizes and times of change, the spec), written beside and
renamed. What a killed run has decoded, the next one finds; a file that has changed since is
decoded anew.
"""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import tensorflow as tf

from segtf.data.decode import ImageError
from segtf.data.fast_decode import read_pixels
from segtf.data.fit import fit_image, fit_mask
from segtf.data.masks import mask_files, read_values, to_class_ids
from segtf.data.sample import refuse
from segtf.files import replacing
from segtf.resources import usable_cores, usable_memory

_FORMAT = 1
_ALIGNMENT = 64
_MEMORY_SHARE = 0.5


@dataclass(frozen=True)
class ArrayData:
    """Decoded samples of one split at the model's size, in memory.

    Args:
        images: uint8 `(N, H, W, C)`.
        masks: uint8 `(N, H, W)` of class ids.
        ids: the samples' ids.
    """

    images: np.ndarray
    masks: np.ndarray
    ids: tuple[str, ...]
    _tensors: tuple = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        tensors = _as_tensor(self.images), _as_tensor(self.masks)
        object.__setattr__(self, "_tensors", tensors)

    def __len__(self):
        return len(self.ids)

    def read(self, indices):
        """Return some of the samples; for graphs.

        Args:
            indices: places of the samples, int tensor `(B,)`.

        Returns:
            Images uint8 `(B, H, W, C)` and masks uint8 `(B, H, W)`.
        """
        return tuple(tf.gather(values, indices) for values in self._tensors)


@dataclass(frozen=True)
class FileData:
    """Decoded samples of one split at the model's size, one file each.

    Args:
        files: the samples' files: pixels of the image, then of the mask.
        image_shape: height, width and channels of the images.
        ids: the samples' ids.
    """

    files: tuple[Path, ...]
    image_shape: tuple[int, int, int]
    ids: tuple[str, ...]

    def __len__(self):
        return len(self.ids)

    def read(self, indices):
        """Return some of the samples; for graphs.

        Args:
            indices: places of the samples, int tensor `(B,)`.

        Returns:
            Images uint8 `(B, H, W, C)` and masks uint8 `(B, H, W)`.
        """
        names = tf.gather(tf.constant([str(path) for path in self.files]), indices)
        height, width, channels = self.image_shape
        content = tf.map_fn(tf.io.read_file, names)
        pixels = tf.io.decode_raw(content, tf.uint8, fixed_length=None)
        pixels = tf.ensure_shape(pixels, (indices.shape[0], height * width * (channels + 1)))
        images, masks = tf.split(pixels, [height * width * channels, height * width], axis=1)
        return (
            tf.reshape(images, (-1, height, width, channels)),
            tf.reshape(masks, (-1, height, width)),
        )


def load_data(samples, spec, folder=None, on_sample=None):
    """Decode samples into memory, or into files where they need more than half of what is free.

    Args:
        samples: `Sample`s with masks.
        spec: a `ModelSpec`.
        folder: where files go; by default what the environment variable ``SEGTF_CACHE`` names,
            or ``~/.cache/segtf``. It can be deleted at any time between runs.
        on_sample: called with no arguments after each sample, to show progress.

    Returns:
        `ArrayData` or `FileData`.

    Raises:
        DataError: naming the files that cannot be decoded.
    """
    height, width = spec.size
    needed = len(samples) * height * width * (spec.channels + 1)
    if needed <= _MEMORY_SHARE * usable_memory():
        return load_arrays(samples, spec, on_sample)
    return load_files(samples, spec, folder or default_cache_folder(), on_sample)


def load_arrays(samples, spec, on_sample=None):
    """Decode samples into memory.

    Args:
        samples: `Sample`s with masks.
        spec: a `ModelSpec`.
        on_sample: called with no arguments after each sample, to show progress.

    Returns:
        `ArrayData`.

    Raises:
        DataError: naming the files that cannot be decoded.
    """
    images = _aligned_empty((len(samples), *spec.size, spec.channels))
    masks = _aligned_empty((len(samples), *spec.size))

    def load(index):
        images[index], masks[index] = _fitted(samples[index], spec)

    _for_each(load, samples, on_sample)
    return ArrayData(images, masks, tuple(sample.id for sample in samples))


def load_files(samples, spec, folder, on_sample=None):
    """Decode samples into files, where these are not there yet.

    Args:
        samples: `Sample`s with masks.
        spec: a `ModelSpec`.
        folder: where the files go.
        on_sample: called with no arguments after each sample, to show progress.

    Returns:
        `FileData`.

    Raises:
        DataError: naming the files that cannot be decoded.
    """
    files = [Path(folder) / digest[:2] / digest for digest in _digests(samples, spec)]
    for parent in {path.parent for path in files}:
        parent.mkdir(parents=True, exist_ok=True)
    size = spec.size[0] * spec.size[1] * (spec.channels + 1)

    def load(index):
        path = files[index]
        if path.exists() and path.stat().st_size == size:
            return
        image, mask = _fitted(samples[index], spec)
        with replacing(path) as beside, beside.open("wb") as file:
            file.write(image.data)
            file.write(mask.data)

    _for_each(load, samples, on_sample)
    shape = (*spec.size, spec.channels)
    return FileData(tuple(files), shape, tuple(sample.id for sample in samples))


def read_sample(sample, spec):
    """Decode one sample at its own size.

    Args:
        sample: a `Sample` with a mask.
        spec: the `ModelSpec`, whose channels and labels say how.

    Returns:
        uint8 image `(H, W, C)` and uint8 mask `(H, W)` of class ids.

    Raises:
        ImageError: naming the file that cannot be used.
    """
    image, values = _decoded(sample, spec)
    return image, to_class_ids(values, sample, spec.labels)


def _fitted(sample, spec):
    """Decode one sample and bring it to the size of the spec."""
    image, values = _decoded(sample, spec)
    fill = 0 if spec.labels.ignore_class is None else spec.labels.ignore_class

    def class_ids(values):
        return to_class_ids(values, sample, spec.labels)

    mask = fit_mask(values, spec.resize, spec.size, fill, class_ids)
    return fit_image(image, spec.resize, spec.size), mask


def _decoded(sample, spec):
    image = read_pixels(sample.image, spec.channels)
    values = read_values(sample)
    if values.shape != image.shape[:2]:
        raise ImageError(
            f"Expected a mask of {image.shape[1]} x {image.shape[0]} (width x height) for "
            f"{sample.image}. Received: {values.shape[1]} x {values.shape[0]}"
        )
    return image, values


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


def _digests(samples, spec):
    """A name for each sample's pixels; the position tells apart samples listed twice."""
    rules = (_FORMAT, spec.size, spec.channels, spec.resize, spec.labels.ignore_class)
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


def _aligned_empty(shape):
    """An array that becomes a tensor without a copy."""
    count = int(np.prod(shape))
    buffer = np.empty(count + _ALIGNMENT, np.uint8)
    start = -buffer.ctypes.data % _ALIGNMENT
    return buffer[start : start + count].reshape(shape)
