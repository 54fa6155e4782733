"""TrainConfig: the settings of a training run."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from segtf.spec import RESIZE_RULES


@dataclass(frozen=True)
class TrainConfig:
    """How a model is trained.

    Args:
        model: name of an architecture; see `segtf models`.
        model_settings: keyword arguments of its builder, such as ``{"dropout": 0.2}``.
        size: height and width in pixels that the model is trained at.
        resize: how images are brought to that size: ``stretch``, ``letterbox`` or ``crop``.
        epochs: how often every image is seen.
        batch_size: images per step.
        learning_rate: of AdamW, at its highest, after one epoch of warm-up; it falls to 0 by a
            cosine.
        weight_decay: of AdamW.
        augment: name out of `segtf.data.AUGMENTATIONS`.
        val_share: share of the images that is held out, where the data has no split of its own.
        seed: whole number that fixes split, order, augmentation and initial weights.

    Raises:
        ValueError: for a value out of its range.
    """

    model: str = "unet"
    model_settings: Mapping[str, object] = field(default_factory=dict)
    size: tuple[int, int] = (256, 256)
    resize: str = "stretch"
    epochs: int = 40
    batch_size: int = 8
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    augment: str = "medical"
    val_share: float = 0.2
    seed: int = 0

    def __post_init__(self):
        object.__setattr__(self, "size", tuple(self.size))
        for name in ("epochs", "batch_size", "learning_rate"):
            if getattr(self, name) <= 0:
                raise ValueError(f"Expected a positive {name}. Received: {getattr(self, name)}")
        if len(self.size) != 2 or min(self.size) < 1:
            raise ValueError(f"Expected size as (height, width) in pixels. Received: {self.size}")
        if self.resize not in RESIZE_RULES:
            raise ValueError(f"Expected resize as one of {RESIZE_RULES}. Received: {self.resize!r}")
        if not 0 < self.val_share < 1:
            raise ValueError(f"Expected a val_share within 0..1. Received: {self.val_share}")

    def to_dict(self):
        """Return plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values):
        """Return the settings that `to_dict` described."""
        return cls(**values)
