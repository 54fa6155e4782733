// What Segmenter.kt uses of Android: a bitmap is an array here.

package android.graphics

class Bitmap(val width: Int, val height: Int, private val colors: IntArray) {
    fun getPixels(pixels: IntArray, offset: Int, stride: Int, x: Int, y: Int, width: Int, height: Int) {
        for (row in 0 until height) {
            val from = (y + row) * this.width + x
            colors.copyInto(pixels, offset + row * stride, from, from + width)
        }
    }
}
