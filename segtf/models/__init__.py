"""Architectures: bodies, heads, and builders of the two as a plain `keras.Model`."""

from segtf.models.costs import multiply_adds
from segtf.models.efficientnet_lite import efficientnet_lite
from segtf.models.encoders import ENCODERS, encoder_features, encoder_stages
from segtf.models.ensemble import ensemble
from segtf.models.heads import Body, Head, model_of, segmentation_head
from segtf.models.lite import lite, lite_body
from segtf.models.registry import (
    ModelCost,
    ModelVariant,
    build_model,
    describe_models,
    find_model,
    model_names,
    register_model,
    unregister_model,
)
from segtf.models.segnet import segnet, segnet_basic, segnet_basic_body, segnet_body
from segtf.models.unet import encoder_unet_body, unet, unet_body
from segtf.models.unpooling import max_pool_with_indices, max_unpool

__all__ = [
    "ENCODERS",
    "Body",
    "Head",
    "ModelCost",
    "ModelVariant",
    "build_model",
    "describe_models",
    "efficientnet_lite",
    "encoder_features",
    "encoder_stages",
    "encoder_unet_body",
    "ensemble",
    "find_model",
    "lite",
    "lite_body",
    "max_pool_with_indices",
    "max_unpool",
    "model_names",
    "model_of",
    "multiply_adds",
    "register_model",
    "segmentation_head",
    "segnet",
    "segnet_basic",
    "segnet_basic_body",
    "segnet_body",
    "unet",
    "unet_body",
    "unregister_model",
]
