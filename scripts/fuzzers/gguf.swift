import GGUF
import Inference

/// Reads the input as a GGUF file: as it is, and with zeros behind it, so that a directory of tensors finds its data.
/// What is accepted is inspected as the engine does before it loads a model.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    check(UnsafeRawBufferPointer(start: data, count: size))
    let count = min(size, padded.count)
    padded.copyBytes(from: UnsafeRawBufferPointer(start: data, count: count))
    check(UnsafeRawBufferPointer(padded))
    UnsafeMutableRawBufferPointer(rebasing: padded[..<count]).initializeMemory(as: UInt8.self, repeating: 0)
    return 0
}

/// The input's copy; zeros between two inputs.
private nonisolated(unsafe) let padded: UnsafeMutableRawBufferPointer = {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
    buffer.initializeMemory(as: UInt8.self, repeating: 0)
    return buffer
}()

private func check(_ bytes: UnsafeRawBufferPointer) {
    let header: GGUFHeader
    do {
        header = try GGUFHeader(parsing: bytes)
    } catch {
        precondition(!error.description.isEmpty)
        return
    }
    for (name, tensor) in header.tensors {
        precondition(name == tensor.name)
        precondition(tensor.bytes.lowerBound >= 0 && tensor.bytes.upperBound <= bytes.count, "outside of the file")
        precondition(!tensor.bytes.isEmpty && tensor.shape.allSatisfy { $0 > 0 })
    }
    let inspection = ModelInspection(header)
    precondition((inspection.memory == nil) == (inspection.refusal != nil))
}
