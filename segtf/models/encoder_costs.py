"""What U-Nets with encoders cost, known beforehand: building all of them takes half a minute.

The tests build them and compare.
"""

from typing import NamedTuple

from segtf.models.encoders import ENCODER_DEPTH

_TILE = 2**ENCODER_DEPTH


class UNetCost(NamedTuple):
    """Cost of a U-Net with an encoder for grey or RGB images, its head left aside.

    Args:
        parameters: their number.
        fixed: multiply-adds at any size: those that see an image's means alone.
        per_tile: multiply-adds for each 32x32 pixels.
        base_filters: those of the decoder.
    """

    parameters: int
    fixed: int
    per_tile: int
    base_filters: int = 16

    def of_model(self, size, num_classes):
        """Return parameters and multiply-adds of the whole model for an image of a size.

        >>> UNetCost(100, 5, 1000).of_model((32, 40), num_classes=1)
        (117, 22485)
        """
        height, width = size
        tiles = -(-height // _TILE) * -(-width // _TILE)
        head = self.base_filters * num_classes
        parameters = self.parameters + head + num_classes
        return parameters, self.fixed + tiles * self.per_tile + height * width * head


ENCODER_COSTS = {
    "efficientnet-lite0": UNetCost(3_906_008, 0, 17_648_864, base_filters=8),
    "efficientnet-lite1": UNetCost(4_682_328, 0, 20_042_336, base_filters=8),
    "efficientnet-lite2": UNetCost(5_346_792, 0, 21_602_544, base_filters=8),
    "mobilenetv3-small": UNetCost(2_881_760, 458_752, 29_498_304),
    "mobilenetv3-large": UNetCost(5_075_184, 1_507_200, 33_872_448),
    "resnet50v2": UNetCost(30_526_832, 0, 131_842_048),
    "efficientnetv2-b0": UNetCost(7_951_296, 1_031_424, 44_524_832),
    "efficientnetv2-b1": UNetCost(8_963_108, 1_198_080, 50_598_432),
    "efficientnetv2-b2": UNetCost(10_797_774, 1_530_944, 53_901_360),
    "efficientnetv2-b3": UNetCost(14_961_070, 2_308_864, 63_289_344),
    "convnext-tiny": UNetCost(31_517_648, 0, 128_006_912),
}
