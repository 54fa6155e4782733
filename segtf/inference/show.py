"""What is predicted, shown in files beside the masks."""

from segtf.inference.album import Album
from segtf.inference.pictures import (
    class_folder,
    cut_out,
    draw_overlay,
    draw_probabilities,
    names_with_probabilities,
    require_background,
)
from segtf.mask_files import plan_masks, require_ours, write_picture


class Show:
    """Writes pictures of each prediction, and a page of all of them.

    ::

        FOLDER/overlays/NAME.jpg
        FOLDER/predictions.html, FOLDER/predictions.jpg
        FOLDER/probabilities/CLASS/NAME.png
        FOLDER/cutouts/NAME.png

    Args:
        paths: of the images.
        folder: path of the folder of the masks.
        spec: the `ModelSpec`.
        overlays: whether overlays and the page are to be written.
        probabilities: whether a picture of the probabilities of each class is.
        cutouts: whether what is no background is, cut out.

    Raises:
        ValueError: where something else than earlier pictures of segtf is in the way, or no class
            is the background for `cutouts`.
    """

    def __init__(self, paths, folder, spec, overlays=True, probabilities=False, cutouts=False):
        labels = spec.labels
        self.folder = folder
        self._album = Album(labels) if overlays else None
        self._overlays, self._cutouts, self._chances = {}, {}, {}
        if overlays:
            self._overlays = plan_masks(paths, folder / "overlays", ".jpg")
            for path in (self._page, self._sheet):
                require_ours(path, "all predictions")
        if cutouts:
            require_background(labels)
            self._cutouts = plan_masks(paths, folder / "cutouts")
        if probabilities:
            folders = {name: class_folder(id_, name) for id_, name in enumerate(labels.names)}
            self._chances = {
                name: plan_masks(paths, folder / "probabilities" / folders[name])
                for name in names_with_probabilities(spec)
            }

    @property
    def _page(self):
        return self.folder / "predictions.html"

    @property
    def _sheet(self):
        return self.folder / "predictions.jpg"

    def add(self, path, image, prediction):
        """Write the pictures of one image.

        Args:
            path: one of the `paths`.
            image: its pixels, uint8 `(H, W, C)`.
            prediction: its `Prediction`.

        Raises:
            ValueError: for probabilities of a model that gives class ids and nothing else.
        """
        if self._chances:
            for name, chances in draw_probabilities(prediction).items():
                write_picture(chances, self._chances[name][path])
        if self._cutouts:
            write_picture(cut_out(image, prediction), self._cutouts[path])
        if self._album:
            overlay = draw_overlay(image, prediction)
            write_picture(overlay, self._overlays[path])
            self._album.add(path.name, image, overlay, prediction)

    def fail(self, path, cause):
        """Keep for the page why an image has no prediction."""
        if self._album:
            self._album.fail(path.name, cause)

    def finish(self, model):
        """Write what shows all predictions so far.

        Args:
            model: name of what predicted them.

        Returns:
            The path of the page; `None` where there is none.
        """
        if not self._album or self._album.is_empty:
            return None
        self._album.write(model, self._sheet, self._page)
        return self._page
