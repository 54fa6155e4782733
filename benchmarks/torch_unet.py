"""`segtf.unet` in PyTorch, layer by layer, as the peer of the benchmarks."""

import numpy as np
import torch
from torch import nn


class TorchUNet(nn.Module):
    """The network of `segtf.unet(input_shape=(H, W, 3), num_classes=1)`, on pixels 0..255."""

    def __init__(self, base_filters=16, depth=4):
        super().__init__()
        widths = [base_filters * 2**level for level in range(depth + 1)]
        inputs = [3, *widths]
        self.encoders = nn.ModuleList(map(two_convolutions, inputs[:-1], widths))
        self.ups = nn.ModuleList(
            nn.ConvTranspose2d(2 * width, width, 2, stride=2) for width in widths[:-1]
        )
        self.decoders = nn.ModuleList(two_convolutions(2 * width, width) for width in widths[:-1])
        self.head = nn.Conv2d(base_filters, 1, 1)

    def forward(self, pixels):
        x = pixels / 255
        skips = []
        for encoder in self.encoders[:-1]:
            skips.append(encoder(x))
            x = nn.functional.max_pool2d(skips[-1], 2)
        x = self.encoders[-1](x)
        for up, decoder, skip in list(zip(self.ups, self.decoders, skips, strict=True))[::-1]:
            x = decoder(torch.cat([skip, up(x)], dim=1))
        return self.head(x)


def two_convolutions(inputs, outputs):
    return nn.Sequential(
        *(
            layer
            for channels in (inputs, outputs)
            for layer in (
                nn.Conv2d(channels, outputs, 3, padding=1, bias=False),
                nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.1),
                nn.ReLU(inplace=True),
            )
        )
    )


def weights_from_keras(model):
    """Return the weights of a `segtf.unet` as a state of `TorchUNet`: arrays by name."""
    state = {}

    def convolution(name, layer):
        # Plain: (H, W, in, out) to (out, in, H, W); transposed: (H, W, out, in) to (in, out, H, W).
        state[f"{name}.weight"] = layer.kernel.numpy().transpose(3, 2, 0, 1)
        if layer.use_bias:
            state[f"{name}.bias"] = layer.bias.numpy()

    def two(name, prefix):
        for index in (1, 2):
            first = 3 * (index - 1)
            convolution(f"{name}.{first}", model.get_layer(f"{prefix}_{index}_conv"))
            norm = model.get_layer(f"{prefix}_{index}_norm")
            state[f"{name}.{first + 1}.weight"] = norm.gamma.numpy()
            state[f"{name}.{first + 1}.bias"] = norm.beta.numpy()
            state[f"{name}.{first + 1}.running_mean"] = norm.moving_mean.numpy()
            state[f"{name}.{first + 1}.running_var"] = norm.moving_variance.numpy()
            state[f"{name}.{first + 1}.num_batches_tracked"] = np.array(0)

    depth = sum(layer.name.endswith("_pool") for layer in model.layers)
    for level in range(depth):
        two(f"encoders.{level}", f"encoder{level}")
        two(f"decoders.{level}", f"decoder{level}")
        convolution(f"ups.{level}", model.get_layer(f"decoder{level}_up"))
    two(f"encoders.{depth}", "bottleneck")
    convolution("head", next(layer for layer in reversed(model.layers) if hasattr(layer, "kernel")))
    return state
