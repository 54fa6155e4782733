"""What lies beside an exported file: its spec for runtimes that drop metadata, card, checksums."""

import json

from segtf.checksums import companion, write_checksums
from segtf.exporting.tflite.task_metadata import LABELS_FILE, labels_text
from segtf.files import write_atomically
from segtf.inference.formats import find_model
from segtf.signatures import LOGITS

SPEC, CARD, CHECKSUMS = ".spec.json", ".card.md", ".sha256"


def write_companions(path, about, report, card):
    """Write what lies beside a file that was exported; the checksums come last.

    Args:
        path: the file.
        about: what it says about itself, as a dict for JSON.
        report: its `ParityReport`.
        card: its model card, text.
    """
    report.save(path.parent, f"{path.name}.parity")
    texts = {
        path.with_name(LABELS_FILE): labels_text(about["labels"]["names"]),
        companion(path, SPEC): json.dumps(_spec(path, about), indent=2) + "\n",
        companion(path, CARD): card,
    }
    for target, text in texts.items():
        write_atomically(target, text)
    figures = [path.with_name(f"{path.name}.parity{ending}") for ending in (".json", ".md")]
    write_checksums(companion(path, CHECKSUMS), path.parent, [path, *texts, *figures])


def _spec(path, about):
    """The spec, and what goes in and comes out; sides of any length are `null`."""
    ports = [_port(*one) for one in find_model(path).format.ports(path)]
    return {
        "file": path.name,
        **about,
        "input": {**ports[0], "layout": "NHWC", "values": [0, 255]},
        "output": {**ports[1], "gives": about.get("gives", LOGITS)},
    }


def _port(name, dtype, shape):
    sides = [side if isinstance(side, int) and side > 0 else None for side in shape]
    return {"name": name, "dtype": dtype, "shape": sides}
