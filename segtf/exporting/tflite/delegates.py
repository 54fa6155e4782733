"""Which operations of a TFLite file the accelerators of a device would take."""

from collections import Counter

from ai_edge_litert.interpreter import Interpreter

from segtf.compat import operations_of
from segtf.exporting.tflite.gpu_rules import gpu_refusals


def delegate_report(content):
    """Return what XNNPACK takes, as tried here, and what the GPU delegate would refuse.

    XNNPACK is what runs on a CPU by default. What a delegate refuses runs without it instead, and
    each change of place costs a copy.

    Args:
        content: bytes of a TFLite file.

    Returns:
        A dict for JSON: ``operations`` (name to number), ``xnnpack`` (``takes``, number of
        operations; ``parts``, in how many connected pieces; ``leaves``, name to number) and
        ``gpu`` (``refuses``, name to reason).
    """
    operations = operations_of(Interpreter(model_content=content))
    return {
        "operations": _counted(operations),
        "xnnpack": _xnnpack(content),
        "gpu": {"refuses": gpu_refusals(content)},
    }


def describe_delegates(report):
    """Return what `delegate_report` found as lines of text."""
    xnnpack, refuses = report["xnnpack"], report["gpu"]["refuses"]
    left = ", ".join(f"{count} {name}" for name, count in xnnpack["leaves"].items())
    return [
        f"XNNPACK takes {xnnpack['takes']} of {sum(report['operations'].values())} operations"
        + (f", not {left}" if left else ""),
        f"GPU delegate would refuse {', '.join(refuses)}"
        if refuses
        else "GPU delegate would take all operations",
    ]


def _counted(operations):
    return dict(sorted(Counter(one["op_name"] for one in operations).items()))


def _xnnpack(content):
    """The delegate stands behind the operations, with what goes in and what comes out."""
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    all_of_them = operations_of(interpreter)
    delegates = [one for one in all_of_them if one["op_name"] == "DELEGATE"]
    operations = [one for one in all_of_them if one["op_name"] != "DELEGATE"]
    maker = {tensor: one for one in operations for tensor in one["outputs"]}
    taken = {}
    for delegate in delegates:
        given, wanted = set(delegate["inputs"]), list(delegate["outputs"])
        while wanted:
            one = maker.get(wanted.pop())
            if one is None or one["index"] in taken:
                continue
            taken[one["index"]] = one
            wanted += [tensor for tensor in one["inputs"] if tensor not in given]
    left = [one for one in operations if one["index"] not in taken]
    return {"takes": len(taken), "parts": len(delegates), "leaves": _counted(left)}
