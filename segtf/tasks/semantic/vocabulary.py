"""What figures are called, in all that is read by people: of what, and averaged over what.

=========================== ======================================= ==========================
name                        what it is                              in ``metrics.json``, tables
=========================== ======================================= ==========================
mean Dice over images       of a binary task: the foreground's in   ``mean_dice``
                            each image, averaged
mean Dice over classes      of several classes: each over the       ``mean_dice``
                            pixels of all images, averaged
Dice over all pixels        of a binary task: the foreground's over ``over_all_pixels``;
                            the pixels of all images                history: ``mean_dice``
class Dice                  of one class, over the pixels of all    ``per_class``
                            images
image Dice                  of one image: the foreground's, or the  ``images.csv``
                            mean over the classes in it
=========================== ======================================= ==========================

The same names stand for IoU. What a training writes at each epoch is over all pixels, at the
model's size.
"""

from segtf.tasks.semantic.answer import thresholded_class


def headline_titles(names):
    """Return what the metrics are called that sum up an evaluation, by their keys.

    Args:
        names: of all classes, in order.

    Example:

    >>> headline_titles(("skin", "lesion"))["mean_dice"]
    'mean Dice over images'
    >>> headline_titles(("sky", "road", "car"))["mean_dice"]
    'mean Dice over classes'
    """
    over = "classes" if thresholded_class(names) is None else "images"
    return {
        "mean_dice": f"mean Dice over {over}",
        "mean_iou": f"mean IoU over {over}",
        "pixel_accuracy": "pixel accuracy",
    }


def how_means_are_made(names):
    """Return what the mean Dice and IoU of an evaluation are, as sentences.

    Args:
        names: of all classes, in order.
    """
    foreground = thresholded_class(names)
    if foreground is None:
        return (
            "Mean Dice and IoU over classes are over those that truth or prediction hold, each "
            "over the pixels of all images; image Dice and IoU are the mean over the classes in "
            "the image."
        )
    return (
        f"Mean Dice and IoU over images are those of the class {foreground} "
        "in each image, averaged; an image where neither truth nor prediction has any counts "
        "as 1. Over all pixels, they are of the pixels of all images together."
    )
