// What a .tflite file of segtf says about itself, without a library: a FlatBuffer, by TFLite's schema.
// No class of Android in here.

import java.nio.ByteBuffer
import java.nio.ByteOrder

/** A .tflite file; `bytes` are all of it. */
class ModelFile(bytes: ByteArray) {
    private val buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN)
    private val model: Table

    init {
        require(bytes.size > 8 && String(bytes, 4, 4, Charsets.US_ASCII) == "TFL3") {
            "Expected a .tflite file. Received: another one"
        }
        model = Table(buffer.getInt(0))
    }

    /** The spec as JSON: size, channels, resize rule, threshold, labels. */
    val spec: String
        get() {
            val entry = model.tables(METADATA).firstOrNull { it.text(0) == "SEGTF_SPEC" }
            requireNotNull(entry) { "Expected a file that segtf exported. Received: another one" }
            return model.tables(BUFFERS)[entry.int(1)].text(0)
        }

    /** Whether it gives class ids; otherwise it gives logits. */
    val givesClassIds: Boolean
        get() = when (val name = model.tables(SIGNATURES)[0].tables(1)[0].text(0)) {
            "class_ids" -> true
            "logits" -> false
            else -> throw IllegalArgumentException(
                "Expected a file that gives logits or class ids. Received: one that gives $name"
            )
        }

    /** TFLite's number for the type of the input: `FLOAT32` or `UINT8`. */
    val inputType: Int
        get() = typeOf(1)

    /** Likewise of the output. */
    val outputType: Int
        get() = typeOf(2)

    private fun typeOf(ports: Int): Int {
        val graph = model.tables(GRAPHS)[0]
        val port = graph.vector(ports) // of 32-bit numbers: its first is the tensor
        return graph.tables(0)[buffer.getInt(port + 4)].byte(1)
    }

    private inner class Table(private val at: Int) {
        /** Where a field lies, or 0 if it has its default. */
        private fun field(index: Int): Int {
            val layout = at - buffer.getInt(at)
            val entry = 4 + 2 * index
            val offset = if (entry < buffer.getShort(layout)) buffer.getShort(layout + entry).toInt() else 0
            return if (offset == 0) 0 else at + offset
        }

        fun int(index: Int) = field(index).let { if (it == 0) 0 else buffer.getInt(it) }

        fun byte(index: Int) = field(index).let { if (it == 0) 0 else buffer.get(it).toInt() }

        /** Where a vector begins: its length, then its elements. */
        fun vector(index: Int) = field(index).let { it + buffer.getInt(it) }

        fun tables(index: Int): List<Table> {
            if (field(index) == 0) return emptyList()
            val start = vector(index)
            return List(buffer.getInt(start)) {
                val element = start + 4 + 4 * it
                Table(element + buffer.getInt(element))
            }
        }

        fun text(index: Int): String {
            val start = vector(index)
            return String(buffer.array(), start + 4, buffer.getInt(start), Charsets.UTF_8)
        }
    }

    companion object {
        const val FLOAT32 = 0
        const val UINT8 = 3

        // Fields of the table Model in TFLite's schema.
        private const val GRAPHS = 2
        private const val BUFFERS = 4
        private const val METADATA = 6
        private const val SIGNATURES = 7
    }
}
