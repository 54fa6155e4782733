// A .tflite file that segtf exported, on Android: pixels in, class ids out.
//
// app/build.gradle.kts:
//     implementation("com.google.ai.edge.litert:litert:1.4.0")
//     implementation("com.google.ai.edge.litert:litert-metadata:1.4.0")
//
// For model-int8.tflite: uint8 pixels as they are, uint8 class ids. The size and the class names are
// read from the file. This is resize rule "stretch"; see README.md for the others.

import android.graphics.Bitmap
import java.nio.ByteBuffer
import java.nio.ByteOrder
import org.tensorflow.lite.DataType
import org.tensorflow.lite.Interpreter
import org.tensorflow.lite.support.metadata.MetadataExtractor

class Segmenter(model: ByteBuffer, threads: Int = 4) : AutoCloseable {
    private val interpreter = Interpreter(model, Interpreter.Options().setNumThreads(threads))
    private val height = interpreter.getInputTensor(0).shape()[1]
    private val width = interpreter.getInputTensor(0).shape()[2]

    /** Class names in id order: what labels.txt inside the file says. */
    val labels: List<String> =
        MetadataExtractor(model).getAssociatedFile("labels.txt").bufferedReader().readLines()

    init {
        require(interpreter.getInputTensor(0).dataType() == DataType.UINT8) {
            "Expected model-int8.tflite; float files go through MediaPipe's ImageSegmenter"
        }
    }

    /** Class ids of the model's size, row by row; scale them up without mixing neighbours. */
    fun segment(image: Bitmap): ByteArray {
        val canvas = Bitmap.createScaledBitmap(image, width, height, /* filter = */ true)
        val colors = IntArray(width * height)
        canvas.getPixels(colors, 0, width, 0, 0, width, height)
        val pixels = ByteBuffer.allocateDirect(3 * colors.size).order(ByteOrder.nativeOrder())
        for (color in colors) { // red, green, blue
            pixels.put((color shr 16).toByte()).put((color shr 8).toByte()).put(color.toByte())
        }
        val ids = ByteBuffer.allocateDirect(colors.size)
        interpreter.run(pixels.rewind(), ids)
        ids.rewind()
        return ByteArray(colors.size).also { ids.get(it) }
    }

    override fun close() = interpreter.close()
}

// The float files (model.tflite, model-float16.tflite) with MediaPipe, which reads the metadata itself
// (implementation("com.google.mediapipe:tasks-vision:0.10.29")):
//
//     val options = ImageSegmenter.ImageSegmenterOptions.builder()
//         .setBaseOptions(BaseOptions.builder().setModelAssetPath("model-float16.tflite").build())
//         .setOutputConfidenceMasks(true)
//         .build()
//     ImageSegmenter.createFromOptions(context, options).use { segmenter ->
//         val found = segmenter.segment(BitmapImageBuilder(bitmap).build())
//         found.confidenceMasks().get()[0]  // binary: probability of the foreground
//     }
