// A .tflite file that segtf exported, on iOS: pixels in, class ids out.
//
// Podfile: pod 'TensorFlowLiteSwift', '~> 2.17'
//
// For model-int8.tflite: uint8 pixels as they are, uint8 class ids. The size is read from the file, the
// class names from labels.txt, which `segtf export` writes beside it. This is resize rule "stretch";
// see README.md for the others.

import CoreGraphics
import Foundation
import TensorFlowLite

final class Segmenter {
    let labels: [String]
    private let interpreter: Interpreter
    private let height: Int
    private let width: Int

    init(modelPath: String, labelsPath: String, threads: Int = 4) throws {
        var options = Interpreter.Options()
        options.threadCount = threads
        interpreter = try Interpreter(modelPath: modelPath, options: options)
        try interpreter.allocateTensors()
        let input = try interpreter.input(at: 0)
        precondition(input.dataType == .uInt8, "Expected model-int8.tflite")
        height = input.shape.dimensions[1]
        width = input.shape.dimensions[2]
        labels = try String(contentsOfFile: labelsPath, encoding: .utf8)
            .split(separator: "\n").map(String.init)
    }

    /// Class ids of the model's size, row by row; scale them up without mixing neighbours.
    func segment(_ image: CGImage) throws -> [UInt8] {
        try interpreter.copy(pixels(of: image), toInputAt: 0)
        try interpreter.invoke()
        return [UInt8](try interpreter.output(at: 0).data)
    }

    private func pixels(of image: CGImage) -> Data {
        var rgba = [UInt8](repeating: 0, count: 4 * width * height)
        rgba.withUnsafeMutableBytes { memory in
            let context = CGContext(
                data: memory.baseAddress, width: width, height: height, bitsPerComponent: 8,
                bytesPerRow: 4 * width, space: CGColorSpaceCreateDeviceRGB(),
                bitmapInfo: CGImageAlphaInfo.noneSkipLast.rawValue)!
            context.interpolationQuality = .medium
            context.draw(image, in: CGRect(x: 0, y: 0, width: width, height: height))
        }
        var rgb = Data(capacity: 3 * width * height)
        for pixel in stride(from: 0, to: rgba.count, by: 4) {
            rgb.append(contentsOf: rgba[pixel..<pixel + 3])
        }
        return rgb
    }
}

// The float files with MediaPipe (pod 'MediaPipeTasksVision'), which reads the metadata itself:
//
//     let options = ImageSegmenterOptions()
//     options.baseOptions.modelAssetPath = modelPath
//     options.shouldOutputConfidenceMasks = true
//     let found = try ImageSegmenter(options: options).segment(image: MPImage(uiImage: photo))
//     found.confidenceMasks?[0]  // binary: probability of the foreground
