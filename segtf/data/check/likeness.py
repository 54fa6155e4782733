"""Which images are the same, or nearly: by digest, and by a perceptual hash."""

from collections import defaultdict
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from PIL import Image
from scipy import fft

_SIDE = 32
_LARGEST_DISTANCE = 7
_LEAST_CORRELATION = 0.98


@dataclass(frozen=True)
class Likeness:
    """What an image is compared with others by.

    Args:
        digest: of its pixels.
        bits: uint64, a hash that changes little when the image does: the signs of the 8 x 8
            lowest frequencies about their median.
        thumbnail: float32 `(32 * 32,)` in grey, of mean 0 and length 1 (0 for a blank image).
    """

    digest: bytes
    bits: np.uint64
    thumbnail: np.ndarray

    @classmethod
    def of(cls, image):
        """Return the likeness of a uint8 image `(H, W, C)`.

        Paper: Zauner, "Implementation and benchmarking of perceptual image hash functions",
        2010 (the hash by discrete cosine transform).
        """
        digest = blake2b(np.ascontiguousarray(image), person=str(image.shape).encode()[:16])
        grey = image.mean(axis=-1, dtype=np.float32)
        small = Image.fromarray(grey).resize((_SIDE, _SIDE), Image.Resampling.BOX)
        pixels = np.asarray(small, np.float32)
        low = fft.dctn(pixels, norm="ortho")[:8, :8].ravel()
        signs = low > np.median(low[1:])
        pixels = (pixels - pixels.mean()).ravel()
        length = np.linalg.norm(pixels)
        return cls(
            digest.digest(),
            np.packbits(signs).view(np.uint64)[0],
            pixels / length if length > 0 else np.zeros_like(pixels),
        )


def exact_copies(likenesses):
    """Return lists of two or more positions whose images have the same pixels."""
    positions = defaultdict(list)
    for position, likeness in enumerate(likenesses):
        positions[likeness.digest].append(position)
    return [same for same in positions.values() if len(same) > 1]


def near_copies(likenesses):
    """Return pairs of positions whose images are nearly, but not exactly, the same.

    Candidates differ in at most 7 of 64 bits: then they agree in one of 8 bytes, by which
    they are found without comparing all with all. Small pictures confirm them.
    """
    if not likenesses:
        return []
    bits = np.array([likeness.bits for likeness in likenesses], np.uint64)
    octets = bits.view(np.uint8).reshape(-1, 8)
    candidates = set()
    for column in range(8):
        order = np.argsort(octets[:, column], kind="stable")
        ends = np.flatnonzero(np.diff(octets[order, column])) + 1
        for bucket in np.split(order, ends):
            for place, first in enumerate(bucket[:-1]):
                others = bucket[place + 1 :]
                near = np.bitwise_count(bits[others] ^ bits[first]) <= _LARGEST_DISTANCE
                candidates.update((int(first), int(other)) for other in others[near])
    return sorted(pair for pair in candidates if _alike(*(likenesses[i] for i in pair)))


def clusters(pairs):
    """Join pairs that share a member; return sorted lists of positions.

    >>> clusters([(0, 1), (4, 5), (1, 2)])
    [[0, 1, 2], [4, 5]]
    """
    cluster_of = {}
    for first, second in pairs:
        joined = cluster_of.get(first, {first}) | cluster_of.get(second, {second})
        for member in joined:
            cluster_of[member] = joined
    return sorted({id(cluster): sorted(cluster) for cluster in cluster_of.values()}.values())


def _alike(one, other):
    if one.digest == other.digest:
        return False
    return float(one.thumbnail @ other.thumbnail) >= _LEAST_CORRELATION
