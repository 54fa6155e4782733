"""What models with encoders cost, known beforehand.

Building them to count takes 15 seconds of a core, even without making their weights, which is
twice what `segtf models` takes in all; the tests do so and compare.
"""

from typing import NamedTuple

from segtf.models.encoders import ENCODER_DEPTH


class EncoderCost(NamedTuple):
    """Cost of a model with an encoder for grey or RGB images, its head left aside.

    Args:
        parameters: their number.
        fixed: multiply-adds at any size: those that see an image's means alone.
        per_tile: multiply-adds for each square of `tile` pixels.
        base_filters: those of the decoder.
        tile: what height and width are padded to multiples of.
        head_stride: how many times smaller than the image what the head sees is; where it is
            not 1, that is padded.
    """

    parameters: int
    fixed: int
    per_tile: int
    base_filters: int = 16
    tile: int = 2**ENCODER_DEPTH
    head_stride: int = 1

    def of_model(self, size, num_classes):
        """Return parameters and multiply-adds of the whole model for an image of a size.

        >>> EncoderCost(100, 5, 1000).of_model((32, 40), num_classes=1)
        (117, 22485)
        """
        height, width = size
        tiles = -(-height // self.tile) * -(-width // self.tile)
        places = height * width
        if self.head_stride > 1:
            places = tiles * (self.tile // self.head_stride) ** 2
        head = self.base_filters * num_classes
        parameters = self.parameters + head + num_classes
        return parameters, self.fixed + tiles * self.per_tile + places * head


UNET_COSTS = {
    "efficientnet-lite0": EncoderCost(3_906_008, 0, 17_648_864, base_filters=8),
    "efficientnet-lite1": EncoderCost(4_682_328, 0, 20_042_336, base_filters=8),
    "efficientnet-lite2": EncoderCost(5_346_792, 0, 21_602_544, base_filters=8),
    "mobilenetv3-small": EncoderCost(2_881_760, 458_752, 29_498_304),
    "mobilenetv3-large": EncoderCost(5_075_184, 1_507_200, 33_872_448),
    "resnet50v2": EncoderCost(30_526_832, 0, 131_842_048),
    "efficientnetv2-b0": EncoderCost(7_951_296, 1_031_424, 44_524_832),
    "efficientnetv2-b1": EncoderCost(8_963_108, 1_198_080, 50_598_432),
    "efficientnetv2-b2": EncoderCost(10_797_774, 1_530_944, 53_901_360),
    "efficientnetv2-b3": EncoderCost(14_961_070, 2_308_864, 63_289_344),
    "convnext-tiny": EncoderCost(31_517_648, 0, 128_006_912),
}
"""By the encoder of the U-Net."""

LITE_COSTS = {
    4: EncoderCost(275_904, 0, 887_024, base_filters=48, tile=16, head_stride=4),
    5: EncoderCost(732_192, 0, 1_327_376, base_filters=48, tile=16, head_stride=4),
}
"""By the stages of EfficientNet-Lite0 that are kept."""
