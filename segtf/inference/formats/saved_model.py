"""SavedModel folders with the signatures of `segtf.signatures`."""

from pathlib import Path

import tensorflow as tf

from segtf import signatures
from segtf.files import read_json_object, reading
from segtf.inference.formats.format import ModelPath
from segtf.inference.heads import heads_of, of_no_images
from segtf.inference.specs import adapt_exported_spec
from segtf.version_folders import newest_version


class SavedModelFormat:
    """SavedModel folders that `segtf.export` wrote."""

    name, title = "saved_model", "SavedModel"

    def matches(self, given):
        """Return the `ModelPath` of a version folder, or of the newest in a folder of versions."""
        version = newest_version(given) if isinstance(given, Path) else None
        return ModelPath(self, version) if version else None

    def details(self, found):
        """Return the dict that `segtf.export` wrote, or `None` if there is none."""
        asset = found.path / signatures.SPEC_ASSET
        return read_json_object(asset) if asset.is_file() else None

    def open(self, found, **asked):
        """Return a `SavedModelBackend`."""
        details = self.details(found)
        if details is None:
            raise ValueError(
                "Expected a SavedModel that segtf.export wrote, with "
                f"{signatures.SPEC_ASSET} inside. Received: {found.path}"
            )
        spec = adapt_exported_spec({**details, "dynamic_size": False}, found.path, **asked)
        with reading(found.path, "a SavedModel"):
            return SavedModelBackend(found.path, spec)


class SavedModelBackend:
    """Runs a SavedModel folder.

    Args:
        path: the version folder.
        spec: its `ModelSpec`.
    """

    def __init__(self, path, spec):
        self.spec = spec
        self.heads = heads_of(spec)
        self.model = tf.saved_model.load(str(path))
        self._signature = self.model.signatures[signatures.LOGITS]

    def __call__(self, pixels):
        """Return the logits of a batch of pixels."""
        if not len(pixels):
            return of_no_images(self.heads)
        outputs = self._signature(**{signatures.PIXELS: tf.constant(pixels)})
        return {name: outputs[name].numpy() for name in self.heads}
