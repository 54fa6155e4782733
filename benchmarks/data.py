"""Images per second from JPEG files to augmented batches: segtf and its peers, side by side.

Every contestant decodes the same files, brings image and mask to 256 x 256, applies the
`medical` preset's changes and delivers batches of 8, on the same cores. Each round runs every
contestant once, in a process of its own, so that other work on the machine meets all of them;
the median over the rounds counts.

    python benchmarks/data.py [--rounds 3] [--images 320] [--epochs 5]

The files are PH2's where SEGTF_DATA has them (over again if there are fewer), else made-up
ones of the same size. Peers come
with the extra `bench` (torch, albumentations). Figures go to benchmarks/results/data.json.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

SIZE = (256, 256)
BATCH = 8
TRAINED_ON = 48  # of the images: each step takes seconds
RESULTS = Path(__file__).parent / "results" / "data.json"


def main():
    options = parse()
    if options.contestant:
        figures = CONTESTANTS[options.contestant](list_pairs(options.files), options.epochs)
        print(json.dumps(figures))
        return
    require_peers()
    with tempfile.TemporaryDirectory() as scratch:
        origin, pairs = find_files(options.images, Path(scratch))
        listing = Path(scratch) / "files.json"
        listing.write_text(json.dumps([[str(one) for one in pair] for pair in pairs]))
        rounds = {name: [] for name in CONTESTANTS}
        for number in range(options.rounds):
            for name in CONTESTANTS:
                rounds[name].append(run_alone(name, listing, options.epochs))
                print(f"round {number + 1}: {name}: {rounds[name][-1]}", flush=True)
    report(origin, len(pairs), options, rounds)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--images", type=int, default=320)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--contestant", help=argparse.SUPPRESS)
    parser.add_argument("--files", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def require_peers():
    for name in ("torch", "albumentations", "cv2"):
        try:
            __import__(name)
        except ImportError:
            sys.exit(f"{name} is missing: pip install 'segtf[bench]'")


def find_files(count, scratch):
    from segtf.data import load_source
    from segtf.data.sources import default_folder
    from segtf.data.synthetic import draw_synthetic

    if default_folder("ph2").is_dir():
        samples = itertools.islice(itertools.cycle(load_source("ph2").samples), count)
        return "PH2", [(sample.image, sample.mask) for sample in samples]
    from PIL import Image

    pairs = []
    for index in range(count):
        image, mask = draw_synthetic(index, size=(560, 768))
        pairs.append((scratch / f"{index}.jpg", scratch / f"{index}.png"))
        Image.fromarray(image).save(pairs[-1][0], quality=90)
        Image.fromarray(mask).convert("1").save(pairs[-1][1])
    return "made-up images of PH2's size", pairs


def list_pairs(path):
    return [(Path(image), Path(mask)) for image, mask in json.loads(path.read_text())]


def run_alone(name, listing, epochs):
    command = [sys.executable, __file__, "--contestant", name, "--files", str(listing)]
    answer = subprocess.run(
        [*command, "--epochs", str(epochs)], check=True, stdout=subprocess.PIPE, text=True
    )
    return json.loads(answer.stdout.splitlines()[-1])


def timed_epochs(batches_of_epoch, count, epochs, start):
    """Images per second of the first epoch (since `start`) and of the median later one."""
    seconds = []
    for epoch in range(epochs):
        seen = sum(len(images) for images, _ in batches_of_epoch(epoch))
        seconds.append(time.perf_counter() - start)
        start = time.perf_counter()
        assert seen >= count - count % BATCH, seen
    return {
        "first_epoch": round(count / seconds[0], 1),
        "later_epochs": round(count / statistics.median(seconds[1:]), 1),
    }


def samples_and_spec(pairs):
    from segtf.data import LabelMap, Sample
    from segtf.spec import ModelSpec

    samples = [
        Sample(image.stem, image, mask, mask_values={0: 0, 1: 1, 255: 1}) for image, mask in pairs
    ]
    return samples, ModelSpec(LabelMap(("skin", "lesion")), SIZE)


def segtf_pipeline(pairs, epochs):
    """Decoded once into memory; compiling, once in a process, is timed by itself."""
    from segtf.data import AUGMENTATIONS, load_arrays, training_batches

    samples, spec = samples_and_spec(pairs)
    few = load_arrays(samples[:BATCH], spec)
    start = time.perf_counter()
    next(iter(training_batches(few, BATCH, 0, 1, AUGMENTATIONS["medical"])))
    starting = time.perf_counter() - start

    start = time.perf_counter()
    data = load_arrays(samples, spec)
    iterator = iter(training_batches(data, BATCH, 0, epochs, AUGMENTATIONS["medical"]))
    steps = -(-len(samples) // BATCH)

    def epoch(_):
        return (next(iterator) for _ in range(steps))

    figures = timed_epochs(epoch, len(pairs), epochs, start)
    return {**figures, "compile_seconds": round(starting, 1)}


def albumentations_changes():
    import albumentations
    import cv2

    return albumentations.Compose(
        [
            albumentations.HorizontalFlip(p=0.5),
            albumentations.VerticalFlip(p=0.5),
            albumentations.RandomRotate90(p=1),
            albumentations.Affine(
                rotate=(-20, 20),
                scale=(1 / 1.2, 1.2),
                shear=(-5, 5),
                translate_percent=(-0.06, 0.06),
                interpolation=cv2.INTER_LINEAR,
                border_mode=cv2.BORDER_REFLECT,
                p=1,
            ),
            albumentations.ColorJitter(
                brightness=(0.88, 1.12),
                contrast=(1 / 1.2, 1.2),
                saturation=(1 / 1.2, 1.2),
                hue=(-10 / 360, 10 / 360),
                p=1,
            ),
        ]
    )


def torch_albumentations(pairs, epochs, keep=False):
    """OpenCV, albumentations and a torch DataLoader with a worker for each core."""
    import cv2
    import numpy as np
    import torch

    cv2.setNumThreads(1)
    changes = albumentations_changes()

    def decode(pair):
        image = cv2.imread(str(pair[0]), cv2.IMREAD_COLOR_RGB)
        mask = cv2.imread(str(pair[1]), cv2.IMREAD_GRAYSCALE)
        image = cv2.resize(image, SIZE[::-1], interpolation=cv2.INTER_AREA)
        mask = cv2.resize(mask, SIZE[::-1], interpolation=cv2.INTER_NEAREST)
        return image, (mask > 0).astype(np.uint8)

    class Pairs(torch.utils.data.Dataset):
        def __init__(self):
            self.kept = None

        def __len__(self):
            return len(pairs)

        def __getitem__(self, index):
            image, mask = self.kept[index] if self.kept else decode(pairs[index])
            changed = changes(image=image, mask=mask)
            return torch.from_numpy(changed["image"]), torch.from_numpy(changed["mask"])

    dataset = Pairs()
    cores = len(os.sched_getaffinity(0))
    start = time.perf_counter()
    if keep:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(cores) as pool:
            dataset.kept = list(pool.map(decode, pairs))
    loader = torch.utils.data.DataLoader(
        dataset, BATCH, shuffle=True, num_workers=cores, persistent_workers=True
    )
    return timed_epochs(lambda _: loader, len(pairs), epochs, start)


def torch_albumentations_kept(pairs, epochs):
    """The same, with all images decoded beforehand and kept in memory by hand."""
    return torch_albumentations(pairs, epochs, keep=True)


def numpy_pillow(pairs, epochs):
    """Threads over Pillow and NumPy, decoded once: what one would write by hand."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # the threads are over images already
    from concurrent.futures import ThreadPoolExecutor

    import numpy as np
    from PIL import Image

    def decode(pair):
        with Image.open(pair[0]) as image:
            image = image.resize(SIZE[::-1], Image.Resampling.BILINEAR)
        with Image.open(pair[1]) as mask:
            mask = mask.convert("L").resize(SIZE[::-1], Image.Resampling.NEAREST)
        return image, mask.point(lambda value: value > 0)

    def change(pair, seed):
        rng = np.random.default_rng(seed)
        image, mask = pair
        angle, tangent = np.radians(rng.uniform(-20, 20)), np.tan(np.radians(rng.uniform(-5, 5)))
        cosine, sine = np.cos(angle), np.sin(angle)
        matrix = np.diag(rng.choice([-1, 1], 2)) @ [[cosine, -sine], [sine, cosine]]
        matrix = matrix @ [[1, tangent], [0, 1]] * 1.2 ** rng.uniform(-1, 1)
        if rng.random() < 0.5:
            matrix = matrix @ [[0, -1], [1, 0]]
        middle = np.array(SIZE[::-1]) / 2
        offset = middle - matrix @ middle + rng.uniform(-0.06, 0.06, 2) * SIZE[::-1]
        rows = np.column_stack([matrix, offset]).ravel()
        moved = image.transform(SIZE[::-1], Image.AFFINE, rows, Image.Resampling.BILINEAR)
        mask = mask.transform(SIZE[::-1], Image.AFFINE, rows, Image.NEAREST, fillcolor=255)
        pixels = np.asarray(moved, np.float32)
        gain, saturation = 1.2 ** rng.uniform(-1, 1, 2)
        grey = np.array([0.299, 0.587, 0.114], np.float32)
        colors = (gain * (saturation * np.eye(3) + (1 - saturation) * grey)).astype(np.float32)
        shift = (1 - gain) * pixels.mean((0, 1)) + rng.uniform(-0.12, 0.12) * 255
        pixels = pixels.reshape(-1, 3) @ colors.T + shift.astype(np.float32)
        pixels = np.clip(pixels, 0, 255, out=pixels).astype(np.uint8)
        return pixels.reshape(*SIZE, 3), np.asarray(mask)

    start = time.perf_counter()
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        data = list(pool.map(decode, pairs))

        def epoch(number):
            order = np.random.default_rng(number).permutation(len(data))
            changed = pool.map(lambda i: change(data[i], (number, i)), order)
            batch = []
            for pair in changed:
                batch.append(pair)
                if len(batch) == BATCH:
                    yield tuple(np.stack(values) for values in zip(*batch, strict=True))
                    batch = []
            if batch:
                yield tuple(np.stack(values) for values in zip(*batch, strict=True))

        return timed_epochs(epoch, len(pairs), epochs, start)


