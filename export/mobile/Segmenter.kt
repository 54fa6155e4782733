// A .tflite file that segtf exported, on Android: a picture in, class ids at its own size out.
//
// app/build.gradle.kts:
//     implementation("com.google.ai.edge.litert:litert:2.1.0")
//
// Needs Preprocessing.kt and ModelFile.kt beside it. All about the model is read from its file.
// model-float16.tflite is for the GPU, model-dynamic.tflite and model-int8.tflite are for CPUs.

import android.graphics.Bitmap
import com.google.ai.edge.litert.Accelerator
import com.google.ai.edge.litert.CompiledModel
import com.google.ai.edge.litert.LiteRtException
import java.io.File
import org.json.JSONObject

/** Runs on the first of the accelerators given that can be had; `threads` are those of the CPU. */
class Segmenter(
    modelPath: String,
    accelerators: List<Accelerator> = listOf(Accelerator.GPU, Accelerator.CPU),
    threads: Int = 4
) : AutoCloseable {
    private val file = ModelFile(File(modelPath).readBytes())
    val spec = specOf(JSONObject(file.spec))

    /** What it runs on. */
    val accelerator: Accelerator

    private val model: CompiledModel
    private val takesBytes = file.inputType == ModelFile.UINT8

    init {
        require(takesBytes || file.inputType == ModelFile.FLOAT32) {
            "Expected an input of float32 or uint8. Received: TFLite's type ${file.inputType}"
        }
        require(file.outputType == if (file.givesClassIds) ModelFile.UINT8 else ModelFile.FLOAT32) {
            "Expected class ids of uint8 or logits of float32. Received: TFLite's type ${file.outputType}"
        }
        // Whole numbers are for CPUs: a GPU would compute them as floats, and cannot decide (ARG_MAX).
        val wanted = if (takesBytes) listOf(Accelerator.CPU) else accelerators
        val (chosen, compiled) = compile(modelPath, wanted, threads)
        accelerator = chosen
        model = compiled
    }

    private val inputs = model.createInputBuffers()
    private val outputs = model.createOutputBuffers()

    /**
     * Class ids of the upright image, row by row.
     *
     * BitmapFactory leaves a photo as it was stored: give the orientation of its file,
     * ExifInterface(path).getAttributeInt(ExifInterface.TAG_ORIENTATION, 1). ImageDecoder turns it: 1.
     */
    fun segment(image: Bitmap, orientation: Int = 1): ByteArray {
        val colors = IntArray(image.width * image.height)
        image.getPixels(colors, 0, image.width, 0, 0, image.width, image.height)
        val picture = Upright(Pixels(image.height, image.width, colors), orientation)
        val placement = place(spec.resize, picture.height, picture.width, spec.height, spec.width)
        val pixels = canvas(picture, spec, placement)
        if (takesBytes) {
            inputs[0].writeInt8(pixels) // the bits are those of uint8
        } else {
            inputs[0].writeFloat(FloatArray(pixels.size) { (pixels[it].toInt() and 255).toFloat() })
        }
        model.run(inputs, outputs)
        return if (file.givesClassIds) {
            mask(outputs[0].readInt8(), spec, placement, picture.height, picture.width)
        } else {
            mask(outputs[0].readFloat(), spec, placement, picture.height, picture.width)
        }
    }

    override fun close() {
        inputs.forEach { it.close() }
        outputs.forEach { it.close() }
        model.close()
    }
}

/** The model for the first accelerator that takes it. */
private fun compile(
    path: String,
    accelerators: List<Accelerator>,
    threads: Int
): Pair<Accelerator, CompiledModel> {
    var refusal: LiteRtException? = null
    for (accelerator in accelerators) {
        val options = CompiledModel.Options(accelerator)
        if (accelerator == Accelerator.CPU) {
            options.cpuOptions = CompiledModel.CpuOptions(numThreads = threads)
        }
        try {
            return Pair(accelerator, CompiledModel.create(path, options))
        } catch (error: LiteRtException) { // such as a phone without a GPU that LiteRT knows
            refusal = error
        }
    }
    throw refusal ?: IllegalArgumentException("Expected at least one accelerator. Received: none")
}

private fun specOf(json: JSONObject): Spec {
    require(!json.optBoolean("dynamic_size")) {
        "Expected a file of one size. Received: one exported with --dynamic-size"
    }
    val task = json.optJSONObject("task") ?: json  // version 1 named none, and was semantic
    require(task.optString("name", "semantic") == "semantic") {
        "Expected a model of the task semantic. Received: ${task.optString("name")}"
    }
    val size = json.getJSONArray("size")
    val labels = json.getJSONObject("labels")
    val names = labels.getJSONArray("names")
    return Spec(
        height = size.getInt(0),
        width = size.getInt(1),
        channels = json.getInt("channels"),
        resize = json.getString("resize"),
        threshold = task.getDouble("threshold"),
        names = List(names.length()) { names.getString(it) },
        ignoreClass = if (labels.isNull("ignore_class")) null else labels.getInt("ignore_class")
    )
}

// The float files (model.tflite, model-float16.tflite) with MediaPipe, which reads the metadata itself but
// shrinks plainly (implementation("com.google.mediapipe:tasks-vision:0.10.29")): give it the canvas.
//
//     val options = ImageSegmenter.ImageSegmenterOptions.builder()
//         .setBaseOptions(BaseOptions.builder().setModelAssetPath("model-float16.tflite").build())
//         .setOutputConfidenceMasks(true)
//         .build()
//     ImageSegmenter.createFromOptions(context, options).use { segmenter ->
//         val found = segmenter.segment(BitmapImageBuilder(bitmap).build())
//         found.confidenceMasks().get()[0]  // binary: probability of the foreground
//     }
