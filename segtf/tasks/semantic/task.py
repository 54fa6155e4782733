"""The record of semantic segmentation."""

import functools

from segtf.models import Head
from segtf.signatures import CLASS_IDS, LOGITS, PROBABILITIES
from segtf.tasks.semantic.answer import channel_names, texts
from segtf.tasks.semantic.decode import (
    class_ids,
    decode,
    probabilities,
)
from segtf.tasks.semantic.objective import objective
from segtf.tasks.semantic.pictures import pictures
from segtf.tasks.semantic.scores import ImageScores
from segtf.tasks.semantic.summary import summary, thresholds
from segtf.tasks.semantic.tally import Tally
from segtf.tasks.semantic.targets import check_foreground, targets
from segtf.tasks.semantic.threshold import settle
from segtf.tasks.semantic.vocabulary import headline_titles, how_means_are_made
from segtf.tasks.strips import image_probabilities
from segtf.tasks.task import Task

SEMANTIC = Task(
    name="semantic",
    heads=lambda spec: {LOGITS: Head(len(channel_names(spec.labels.names)))},
    texts=texts,
    needs=("classes",),
    targets=targets,
    check=check_foreground,
    objective=objective,
    settle=settle,
    per_pixel={
        PROBABILITIES: lambda outputs, spec: probabilities(outputs[LOGITS]),
        CLASS_IDS: lambda outputs, spec: class_ids(outputs[LOGITS], spec.threshold),
    },
    decided=CLASS_IDS,
    names=lambda labels: labels.names,
    decode=decode,
    chances=functools.partial(image_probabilities, probabilities),
    scores=Tally,
    scores_of=ImageScores.of_pixels,
    titles=headline_titles,
    notes=how_means_are_made,
    thresholds=thresholds,
    summary=summary,
    pictures=pictures,
)
