"""Reading ``.keras`` files."""

import zipfile

import keras


def read_keras_file(path):
    """Return the model of a ``.keras`` file, not compiled.

    Layers of segtf's own, known to Keras once `segtf.models` is imported, are read too.

    Raises:
        ValueError: for a file that is missing, or is no Keras model.
    """
    if not zipfile.is_zipfile(path):
        raise ValueError(f"Expected a .keras file. Received: {path}, which is none or is missing")
    if "config.json" not in zipfile.ZipFile(path).namelist():
        raise ValueError(f"Expected a .keras file. Received: {path}, which holds no Keras model")
    return keras.models.load_model(path, compile=False)
