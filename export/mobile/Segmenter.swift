// A .tflite file that segtf exported, on iOS: a picture in, class ids at its own size out.
//
// LiteRT's Swift package (https://github.com/google-ai-edge/LiteRT, a branch such as release/2.3.0), whose
// CompiledModel it uses: the product LiteRT, and LiteRtMetalAccelerator for the GPU. Xcode 15, iOS 15 or
// later. Needs Preprocessing.swift beside it.
//
// For model-float16.tflite, model-dynamic.tflite and model.tflite: float32 pixels in, logits out. All about
// the model is read from the .spec.json that lies beside it: put both into the app.

import CoreGraphics
import Foundation
import LiteRT

final class Segmenter {
    let spec: Spec
    /// What it runs on.
    let accelerator: Accelerator
    private let model: CompiledModel
    private let inputs: [TensorBuffer]
    private let outputs: [TensorBuffer]

    /// Runs on the first of the accelerators given that can be had; the CPU takes what a GPU leaves.
    init(modelPath: String, accelerators: [Accelerator] = [.gpu, .cpu]) throws {
        let specPath = (modelPath as NSString).deletingPathExtension + ".spec.json"
        let json = try Data(contentsOf: URL(fileURLWithPath: specPath))
        let spec = try JSONDecoder().decode(Spec.self, from: json)
        let (chosen, compiled) = try compile(modelPath, accelerators)
        let isColorOrGrey = spec.channels == 1 || spec.channels == 3
        precondition(isColorOrGrey, "Expected 1 or 3 channels. Received: \(spec.channels)")
        precondition(spec.dynamic_size != true, "Expected a file of one size")
        let task = spec.task?.name ?? "semantic"  // version 1 named none
        precondition(task == "semantic", "Expected a model of the task semantic. Received: \(task)")
        let gives = spec.gives ?? "logits"
        precondition(gives == "logits", "Expected a file that gives logits. Received: \(gives)")
        self.spec = spec
        accelerator = chosen
        model = compiled
        inputs = try compiled.createInputBuffers()
        outputs = try compiled.createOutputBuffers()
    }

    /// Class ids of an upright image, row by row.
    ///
    /// A CGImage is as it was stored: turn it first, as UIImage(cgImage:scale:orientation:) drawn into a
    /// context does, with the orientation that CGImageSourceCopyPropertiesAtIndex gives.
    func segment(_ image: CGImage) throws -> [UInt8] {
        let picture = pixels(of: image)
        let placement = place(spec, height: picture.height, width: picture.width)
        try inputs[0].write(canvas(of: picture, spec, placement).map { Float($0) })
        try model.run(inputs: inputs, outputs: outputs)
        let logits: [Float] = try outputs[0].read()
        return mask(
            logits: logits, spec, placement, height: picture.height, width: picture.width)
    }

    /// The pixels at their own size: Core Graphics shrinks by other rules.
    private func pixels(of image: CGImage) -> Picture {
        let (height, width) = (image.height, image.width)
        // Its own colour space, so that no value is converted.
        let own = image.colorSpace.flatMap { $0.model == .rgb ? $0 : nil }
        var rgba = [UInt8](repeating: 0, count: 4 * width * height)
        rgba.withUnsafeMutableBytes { memory in
            let context = CGContext(
                data: memory.baseAddress, width: width, height: height, bitsPerComponent: 8,
                bytesPerRow: 4 * width, space: own ?? CGColorSpaceCreateDeviceRGB(),
                bitmapInfo: CGImageAlphaInfo.noneSkipLast.rawValue)!
            context.interpolationQuality = .none
            context.draw(image, in: CGRect(x: 0, y: 0, width: width, height: height))
        }
        var rgb = [UInt8]()
        rgb.reserveCapacity(3 * width * height)
        for pixel in stride(from: 0, to: rgba.count, by: 4) {
            rgb.append(contentsOf: rgba[pixel..<pixel + 3])
        }
        return Picture(height: height, width: width, rgb: rgb)
    }
}

/// The model for the first accelerator that takes it.
private func compile(
    _ path: String, _ accelerators: [Accelerator]
) throws -> (Accelerator, CompiledModel) {
    var refusal: Error = LiteRtError.unsupported
    for accelerator in accelerators {
        do {
            let options = try Options()
            try options.setHardwareAccelerators([accelerator, .cpu])
            let environment = try Environment()
            return (
                accelerator,
                try CompiledModel(filePath: path, environment: environment, options: options)
            )
        } catch {  // such as a phone whose GPU cannot take an operation
            refusal = error
        }
    }
    throw refusal
}

// The float files with MediaPipe (pod 'MediaPipeTasksVision'), which reads the metadata itself but shrinks
// plainly: give it the canvas, or a file of `segtf export --for-resize plain`.
//
//     let options = ImageSegmenterOptions()
//     options.baseOptions.modelAssetPath = modelPath
//     options.shouldOutputConfidenceMasks = true
//     let found = try ImageSegmenter(options: options).segment(image: MPImage(uiImage: canvas))
//     found.confidenceMasks?[0]  // binary: probability of the foreground
