// From a picture to the canvas of a model, and from its logits to a mask: docs/preprocessing.md in Kotlin.
// No class of Android in here, so that it runs on any JVM; the tests run it on the files of `vectors`.

import kotlin.math.abs
import kotlin.math.ceil
import kotlin.math.floor
import kotlin.math.ln
import kotlin.math.max
import kotlin.math.min
import kotlin.math.round

/** How pixels enter a model and how its logits become classes: what `SEGTF_SPEC` in the file says. */
class Spec(
    val height: Int,
    val width: Int,
    val channels: Int,
    val resize: String,
    val threshold: Double,
    val names: List<String>,
    val ignoreClass: Int?
) {
    init {
        require(channels == 1 || channels == 3) {
            "Expected a model of grey (1) or colour (3), which pictures are. Received: $channels channels"
        }
    }

    /** Logits of a pixel: one for two classes. */
    val logits = if (names.size == 2) 1 else names.size
}

class Box(val top: Int, val left: Int, val height: Int, val width: Int)

/** The part of an image that is used, and where it lands on the canvas. */
class Placement(val source: Box, val target: Box)

/** Colours 0xAARRGGBB, not multiplied by alpha; row y, column x. */
interface Picture {
    val height: Int
    val width: Int

    fun argb(y: Int, x: Int): Int
}

/** A picture in memory, row by row. */
class Pixels(
    override val height: Int,
    override val width: Int,
    private val colors: IntArray
) : Picture {
    override fun argb(y: Int, x: Int) = colors[y * width + x]
}

/** A picture as it is to be seen, by the EXIF orientation (1 to 8) of its file. */
class Upright(private val stored: Picture, private val orientation: Int) : Picture {
    private val turned = orientation in 5..8
    override val height = if (turned) stored.width else stored.height
    override val width = if (turned) stored.height else stored.width

    override fun argb(y: Int, x: Int): Int {
        val bottom = stored.height - 1
        val right = stored.width - 1
        return when (orientation) {
            2 -> stored.argb(y, right - x)
            3 -> stored.argb(bottom - y, right - x)
            4 -> stored.argb(bottom - y, x)
            5 -> stored.argb(x, y)
            6 -> stored.argb(bottom - x, y)
            7 -> stored.argb(bottom - x, right - y)
            8 -> stored.argb(x, right - y)
            else -> stored.argb(y, x)
        }
    }
}

/** Where a resize rule puts an image on a canvas. */
fun place(rule: String, height: Int, width: Int, canvasHeight: Int, canvasWidth: Int): Placement {
    val image = Box(0, 0, height, width)
    val canvas = Box(0, 0, canvasHeight, canvasWidth)
    return when (rule) {
        "stretch" -> Placement(image, canvas)
        "letterbox" -> Placement(image, largestInside(canvas, image))
        "crop" -> Placement(largestInside(image, canvas), canvas)
        else -> throw IllegalArgumentException("Expected a resize rule. Received: $rule")
    }
}

private fun largestInside(outer: Box, proportions: Box): Box {
    val height = fitted(proportions.height, outer.width, proportions.width, outer.height)
    val width = fitted(proportions.width, outer.height, proportions.height, outer.width)
    return Box((outer.height - height) / 2, (outer.width - width) / 2, height, width)
}

/** `side * scale / other`, rounded, within 1..most; in 64 bits, since large images pass 32. */
private fun fitted(side: Int, scale: Int, other: Int, most: Int): Int =
    ((2L * side * scale + other) / (2L * other)).coerceIn(1L, most.toLong()).toInt()

