// What Segmenter.kt uses of Android's org.json, for the JSON that segtf writes.

package org.json

class JSONArray(private val values: List<Any?>) {
    fun length() = values.size

    fun getInt(index: Int) = (values[index] as Double).toInt()

    fun getString(index: Int) = values[index] as String
}

class JSONObject(text: String) {
    @Suppress("UNCHECKED_CAST")
    private var values = Reader(text).value() as Map<String, Any?>

    private constructor(values: Map<String, Any?>) : this("{}") {
        this.values = values
    }

    fun getInt(name: String) = (values.getValue(name) as Double).toInt()

    fun getDouble(name: String) = values.getValue(name) as Double

    fun getString(name: String) = values.getValue(name) as String

    fun optBoolean(name: String) = values[name] as? Boolean ?: false

    fun isNull(name: String) = values[name] == null

    @Suppress("UNCHECKED_CAST")
    fun getJSONArray(name: String) = JSONArray(values.getValue(name) as List<Any?>)

    @Suppress("UNCHECKED_CAST")
    fun getJSONObject(name: String) = JSONObject(values.getValue(name) as Map<String, Any?>)
}

private class Reader(private val text: String) {
    private var at = 0

    fun value(): Any? = when (peek()) {
        '{' -> items('}') { Pair(value() as String, skip(':').value()) }.toMap()
        '[' -> items(']') { value() }
        '"' -> text.substring(at + 1, text.indexOf('"', at + 1)).also { at += it.length + 2 }
        else -> word()
    }

    private fun <T> items(end: Char, item: () -> T): List<T> {
        val found = mutableListOf<T>()
        at++
        while (peek() != end) {
            found += item()
            if (peek() == ',') at++
        }
        at++
        return found
    }

    private fun word(): Any? {
        val word = text.substring(at).takeWhile { it !in ",]} \n" }
        at += word.length
        return if (word == "null") null else word.toDoubleOrNull() ?: word.toBoolean()
    }

    private fun skip(character: Char): Reader {
        check(peek() == character)
        at++
        return this
    }

    private fun peek(): Char {
        while (text[at].isWhitespace()) at++
        return text[at]
    }
}