def training_wait(pairs, epochs):
    """Share of the time that a training step of a small U-Net waits for its batch."""
    import keras

    import segtf
    from segtf.data import AUGMENTATIONS, load_arrays, training_batches
    from segtf.losses import CrossentropyDice

    samples, spec = samples_and_spec(pairs[:TRAINED_ON])
    data = load_arrays(samples, spec)
    model = segtf.unet(input_shape=(*SIZE, 3), num_classes=1, base_filters=16)
    model.compile(keras.optimizers.Adam(), CrossentropyDice())
    steps = -(-len(samples) // BATCH)
    iterator = iter(training_batches(data, BATCH, 0, 3, AUGMENTATIONS["medical"]))
    waited = worked = 0.0
    for step in range(3 * steps):
        start = time.perf_counter()
        batch = next(iterator)
        ready = time.perf_counter()
        model.train_on_batch(*batch)
        if step >= steps:
            waited += ready - start
            worked += time.perf_counter() - ready
    return {"waits_share": round(waited / (waited + worked), 4)}


CONTESTANTS = {
    "segtf": segtf_pipeline,
    "torch + albumentations": torch_albumentations,
    "torch + albumentations, kept in memory": torch_albumentations_kept,
    "NumPy + Pillow, kept in memory": numpy_pillow,
    "training from segtf": training_wait,
}


def report(origin, count, options, rounds):
    medians = {
        name: {key: statistics.median(one[key] for one in figures) for key in figures[0]}
        for name, figures in rounds.items()
    }
    ours = medians["segtf"]
    print(f"\n{count} images ({origin}), images/s; in brackets: segtf is so many times as fast")
    for name, figures in medians.items():
        if "first_epoch" in figures:
            cells = (
                f"{figures[key]:8.1f} ({ours[key] / figures[key]:4.2f})"
                for key in ("first_epoch", "later_epochs")
            )
            print(f"{name:42}{'  '.join(cells)}")
    print(f"compiling takes {ours['compile_seconds']} s, once, and is not in the first epoch")
    waits = medians["training from segtf"]["waits_share"]
    print(f"a training step waits for data {waits:.1%} of the time after the first epoch")
    RESULTS.parent.mkdir(exist_ok=True)
    machine = {"cores": len(os.sched_getaffinity(0)), "load": os.getloadavg()[0]}
    content = {
        "images": count,
        "origin": origin,
        "epochs": options.epochs,
        "machine": machine,
        "medians": medians,
        "rounds": rounds,
    }
    RESULTS.write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
