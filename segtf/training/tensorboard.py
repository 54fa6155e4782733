"""Figures and pictures for TensorBoard."""

import keras
import numpy as np
import tensorflow as tf

from segtf.signatures import LOGITS
from segtf.tasks.choice import task_of

_PICTURES = 4


class TensorBoardWriter(keras.callbacks.Callback):
    """Write each epoch's metrics, and validation images with truth and prediction over them.

    Args:
        session: the `Session`.
        spec: the `ModelSpec`.
        batches: validation batches `(images, masks)`, whose first images are shown.
    """

    def __init__(self, session, spec, batches):
        super().__init__()
        self.session = session
        self.spec = spec
        self.images, self.masks = (
            np.concatenate(parts)[:_PICTURES]
            for parts in zip(*_first(batches, _PICTURES), strict=True)
        )
        logs = session.run.logs
        self.writers = {
            name: tf.summary.create_file_writer(str(logs / name))
            for name in ("train", "validation")
        }

    def on_epoch_end(self, epoch, logs=None):
        """Write."""
        with self.writers["train"].as_default(step=epoch + 1):
            for name, value in logs.items():
                if not name.startswith("val_"):
                    tf.summary.scalar(f"epoch_{name}", value)
            tf.summary.scalar("learning_rate", float(self.model.optimizer.learning_rate))
        with self.writers["validation"].as_default(step=epoch + 1):
            for name, value in logs.items():
                if name.startswith("val_"):
                    tf.summary.scalar(f"epoch_{name.removeprefix('val_')}", value)
            tf.summary.image("truth_and_prediction", self._pictures(), max_outputs=_PICTURES)
        for writer in self.writers.values():
            writer.flush()

    def _pictures(self):
        task = task_of(self.spec)
        logits = self.model.predict(self.images, batch_size=len(self.images), verbose=0)
        decide = task.per_pixel[task.decided]
        decided = decide({LOGITS: tf.constant(logits)}, self.spec).numpy()
        rows = []
        for image, truth, said in zip(self.images, self.masks, decided, strict=True):
            pictures = task.pictures(image, truth, said, self.spec.labels)
            rows.append(np.hstack([pictures["truth"], pictures["prediction"]]))
        return np.stack(rows)


def _first(batches, count):
    """As many batches as hold `count` images, as NumPy arrays."""
    seen, kept = 0, []
    for images, masks in batches.as_numpy_iterator():
        kept.append((images, masks))
        seen += len(images)
        if seen >= count:
            break
    return kept
