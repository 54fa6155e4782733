"""The record of multi-label segmentation."""

import functools

from segtf.models import Head
from segtf.signatures import LABELS, LOGITS, PROBABILITIES
from segtf.tasks.multilabel.answer import class_names, texts, thresholds
from segtf.tasks.multilabel.decode import decode, labels_of, probabilities
from segtf.tasks.multilabel.objective import objective
from segtf.tasks.multilabel.pictures import pictures
from segtf.tasks.multilabel.scores import LabelScores
from segtf.tasks.multilabel.summary import notes, summary, titles
from segtf.tasks.multilabel.tally import LabelTally
from segtf.tasks.multilabel.targets import check_classes, targets
from segtf.tasks.multilabel.threshold import settle
from segtf.tasks.strips import image_probabilities
from segtf.tasks.task import Task

MULTILABEL = Task(
    name="multilabel",
    heads=lambda spec: {LOGITS: Head(len(class_names(spec.labels)))},
    texts=texts,
    needs=("labels",),
    targets=targets,
    check=check_classes,
    objective=objective,
    settle=settle,
    per_pixel={
        PROBABILITIES: lambda outputs, spec: probabilities(outputs[LOGITS]),
        LABELS: lambda outputs, spec: labels_of(outputs[LOGITS], spec.task.thresholds),
    },
    decided=LABELS,
    names=class_names,
    decode=decode,
    chances=functools.partial(image_probabilities, probabilities),
    scores=LabelTally,
    scores_of=LabelScores.of_found,
    titles=titles,
    notes=notes,
    thresholds=thresholds,
    summary=summary,
    pictures=pictures,
)
