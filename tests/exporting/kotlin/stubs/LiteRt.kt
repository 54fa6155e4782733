// The part of LiteRT 2's Kotlin API that Segmenter.kt uses, with LiteRT's own names and types
// (litert/kotlin/src/main/kotlin/com/google/ai/edge/litert in its repository). There is no GPU here, and a
// model "runs" by giving what lies in logits.f32 beside it.

package com.google.ai.edge.litert

import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder

enum class Accelerator { NONE, CPU, GPU, NPU }

class LiteRtException(message: String) : Exception(message)

class TensorBuffer internal constructor(var floats: FloatArray) : AutoCloseable {
    var bytes = ByteArray(0)

    fun writeFloat(data: FloatArray) {
        floats = data
    }

    fun writeInt8(data: ByteArray) {
        bytes = data
    }

    fun readFloat(): FloatArray = floats

    fun readInt8(): ByteArray = bytes

    override fun close() {}
}

class CompiledModel private constructor(private val path: String) : AutoCloseable {
    data class CpuOptions(
        val numThreads: Int? = null,
        val xnnPackFlags: Int? = null,
        val xnnPackWeightCachePath: String? = null
    )

    class Options(internal val accelerators: Set<Accelerator>) {
        constructor(vararg accelerators: Accelerator) : this(setOf(*accelerators))

        var cpuOptions: CpuOptions? = null
    }

    fun createInputBuffers(): List<TensorBuffer> = listOf(TensorBuffer(FloatArray(0)))

    fun createOutputBuffers(): List<TensorBuffer> = listOf(TensorBuffer(FloatArray(0)))

    fun run(inputs: List<TensorBuffer>, outputs: List<TensorBuffer>) {
        val canvas = File(File(path).parentFile, "canvas.raw").readBytes()
        check(inputs[0].floats.size == canvas.size)
        for (i in canvas.indices) {
            check(Math.abs(inputs[0].floats[i] - (canvas[i].toInt() and 255)) <= 1) { "canvas differs" }
        }
        outputs[0].writeFloat(floatsOf(File(File(path).parentFile, "logits.f32")))
    }

    override fun close() {}

    companion object {
        fun create(filePath: String, options: Options = Options(Accelerator.CPU)): CompiledModel {
            if (Accelerator.GPU in options.accelerators) throw LiteRtException("no GPU")
            return CompiledModel(filePath)
        }
    }
}

fun floatsOf(file: File): FloatArray {
    val floats = ByteBuffer.wrap(file.readBytes()).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer()
    return FloatArray(floats.remaining()).also { floats.get(it) }
}
