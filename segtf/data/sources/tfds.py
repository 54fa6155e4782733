"""TensorFlow Datasets: any builder with an image and a mask."""

from pathlib import Path

from segtf.data.sample import Sample, Source
from segtf.data.sources.pets import LABELS as PET_LABELS
from segtf.data.sources.pets import TRIMAP_VALUES
from segtf.data.sources.registry import register_source
from segtf.data.sources.split_names import split_name
from segtf.files import publishing_folder
from segtf.labels import IGNORE_CLASS, LabelMap, in_order
from segtf.text_files import clean

_KNOWN = {"oxford_iiit_pet": (PET_LABELS, TRIMAP_VALUES)}
_MASK_NAMES = ("segmentation_mask", "segmentation_label", "mask", "label", "segmentation")
_UNPACKED = "segtf"


@register_source("tfds")
def tfds(folder, builder, image=None, mask=None, classes=None):
    """List a data set of TensorFlow Datasets; it is downloaded and prepared if need be.

    Its pictures are laid out once as files, byte for byte as the records hold them, so that
    they are checked, decoded and cached like any other. Mask values that are no class become
    the ignore class.

    Args:
        folder: the data directory of TensorFlow Datasets.
        builder: name of the builder, such as ``oxford_iiit_pet`` or ``name/config:1.0.0``.
        image: name of the image feature; by default ``image``, or the only one of colour.
        mask: name of the mask feature; by default one of the usual names, or the only other
            picture.
        classes: class names in id order, as a list or separated by commas, where the builder
            does not know them.

    Raises:
        ValueError: if the builder has no such features, or no class names are known.
    """
    import tensorflow_datasets as datasets

    made = datasets.builder(builder, data_dir=folder)
    made.download_and_prepare()
    pictures = _pictures(made.info.features, datasets.features.Image)
    image = image or _choose(pictures, ("image",), lambda feature: feature.shape[-1] == 3)
    mask = mask or _choose(
        {name: feature for name, feature in pictures.items() if name != image},
        _MASK_NAMES,
        lambda feature: feature.shape[-1] == 1,
    )
    if image not in pictures or mask not in pictures:
        raise ValueError(
            "Expected a builder with an image and a mask feature (see the options image and "
            f"mask). Received: {builder} with {sorted(made.info.features)}"
        )
    labels, values, notices = _classes(made.name, pictures[mask], classes)
    unpacked = folder / _UNPACKED / Path(made.data_path).relative_to(folder.resolve())
    if not unpacked.is_dir():
        _unpack(made, image, mask, unpacked)
    samples, splits = [], {}
    for split in sorted(made.info.splits):
        images = sorted((unpacked / split / "images").iterdir())
        masks = sorted((unpacked / split / "masks").iterdir())
        listed = [
            Sample(f"{split}-{image_file.stem}", image_file, mask_file, mask_values=values)
            for image_file, mask_file in zip(images, masks, strict=True)
        ]
        samples += listed
        splits[split_name(split) or split] = tuple(sample.id for sample in listed)
    return Source(made.name, tuple(samples), labels, splits=splits, notices=notices)


def _pictures(features, kind):
    """Features that hold a picture; labelled pictures are a kind of picture."""
    return {name: feature for name, feature in features.items() if isinstance(feature, kind)}


def _choose(pictures, usual_names, fits):
    for name in usual_names:
        if name in pictures:
            return name
    fitting = [name for name, feature in pictures.items() if fits(feature)]
    return fitting[0] if len(fitting) == 1 else None


def _classes(name, feature, classes):
    """Class names, what each value of the mask stands for, and notices."""
    if classes is None and name in _KNOWN:
        return (*_KNOWN[name], ())
    if classes is None and getattr(feature, "names", None):
        names = feature.names
    elif classes is None and getattr(feature, "num_classes", None):
        names = [f"class {id_}" for id_ in range(feature.num_classes)]
    elif classes is None:
        raise ValueError(
            f"Expected the option classes, since {name} does not name its classes. Received: none"
        )
    else:
        names = (
            [clean(part) for part in classes.split(",")] if isinstance(classes, str) else classes
        )
    names, ids = list(names), {id_: id_ for id_ in range(len(names))}
    notices = ()
    if in_order(names) != tuple(names):
        names, ids = in_order(names), {0: 1, 1: 0}
        notices = (f"{names[0]} is class 0, as the background of two classes",)
    return LabelMap(tuple(names)), dict.fromkeys(range(256), IGNORE_CLASS) | ids, notices


def _unpack(builder, image, mask, folder):
    import tensorflow_datasets as datasets

    as_stored = datasets.decode.SkipDecoding()
    for_both = datasets.decode.PartialDecoding(
        {image: True, mask: True}, decoders={image: as_stored, mask: as_stored}
    )
    with publishing_folder(folder) as beside:
        for split in builder.info.splits:
            records = builder.as_dataset(split=split, decoders=for_both)
            for part in ("images", "masks"):
                (beside / split / part).mkdir(parents=True)
            for index, record in enumerate(records.as_numpy_iterator()):
                for part, name in (("images", image), ("masks", mask)):
                    content = record[name]
                    file = f"{index:08d}{_suffix(content)}"
                    (beside / split / part / file).write_bytes(content)


def _suffix(content):
    return ".jpg" if content[:2] == b"\xff\xd8" else ".png"
