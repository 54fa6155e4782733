"""A U-Net of segmentation_models.pytorch, trained as `segtf train` does: the peer of a benchmark.

    python benchmarks/torch_lite_unet.py PAIRS.json WEIGHTS.pth SIZE BATCH EPOCHS COMPILE

PAIRS.json lists files of images and masks under "train" and "val". Prints a line for each epoch.
"""

import itertools
import json
import math
import os
import sys
from pathlib import Path

import cv2
import numpy as np
import segmentation_models_pytorch as smp
import torch
from data import albumentations_changes

HIGHEST_RATE, WEIGHT_DECAY, WARM_UP_EPOCHS = 1e-3, 1e-4, 1


def main():
    pairs, weights, *numbers = sys.argv[1:]
    size, batch, epochs, compiled = map(int, numbers)
    torch.manual_seed(0)
    files = json.loads(Path(pairs).read_text())
    train, val = (Images(files[name], size, name == "train") for name in ("train", "val"))
    loader = torch.utils.data.DataLoader(
        train, batch, shuffle=True, num_workers=1, persistent_workers=True
    )
    model = make_model(weights).to(memory_format=torch.channels_last)
    forward = torch.compile(model) if compiled else model
    print(f"{sum(weight.numel() for weight in model.parameters()):,} parameters", flush=True)
    optimizer = torch.optim.AdamW(model.parameters(), HIGHEST_RATE, weight_decay=WEIGHT_DECAY)
    steps = len(loader)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: share_of_rate(step, WARM_UP_EPOCHS * steps, epochs * steps)
    )
    for epoch in range(1, epochs + 1):
        model.train()
        for images, masks in loader:
            optimizer.zero_grad()
            loss_of(forward(prepared(images)), masks).backward()
            optimizer.step()
            schedule.step()
        print(f"epoch {epoch}/{epochs} dice {validate(model, val, batch):.5f}", flush=True)


def make_model(weights):
    """The U-Net; the encoder's tensors stand in the same order in file and network."""
    model = smp.Unet("tu-tf_efficientnet_lite0", encoder_weights=None)
    kept = [
        (name, value)
        for name, value in torch.load(weights, weights_only=True).items()
        if not name.startswith(("_conv_head", "_bn1", "_fc")) and "num_batches" not in name
    ]
    encoder = model.encoder.state_dict()
    names = [name for name in encoder if "num_batches" not in name]
    for name, (old, value) in itertools.zip_longest(names, kept, fillvalue=(None, None)):
        if name is None or value is None or encoder[name].shape != value.shape:
            sys.exit(f"the networks differ: {name} and {old}")
        encoder[name] = value
    model.encoder.load_state_dict(encoder)
    return model


class Images(torch.utils.data.Dataset):
    """Decoded once and kept in memory, changed anew each time."""

    def __init__(self, pairs, size, is_changed):
        self.change = albumentations_changes() if is_changed else None
        self.kept = [read(pair, size) for pair in pairs]

    def __len__(self):
        return len(self.kept)

    def __getitem__(self, index):
        image, mask = self.kept[index]
        if self.change:
            changed = self.change(image=image, mask=mask)
            image, mask = changed["image"], changed["mask"]
        return torch.from_numpy(np.ascontiguousarray(image)), torch.from_numpy(mask.copy())


def read(pair, size):
    image = cv2.imread(pair[0], cv2.IMREAD_COLOR_RGB)
    mask = cv2.imread(pair[1], cv2.IMREAD_GRAYSCALE)
    image = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)
    mask = cv2.resize(mask, (size, size), interpolation=cv2.INTER_NEAREST)
    return image, (mask > 0).astype(np.uint8)


def prepared(images):
    """What the encoder was trained on: (pixels - 127) / 128, channels first."""
    pixels = (images.float() - 127) / 128
    return pixels.permute(0, 3, 1, 2).to(memory_format=torch.channels_last)


def loss_of(logits, masks):
    """Cross-entropy + Dice, the loss of `segtf train`."""
    truth = masks[:, None].float()
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(logits, truth)
    shares = torch.sigmoid(logits)
    both = (shares * truth).sum()
    return entropy + 1 - (2 * both + 1) / (shares.sum() + truth.sum() + 1)


def share_of_rate(step, warm_up, total):
    """Warm-up, then half a cosine."""
    if step < warm_up:
        return (step + 1) / warm_up
    return 0.5 * (1 + math.cos(math.pi * (step - warm_up) / (total - warm_up)))


@torch.no_grad()
def validate(model, data, batch):
    """Dice of the foreground over all pixels."""
    model.eval()
    both = found = there = 0
    for images, masks in torch.utils.data.DataLoader(data, batch):
        answer, truth = model(prepared(images))[:, 0] > 0, masks > 0
        both += int((answer & truth).sum())
        found, there = found + int(answer.sum()), there + int(truth.sum())
    return 2 * both / max(found + there, 1)


if __name__ == "__main__":
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    main()
