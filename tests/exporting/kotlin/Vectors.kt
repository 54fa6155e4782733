// Runs the samples on test vectors: for each folder, writes canvas.kotlin,
// mask.kotlin and, from the class ids of the canvas, ids-mask.kotlin: raw bytes.

import android.graphics.Bitmap
import com.google.ai.edge.litert.floatsOf
import java.io.File
import javax.imageio.ImageIO

fun main(folders: Array<String>) {
    for (folder in folders) {
        val segmenter = Segmenter("$folder/model.tflite")
        val spec = segmenter.spec
        val orientation = File(folder, "orientation").readText().toInt()
        val stored = ImageIO.read(File(folder, "image.png"))
        val colors = stored.getRGB(0, 0, stored.width, stored.height, null, 0, stored.width)
        val picture = Upright(Pixels(stored.height, stored.width, colors), orientation)
        val placement = place(spec.resize, picture.height, picture.width, spec.height, spec.width)
        File(folder, "canvas.kotlin").writeBytes(canvas(picture, spec, placement))
        val logits = floatsOf(File(folder, "logits.f32"))
        val mask = mask(logits, spec, placement, picture.height, picture.width)
        File(folder, "mask.kotlin").writeBytes(mask)
        val ids = File(folder, "ids.raw").readBytes()
        File(folder, "ids-mask.kotlin")
            .writeBytes(mask(ids, spec, placement, picture.height, picture.width))
        val whole = segmenter.segment(Bitmap(stored.width, stored.height, colors), orientation)
        check(whole.contentEquals(mask)) { "Segmenter differs from its parts" }
        println("${spec.resize} on ${segmenter.accelerator}: ${spec.names.joinToString()}")
        segmenter.close()
    }
}
