"""What can be wrong with a data set, and what to do about it."""

from dataclasses import dataclass
from pathlib import Path

ERROR = "error"
WARNING = "warning"


@dataclass(frozen=True)
class Kind:
    """One kind of finding.

    Args:
        severity: `ERROR` where training on it would fail or learn something false, `WARNING`
            where it works but deserves a look.
        title: what it is, in a few words.
        remedy: what to do.
    """

    severity: str
    title: str
    remedy: str


@dataclass(frozen=True)
class Finding:
    """Something found wrong.

    Args:
        kind: key of `KINDS`.
        files: the files that it is about.
        cause: what exactly is wrong with them.
        sample_ids: the samples that training has to leave out to be rid of it; empty where
            leaving out samples does not help.
    """

    kind: str
    files: tuple[Path, ...]
    cause: str
    sample_ids: tuple[str, ...] = ()

    @property
    def severity(self):
        """`ERROR` or `WARNING`."""
        return KINDS[self.kind].severity

    @property
    def title(self):
        """What it is, in a few words."""
        return KINDS[self.kind].title

    @property
    def remedy(self):
        """What to do."""
        return KINDS[self.kind].remedy


def errors_in(findings):
    """Return the findings that make training unsafe."""
    return [finding for finding in findings if finding.severity == ERROR]


