"""The numbered folders, one per version, in which TensorFlow Serving looks for SavedModels."""

from pathlib import Path


def newest_version(path):
    """Return the SavedModel folder itself, or the one of the highest number in it, or `None`."""
    path = Path(path)
    folders = [path, *reversed(version_folders(path))]
    return next((folder for folder in folders if (folder / "saved_model.pb").is_file()), None)


def next_version(path):
    """Return the path of the version folder after the newest one in the folder `path`."""
    path = Path(path)
    taken = [int(folder.name) for folder in version_folders(path)]
    return path / str(max(taken, default=0) + 1)


def version_folders(path):
    """Return the folders in `path` whose names are numbers, in ascending order."""
    folders = [folder for folder in Path(path).glob("[0-9]*") if folder.name.isdecimal()]
    return sorted(folders, key=lambda folder: int(folder.name))
