"""Which precision fits a device. No TensorFlow is needed to say so."""

from pathlib import Path

_BFLOAT16_INSTRUCTIONS = ("amx_bf16", "avx512_bf16")


def choose_precision(gpu_capabilities=(), cpu_flags=()):
    """Return the fastest precision that is safe to train in, and why.

    On a CPU without instructions for it, bfloat16 is some ten times slower than float32, and
    float16 on any CPU.

    Args:
        gpu_capabilities: CUDA compute capability of each GPU, such as ``(8, 0)``; empty to
            train on the CPU.
        cpu_flags: names of the CPU's instruction sets, as Linux spells them.

    Returns:
        Name of a dtype policy, and the reason as text.

    Example:

    >>> choose_precision([(7, 5)])
    ('mixed_float16', 'GPU of compute capability 7.5: tensor cores for float16 alone')
    >>> choose_precision(cpu_flags=["avx2"])
    ('float32', 'CPU without bfloat16 instructions')
    """
    if gpu_capabilities:
        oldest = min(gpu_capabilities)
        name = f"GPU of compute capability {'.'.join(map(str, oldest))}"
        if oldest >= (8, 0):
            return "mixed_bfloat16", f"{name}: tensor cores for bfloat16, no loss scaling needed"
        if oldest >= (7, 0):
            return "mixed_float16", f"{name}: tensor cores for float16 alone"
        return "float32", f"{name}: no tensor cores"
    for flag in _BFLOAT16_INSTRUCTIONS:
        if flag in cpu_flags:
            return "mixed_bfloat16", f"CPU with {flag}"
    return "float32", "CPU without bfloat16 instructions"


def read_cpu_flags(path="/proc/cpuinfo"):
    """Return the CPU's instruction sets; empty where Linux does not list them."""
    path = Path(path)
    if not path.is_file():
        return ()
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("flags"):
            return tuple(line.partition(":")[2].split())
    return ()


def read_cpu_name(path="/proc/cpuinfo"):
    """Return the CPU's name as Linux gives it, or ``CPU``."""
    path = Path(path)
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "CPU")
