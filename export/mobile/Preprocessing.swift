// From a picture to the canvas of a model, and from its logits to a mask: docs/preprocessing.md in Swift,
// line by line what Preprocessing.kt is, which the tests run. Foundation alone is needed.

import Foundation

/// How pixels enter a model and how its logits become classes: the JSON of `SEGTF_SPEC`.
struct Spec: Decodable {
    struct Task: Decodable {
        let name: String
    }

    struct Labels: Decodable {
        let names: [String]
        let ignore_class: Int?
    }

    let size: [Int]
    let channels: Int
    let resize: String
    let threshold: Double
    let labels: Labels
    let dynamic_size: Bool?
    let task: Task?
    let gives: String?

    var height: Int { size[0] }
    var width: Int { size[1] }

    /// Logits of a pixel: one for two classes.
    var logits: Int { labels.names.count == 2 ? 1 : labels.names.count }
}

struct Box {
    let top: Int
    let left: Int
    let height: Int
    let width: Int
}

/// The part of an image that is used, and where it lands on the canvas.
struct Placement {
    let source: Box
    let target: Box
}

/// Pixels red, green, blue, row by row, not multiplied by alpha.
struct Picture {
    let height: Int
    let width: Int
    let rgb: [UInt8]
}

/// Where a resize rule puts an image on a canvas.
func place(_ spec: Spec, height: Int, width: Int) -> Placement {
    let image = Box(top: 0, left: 0, height: height, width: width)
    let canvas = Box(top: 0, left: 0, height: spec.height, width: spec.width)
    switch spec.resize {
    case "letterbox":
        return Placement(source: image, target: largestInside(canvas, image))
    case "crop":
        return Placement(source: largestInside(image, canvas), target: canvas)
    default:
        precondition(spec.resize == "stretch", "Expected a resize rule. Received: \(spec.resize)")
        return Placement(source: image, target: canvas)
    }
}

private func largestInside(_ outer: Box, _ proportions: Box) -> Box {
    let (tall, wide) = (proportions.height, proportions.width)
    let height = min(max((2 * tall * outer.width + wide) / (2 * wide), 1), outer.height)
    let width = min(max((2 * wide * outer.height + tall) / (2 * tall), 1), outer.width)
    let top = (outer.height - height) / 2
    let left = (outer.width - width) / 2
    return Box(top: top, left: left, height: height, width: width)
}

/// What goes into the model: values 0..255, row by row, the channels of a pixel side by side.
func canvas(of image: Picture, _ spec: Spec, _ placement: Placement) -> [UInt8] {
    let (source, target) = (placement.source, placement.target)
    let channels = spec.channels
    let across = taps(from: source.width, to: target.width)
    let stride = target.width * channels
    var narrowed = [Float](repeating: 0, count: source.height * stride)
    var row = [Float](repeating: 0, count: source.width * channels)
    for y in 0..<source.height {
        for x in 0..<source.width {
            let at = 3 * ((source.top + y) * image.width + source.left + x)
            if channels == 3 {
                for channel in 0..<3 {
                    row[3 * x + channel] = Float(image.rgb[at + channel])
                }
            } else {
                let red = 19595 * Int(image.rgb[at])
                let green = 38470 * Int(image.rgb[at + 1])
                let blue = 7471 * Int(image.rgb[at + 2])
                row[x] = Float((red + green + blue + 32768) >> 16)
            }
        }
        for x in 0..<target.width {
            for channel in 0..<channels {
                narrowed[y * stride + x * channels + channel] =
                    Float(across[x].sum(row, start: channel, stride: channels))
            }
        }
    }
    let down = taps(from: source.height, to: target.height)
    var filled = [UInt8](repeating: 0, count: spec.height * spec.width * channels)
    for y in 0..<target.height {
        let start = ((target.top + y) * spec.width + target.left) * channels
        for i in 0..<stride {
            let level = down[y].sum(narrowed, start: i, stride: stride)
            let whole = level.rounded(.toNearestOrEven)  // a half to the even number
            filled[start + i] = UInt8(min(max(whole, 0), 255))
        }
    }
    return filled
}

/// Class ids at the size of the image, row by row, from logits `(height, width, logits)` of the canvas.
func mask(
    logits: [Float], _ spec: Spec, _ placement: Placement, height: Int, width: Int
) -> [UInt8] {
    let (source, target) = (placement.source, placement.target)
    let count = spec.logits
    let least = log(spec.threshold / (1 - spec.threshold))
    let across = taps(from: target.width, to: source.width)
    let down = taps(from: target.height, to: source.height)
    let unseen = UInt8(spec.labels.ignore_class ?? 0)
    var mask = [UInt8](repeating: unseen, count: height * width)
    var row = [Float](repeating: 0, count: target.width * count)
    let stride = spec.width * count
    for y in 0..<source.height {
        for i in 0..<row.count {
            let first = target.top * stride + target.left * count + i
            row[i] = Float(down[y].sum(logits, start: first, stride: stride))
        }
        for x in 0..<source.width {
            var largest = across[x].sum(row, start: 0, stride: count)
            var id = count == 1 && largest >= least ? 1 : 0
            for other in 1..<max(count, 1) {
                let logit = across[x].sum(row, start: other, stride: count)
                if logit > largest {
                    largest = logit
                    id = other
                }
            }
            mask[(source.top + y) * width + source.left + x] = UInt8(id)
        }
    }
    return mask
}

/// The values that make one value of a resized axis, and their weights, which sum to 1.
private struct Taps {
    let first: Int
    let weights: [Double]

    /// Of `values`, where the axis begins at `start` and moves by `stride`.
    func sum(_ values: [Float], start: Int, stride: Int) -> Double {
        var sum = 0.0
        var index = start + first * stride
        for weight in weights {
            sum += weight * Double(values[index])
            index += stride
        }
        return sum
    }
}

/// A triangle filter, widened when shrinking, that makes `to` values of `from`.
private func taps(from: Int, to: Int) -> [Taps] {
    let scale = Double(from) / Double(to)
    let radius = max(scale, 1)
    return (0..<to).map { i in
        let center = (Double(i) + 0.5) * scale
        let first = max(0, Int((center - radius - 0.5).rounded(.up)))
        let last = min(from - 1, Int((center + radius - 0.5).rounded(.down)))
        let weights = (first...last).map { max(0, 1 - abs(Double($0) + 0.5 - center) / radius) }
        let total = weights.reduce(0, +)
        return Taps(first: first, weights: weights.map { $0 / total })
    }
}