/** What goes into the model: values 0..255, row by row, the channels of a pixel side by side. */
fun canvas(image: Picture, spec: Spec, placement: Placement): ByteArray {
    val (source, target) = Pair(placement.source, placement.target)
    val channels = spec.channels
    val across = taps(source.width, target.width)
    val narrowed = FloatArray(source.height * target.width * channels)
    val row = FloatArray(source.width * channels)
    for (y in 0 until source.height) {
        for (x in 0 until source.width) {
            val color = image.argb(source.top + y, source.left + x)
            val red = color shr 16 and 255
            val green = color shr 8 and 255
            val blue = color and 255
            if (channels == 3) {
                row[3 * x] = red.toFloat()
                row[3 * x + 1] = green.toFloat()
                row[3 * x + 2] = blue.toFloat()
            } else {
                row[x] = ((19595 * red + 38470 * green + 7471 * blue + 32768) shr 16).toFloat()
            }
        }
        for (x in 0 until target.width) {
            for (channel in 0 until channels) {
                narrowed[(y * target.width + x) * channels + channel] =
                    across[x].sum(row, channel, channels).toFloat()
            }
        }
    }
    val down = taps(source.height, target.height)
    val filled = ByteArray(spec.height * spec.width * channels)
    val stride = target.width * channels
    for (y in 0 until target.height) {
        val start = ((target.top + y) * spec.width + target.left) * channels
        for (i in 0 until stride) {
            val level = round(down[y].sum(narrowed, i, stride)) // a half to the even number
            filled[start + i] = level.coerceIn(0.0, 255.0).toInt().toByte()
        }
    }
    return filled
}

/** Class ids at the size of the image, row by row, from logits `(height, width, logits)` of the canvas. */
fun mask(logits: FloatArray, spec: Spec, placement: Placement, height: Int, width: Int): ByteArray {
    val least = if (spec.logits == 1) ln(spec.threshold / (1.0 - spec.threshold)) else 0.0
    return decide(logits, spec, placement, height, width, least)
}

/** Likewise from class ids of the canvas, which a model gives that has decided already. */
fun mask(ids: ByteArray, spec: Spec, placement: Placement, height: Int, width: Int): ByteArray {
    val logits = FloatArray(ids.size * spec.logits)
    for (i in ids.indices) {
        val id = ids[i].toInt() and 255
        if (spec.logits == 1) logits[i] = if (id == 1) 1f else -1f else logits[i * spec.logits + id] = 1f
    }
    return decide(logits, spec, placement, height, width, 0.0)
}

private fun decide(
    logits: FloatArray,
    spec: Spec,
    placement: Placement,
    height: Int,
    width: Int,
    least: Double
): ByteArray {
    val (source, target) = Pair(placement.source, placement.target)
    val count = spec.logits
    val across = taps(target.width, source.width)
    val down = taps(target.height, source.height)
    val mask = ByteArray(height * width) { (spec.ignoreClass ?: 0).toByte() }
    val row = FloatArray(target.width * count) // of one row at a time: all logits would be large
    val stride = spec.width * count
    for (y in 0 until source.height) {
        for (i in row.indices) {
            val first = target.top * stride + target.left * count + i
            row[i] = down[y].sum(logits, first, stride).toFloat()
        }
        for (x in 0 until source.width) {
            var id = 0
            var largest = across[x].sum(row, 0, count)
            if (count == 1) {
                id = if (largest >= least) 1 else 0
            }
            for (other in 1 until count) {
                val logit = across[x].sum(row, other, count)
                if (logit > largest) {
                    largest = logit
                    id = other
                }
            }
            mask[(source.top + y) * width + source.left + x] = id.toByte()
        }
    }
    return mask
}

/** The values that make one value of a resized axis, and their weights, which sum to 1. */
private class Taps(private val first: Int, private val weights: DoubleArray) {
    /** Of `values`, where the axis begins at `start` and moves by `stride`. */
    fun sum(values: FloatArray, start: Int, stride: Int): Double {
        var sum = 0.0
        var index = start + first * stride
        for (weight in weights) {
            sum += weight * values[index]
            index += stride
        }
        return sum
    }
}

/** A triangle filter, widened when shrinking, that makes `to` values of `from`. */
private fun taps(from: Int, to: Int): Array<Taps> {
    val scale = from.toDouble() / to
    val radius = max(scale, 1.0)
    return Array(to) { i ->
        val center = (i + 0.5) * scale
        val first = max(0, ceil(center - radius - 0.5).toInt())
        val last = min(from - 1, floor(center + radius - 0.5).toInt())
        val weights = DoubleArray(last - first + 1) { max(0.0, 1 - abs(first + it + 0.5 - center) / radius) }
        val sum = weights.sum()
        Taps(first, DoubleArray(weights.size) { weights[it] / sum })
    }
}