KINDS = {
    "missing file": Kind(
        ERROR, "file that is not there", "Copy the file again, or take its line off the list."
    ),
    "dangling link": Kind(
        ERROR, "link to a file that is not there", "Restore the target, or remove the link."
    ),
    "unreadable": Kind(
        ERROR, "file that is not a picture", "Fetch or export the file again, or remove the pair."
    ),
    "damaged": Kind(
        ERROR,
        "truncated or damaged picture",
        "Copy or download the file again; if the original is damaged too, remove the pair.",
    ),
    "channels": Kind(
        ERROR,
        "image with another number of channels",
        "Give the number that the images have (--option channels=N), or leave this one out.",
    ),
    "too large": Kind(
        ERROR,
        "picture beyond the size limit",
        "Cut it into tiles or shrink it, together with its mask; if no such picture was meant, "
        "the header is forged or damaged: remove it.",
    ),
    "no partner": Kind(
        ERROR,
        "file without a partner",
        "Add the missing file, give both the same name, or move this one away.",
    ),
    "no mask": Kind(ERROR, "image without a mask", "Add a mask, or leave the image out."),
    "size": Kind(
        ERROR,
        "mask of another size than its image",
        "Export the mask again at the size of its image; resize it by nearest neighbour only.",
    ),
    "no grey levels": Kind(
        ERROR,
        "image whose values are no grey levels",
        "Scale all images to 8 bits by one window that suits the sensor, such as 0..1 or 0..4095 "
        "to 0..255: a scale of each image's own would make them incomparable.",
    ),
    "black": Kind(
        ERROR,
        "deep images that come out nearly black",
        "Scale all images to 8 bits by one window that suits the sensor, such as 0..4095 to "
        "0..255: of 16 bits the upper 8 are kept on reading.",
    ),
    "mask not rotated": Kind(
        ERROR,
        "image rotated by EXIF, mask not rotated",
        "Rotate the pixels of the image for good (exiftran, jpegtran, ImageMagick -auto-orient) "
        "and rotate the mask alike; or drop the EXIF tag if the mask was drawn on raw pixels.",
    ),
    "unknown ids": Kind(
        ERROR,
        "mask values beyond the classes",
        "Add the classes to classes.txt, or say what the values stand for (--map 7=1,9=ignore); "
        "masks that number objects need --objects.",
    ),
    "shifted ids": Kind(
        ERROR,
        "class ids that start at 1",
        "Say so with --map 1=0,2=1 and so on, subtract 1 from every mask value, or put a class for "
        "value 0 first in classes.txt.",
    ),
    "smoothed mask": Kind(
        ERROR,
        "mask with values between the classes",
        "Export the mask again as PNG without antialiasing; if it has two values only, a "
        "threshold in the middle restores it.",
    ),
    "color mask": Kind(
        ERROR,
        "mask of colours",
        "Give a table of the colours (colors.csv, lines such as car,0,0,142; or --colors FILE), or "
        "convert the masks to class ids.",
    ),
    "unknown colors": Kind(
        ERROR,
        "mask colours beyond the table",
        "Add the colours to the table, or correct the masks.",
    ),
    "float mask": Kind(
        ERROR,
        "mask of fractions",
        "Export class ids as whole numbers in an 8-bit PNG; probabilities need a threshold.",
    ),
    "two readings": Kind(
        ERROR,
        "mask file that can be read in two ways",
        "Save the values that are meant as a grey 8-bit PNG: one page, one channel, no palette, "
        "no transparency.",
    ),
    "palettes": Kind(
        ERROR,
        "palettes that number the same colours differently",
        "Save the masks as grey PNG of class ids; or give a table of the colours (colors.csv, or "
        "--colors FILE) if colours are what tells the classes.",
    ),
    "trimap": Kind(
        ERROR,
        "trimaps",
        "Say what the values stand for: --map 1=1,2=0,3=ignore for 1 object, 2 background and 3 a "
        "border that counts nowhere; --data pets reads the Oxford pets so (folders images and "
        "trimaps).",
    ),
    "mixed 0/255": Kind(
        ERROR,
        "masks of 0/1 and of 0/255 in one set",
        "Bring all masks to the same values: in one of these kinds the foreground would count "
        "nowhere.",
    ),
    "0/255 with many classes": Kind(
        ERROR,
        "masks of 0/255 for more than two classes",
        "Give two class names in classes.txt, or masks that hold class ids; 255 counts nowhere.",
    ),
    "no foreground": Kind(
        ERROR,
        "no mask holds anything but class 0",
        "Look whether the right masks were exported; there is nothing to learn.",
    ),
    "all foreground": Kind(
        ERROR,
        "no mask of the two classes holds anything but class 1",
        "Look whether the masks were read as they are meant (trimaps, numbered objects); there "
        "is nothing to tell apart.",
    ),
    "leakage": Kind(
        ERROR,
        "the same image, or nearly, in several splits",
        "Give such images one group and split again, or remove the copies: the held-out figures "
        "would be too good.",
    ),
    "group in several splits": Kind(
        ERROR,
        "one group in several splits",
        "Split again by group: what is known from training would be asked again.",
    ),
    "split": Kind(
        ERROR,
        "split that does not fit the samples",
        "Restore the missing samples, or correct the lists.",
    ),
    "published leakage": Kind(
        WARNING,
        "the same image, or nearly, in several published splits",
        "Figures on this split compare with published ones, but are higher than on new images.",
    ),
    "group in several published splits": Kind(
        WARNING,
        "one group in several published splits",
        "Figures on this split compare with published ones, but are higher than on new groups.",
    ),
    "listing": Kind(
        WARNING,
        "line on how the set was read, and what of it was left out or mended",
        "Look whether it is what you mean: --data, --classes and others say what is, and the "
        "list or export may be corrected.",
    ),
    "0/255": Kind(
        WARNING,
        "masks of 0 and 255",
        "Nothing to do if 255 is meant as class 1: it is read so.",
    ),
    "empty mask": Kind(
        WARNING, "mask of class 0 alone", "Look whether there is nothing to see in the image."
    ),
    "ignored mask": Kind(
        WARNING, "mask that counts nowhere", "Label something in it, or leave the pair out."
    ),
    "absent class": Kind(
        WARNING,
        "class that occurs in no mask",
        "Take it off the list of classes, or add images that show it.",
    ),
    "overlap": Kind(
        WARNING,
        "classes that overlap",
        "Nothing to do if meant so: `segtf train --task multilabel` learns each class by itself. "
        "Where a pixel has one class, the later one lies over the earlier, in COCO the smaller "
        "object over the larger.",
    ),
    "lossy mask": Kind(
        WARNING,
        "mask in a lossy file format",
        "Keep masks as PNG: the next save may change their values.",
    ),
    "exif": Kind(
        WARNING,
        "image rotated or mirrored by EXIF, mask of the same size",
        "Look at the pair in `segtf data show`: image files are turned on reading, so the mask "
        "must have been drawn on the turned image.",
    ),
    "duplicate": Kind(
        WARNING,
        "the same image several times",
        "Remove the copies, or give them one group so that no split separates them.",
    ),
    "near duplicate": Kind(
        WARNING,
        "images that are nearly the same",
        "Give them one group (patient, video) so that no split separates them.",
    ),
    "contradiction": Kind(
        WARNING, "the same image with different masks", "Keep the mask that is right."
    ),
    "deep": Kind(
        WARNING,
        "image of 16 bits or fractions",
        "Scale it to 8 bits by a fixed window that suits the sensor: only the upper 8 of 16 "
        "bits are kept on reading.",
    ),
    "palette": Kind(WARNING, "palette image", "Nothing to do: it is read as RGB."),
    "cmyk": Kind(
        WARNING,
        "CMYK image",
        "Convert it to sRGB with its colour profile: without one the colours are only roughly "
        "right.",
    ),
    "grey": Kind(
        WARNING,
        "grey image in a set read as colour",
        "Nothing to do if meant so: its three channels are equal. If all are grey, "
        "--option channels=1 saves work.",
    ),
    "color": Kind(
        WARNING,
        "colour image in a set read as grey",
        "Nothing to do if meant so: its grey is used.",
    ),
    "alpha": Kind(
        WARNING,
        "image with transparency",
        "Lay it on a background for good: transparency is dropped on reading, and hidden pixels "
        "show.",
    ),
    "frames": Kind(
        WARNING, "picture of several frames", "Export the frame that is meant: the first is read."
    ),
    "suffix": Kind(
        WARNING, "file named after another format", "Rename it; it is read all the same."
    ),
    "aspect": Kind(
        WARNING,
        "image of extreme proportions",
        "Cut it into parts, or resize by the rule letterbox: stretching would distort it.",
    ),
    "tiny": Kind(WARNING, "tiny image", "Look whether it is a thumbnail or an icon."),
    "blank": Kind(
        WARNING, "image of one colour", "Look whether the export failed; leave it out if so."
    ),
}
"""Every kind of finding, by name."""
