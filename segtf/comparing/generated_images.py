"""Images to compare models on where no others are given."""

import numpy as np


def generated_images(spec, count=4):
    """Return images to compare on where no others are given: the same ones every time.

    Coarse random colours, blown up, with fine noise on them: both large areas and detail.

    Args:
        spec: `ModelSpec`; the images differ in size from the model's and from each other.
        count: number of images.

    Returns:
        A list of uint8 arrays `(H, W, C)`.
    """
    rng = np.random.default_rng(0)
    images = []
    for index in range(count):
        height = spec.size[0] + 8 * (index % 3)
        width = spec.size[1] + 12 * (index % 2)
        coarse = rng.integers(0, 256, (-(-height // 16), -(-width // 16), spec.channels))
        areas = np.kron(coarse, np.ones((16, 16, 1)))[:height, :width]
        noise = rng.normal(0.0, 20.0, areas.shape)
        images.append(np.clip(areas + noise, 0, 255).astype(np.uint8))
    return images
