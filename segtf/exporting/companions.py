"""What lies beside an exported file: its spec for runtimes that drop metadata, card, checksums."""

import json

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from segtf.checksums import companion, write_checksums
from segtf.exporting.task_metadata import LABELS_FILE, labels_text
from segtf.files import write_atomically
from segtf.inference.onnx_file import open_onnx

SPEC, CARD, CHECKSUMS = ".spec.json", ".card.md", ".sha256"


def write_companions(path, told, report, card):
    """Write what lies beside a file that was exported; the checksums come last.

    Args:
        path: the file.
        told: what it says about itself, as a dict for JSON.
        report: its `ParityReport`.
        card: its model card, text.
    """
    report.save(path.parent, f"{path.name}.parity")
    texts = {
        path.with_name(LABELS_FILE): labels_text(told["labels"]["names"]),
        companion(path, SPEC): json.dumps(_spec(path, told), indent=2) + "\n",
        companion(path, CARD): card,
    }
    for target, text in texts.items():
        write_atomically(target, text)
    figures = [path.with_name(f"{path.name}.parity{ending}") for ending in (".json", ".md")]
    write_checksums(companion(path, CHECKSUMS), path.parent, [path, *texts, *figures])


def _spec(path, told):
    """The spec, and what goes in and comes out; sides of any length are `null`."""
    if path.suffix == ".onnx":
        session = open_onnx(path)
        (given,), (received,) = session.get_inputs(), session.get_outputs()
        ports = [_port(one.name, "float32", one.shape) for one in (given, received)]
    else:
        interpreter = Interpreter(str(path))
        (given,), (received,) = interpreter.get_input_details(), interpreter.get_output_details()
        ports = [
            _port(one["name"], np.dtype(one["dtype"]).name, one["shape_signature"].tolist())
            for one in (given, received)
        ]
    gives = "class_ids" if len(ports[1]["shape"]) == 3 else "logits"
    return {
        "file": path.name,
        **told,
        "input": {**ports[0], "layout": "NHWC", "values": [0, 255]},
        "output": {**ports[1], "gives": gives},
    }


def _port(name, dtype, shape):
    sides = [side if isinstance(side, int) and side > 0 else None for side in shape]
    return {"name": name, "dtype": dtype, "shape": sides}
