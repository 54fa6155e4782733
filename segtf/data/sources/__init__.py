'''Data sets by name. Each source is a function that lists samples; none decodes pixels.

A source of one's own is a function of a folder, registered under a name. It needs no change in
segtf: once the module that holds it is imported, `load_source` knows the name.

>>> from segtf.data import LabelMap, Sample, Source, register_source, load_source
>>>
>>> @register_source("leaves")
... def leaves(folder, season=None):
...     """List scanned leaves: healthy tissue and spots; one plant never straddles a split."""
...     samples = []
...     for image in sorted(folder.glob("scans/*.png")):
...         plant, taken, _ = image.stem.split("_")              # oak3_autumn_0017.png
...         if season in (None, taken):
...             mask = folder / "spots" / image.name
...             samples.append(Sample(image.stem, image, mask, group=plant))
...     return Source("leaves", tuple(samples), LabelMap(("paper", "leaf", "spot")))
>>>
>>> load_source("leaves", ".", season="autumn").labels.names
('paper', 'leaf', 'spot')

What each part is for:

- `Sample.id` is the same on every machine; splits are saved by it. `group` keeps samples in one
  split (patient, plant, video), `stratum` is kept in proportion (diagnosis, kind of image).
- `Sample.mask` is a path where the mask is one grey or palette picture. `segtf.data.masks` has
  readers for colours, numbered objects, several masks per image and COCO outlines; any frozen
  object with `files` and `read()` will do. With `read_parts()` it tells more than classes:
  objects, classes that overlap, points.
- `Sample.mask_values` translates values to class ids (and so does the argument `mask_values` of
  `load_source`, for any source whose masks are grey or palette pictures): ``{0: 0, 255: 1}``, or
  ``{1: 1, 2: 0, 3: 255}`` for trimaps whose border counts nowhere.
- `Source.augment` names the changes that fit the images (``photo`` keeps them upright).
- `Source.splits` are the official lists, if any; `channels=1` reads images as grey; `strays`
  names files without a partner (`segtf.data.sources.pairing` finds them), which the check reports;
  `notices` are lines on what was left out. Of two classes the first is the background.
- Further arguments of the function are options: ``load_source("leaves", DIR, season="autumn")``.
  They are saved with a run, so they should be text, numbers or lists of them.

Missing and unreadable files need no care here: `segtf data check` and training find them.
'''

from segtf.data.sources.registry import (
    default_folder,
    load_source,
    register_source,
    source_names,
)

__all__ = ["default_folder", "load_source", "register_source", "source_names"]
