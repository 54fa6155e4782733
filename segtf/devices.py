"""What a device has, and which precision fits it. No TensorFlow is needed to say so."""

from pathlib import Path

_ONEDNN_FLAGS = {"avx512_vnni", "avx512_bf16", "avx_vnni", "amx_tile", "amx_int8", "amx_bf16"}


def choose_precision(gpu_capabilities=()):
    """Return the fastest precision that is safe to train in, and why.

    On a CPU that is float32. Without instructions for it, bfloat16 is some ten times slower, and
    float16 on any CPU. With them, bfloat16 was 1.3 times as fast as float32 while the machine had
    nothing else to do and half as fast while it had: a gain that depends on what else is running
    is not to be had by a measurement at the start, and a run should not differ from day to day.

    Args:
        gpu_capabilities: CUDA compute capability of each GPU, such as ``(8, 0)``; empty to
            train on the CPU.

    Returns:
        Name of a dtype policy, and the reason as text.

    Example:

    >>> choose_precision([(7, 5)])
    ('mixed_float16', 'GPU of compute capability 7.5: tensor cores for float16 alone')
    >>> choose_precision()
    ('float32', 'CPU, where others are no faster while it has other work')
    """
    if gpu_capabilities:
        oldest = min(gpu_capabilities)
        name = f"GPU of compute capability {'.'.join(map(str, oldest))}"
        if oldest >= (8, 0):
            return "mixed_bfloat16", f"{name}: tensor cores for bfloat16, no loss scaling needed"
        if oldest >= (7, 0):
            return "mixed_float16", f"{name}: tensor cores for float16 alone"
        return "float32", f"{name}: no tensor cores"
    return "float32", "CPU, where others are no faster while it has other work"


def read_cpu_name(path="/proc/cpuinfo", unknown="CPU"):
    """Return the CPU's name as Linux gives it, or `unknown`."""
    return _first_line(path, "model name") or unknown


def cpu_flags(path="/proc/cpuinfo"):
    """Return the instructions that the CPU has, as Linux calls them; elsewhere an empty set."""
    return set(_first_line(path, "flags").split())


def onednn_by_itself(flags):
    """Return whether TensorFlow uses oneDNN on a CPU unless the environment says otherwise.

    Args:
        flags: what `cpu_flags` returned.

    Example:

    >>> onednn_by_itself({"avx2", "avx512_vnni"}), onednn_by_itself({"avx2", "avx512f"})
    (True, False)
    """
    return not _ONEDNN_FLAGS.isdisjoint(flags)


def _first_line(path, name):
    path = Path(path)
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    values = (line.partition(":")[2].strip() for line in lines if line.startswith(name))
    return next(values, "")
