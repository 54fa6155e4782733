"""What every architecture has to do; the tests of each subclass `ModelTester`."""

from types import MappingProxyType

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from keras import layers

from segtf.models import build_model

SIZE = (64, 96)
ODD_SIZE = (45, 61)
NUM_CLASSES = 3
CONVOLUTIONS = (layers.Conv2D, layers.Conv2DTranspose)


def images(size, batch=2, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (batch, *size, 3))
    return pixels.astype("float32")


class ModelTester:
    """Checks on the model registered as `variant`, made small by `settings`."""

    variant: str
    multiple: int  # what height and width are padded to
    settings = MappingProxyType({"base_filters": 2})

    @pytest.fixture(autouse=True)
    def _same_weights_every_time(self):
        keras.utils.set_random_seed(0)

    def build(self, size=SIZE):
        return build_model(self.variant, (*size, 3), NUM_CLASSES, **self.settings)

    def body(self, model):
        """The model up to its last feature map, which is cropped to the size of the image."""
        return keras.Model(model.input, model.get_layer("logits").input)

    def with_weights_of(self, model, size):
        other = self.build(size)
        other.set_weights(model.get_weights())
        return other

    def test_pixels_become_one_logit_per_pixel_and_class(self):
        model = self.build()
        logits = model(images(SIZE))
        assert model.output_shape == (None, *SIZE, NUM_CLASSES)
        assert logits.shape == (2, *SIZE, NUM_CLASSES)
        assert logits.dtype == "float32"
        assert np.isfinite(logits).all()

    def test_gradients_reach_every_weight(self):
        model = self.build()
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(images(SIZE))))
        gradients = tape.gradient(loss, [weight.value for weight in model.trainable_weights])
        for weight, gradient in zip(model.trainable_weights, gradients, strict=True):
            assert gradient is not None, weight.path
            assert np.any(gradient != 0), weight.path

    @pytest.mark.parametrize("size", [ODD_SIZE, (None, None)])
    def test_saved_model_file_gives_equal_logits(self, size, tmp_path):
        model = self.build(size)
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
        pixels = images(SIZE if None in size else size)
        np.testing.assert_array_equal(loaded(pixels), model(pixels))

    def test_size_that_divides_needs_no_padding(self):
        names = {layer.name for layer in self.build().layers}
        assert names.isdisjoint({"pad", "crop"})

    def test_other_sizes_are_padded_with_black_and_cropped(self):
        height, width = ODD_SIZE
        below, right = -height % self.multiple, -width % self.multiple
        pixels = images(ODD_SIZE)
        canvas = np.pad(pixels, [(0, 0), (0, below), (0, right), (0, 0)])
        dynamic = self.build((None, None))
        static = self.with_weights_of(dynamic, ODD_SIZE)
        dividing = self.with_weights_of(dynamic, canvas.shape[1:3])

        expected = self.body(dividing)(canvas)[:, :height, :width]
        np.testing.assert_allclose(self.body(dynamic)(pixels), expected, atol=1e-4)
        np.testing.assert_allclose(self.body(static)(pixels), expected, atol=1e-4)
        np.testing.assert_allclose(dynamic.predict(pixels, verbose=0), static(pixels), atol=1e-4)

    def test_exported_saved_model_takes_any_size(self, tmp_path):
        model = self.build((None, None))
        model.export(tmp_path / "export", verbose=False)
        exported = tf.saved_model.load(tmp_path / "export")
        for size in (SIZE, ODD_SIZE):
            pixels = images(size)
            np.testing.assert_allclose(exported.serve(pixels), model(pixels), atol=1e-4)

    def test_tflite_needs_built_in_operations_only(self, tmp_path):
        model = self.build()
        file = tmp_path / "model.tflite"
        model.export(
            str(file),
            format="litert",
            verbose=False,
            input_signature=[keras.InputSpec(shape=(1, *SIZE, 3), dtype="float32")],
            target_spec={"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]},
        )
        pixels = images(SIZE, batch=1)
        np.testing.assert_allclose(run_tflite(file, pixels), model(pixels), atol=1e-4)

    @pytest.mark.parametrize("precision", ["float16", "bfloat16"])
    def test_mixed_precision_convolves_in_half_and_answers_in_float32(self, precision):
        keras.config.set_dtype_policy(f"mixed_{precision}")
        try:
            model = self.build()
        finally:
            keras.config.set_dtype_policy("float32")
        *body, head = (layer for layer in model.layers if isinstance(layer, CONVOLUTIONS))
        assert {layer.compute_dtype for layer in body} == {precision}
        assert {layer.variable_dtype for layer in body} == {"float32"}
        assert head.compute_dtype == "float32"
        assert model(images(SIZE)).dtype == "float32"


def run_tflite(file, pixels):
    interpreter = Interpreter(str(file))
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pixels)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
