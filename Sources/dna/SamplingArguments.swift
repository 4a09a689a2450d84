import ArgumentParser
import Inference

/// How tokens are drawn.
struct SamplingArguments: ParsableArguments {
    @Option(help: "0 takes the likeliest token; up to 2.") var temperature = 1.0
    @Option(help: "Keep this many of the likeliest tokens; 0 keeps all.") var topK = 0
    @Option(help: "Keep the likeliest tokens up to this share of the probability.") var topP = 1.0
    @Option(help: "Keep tokens at least this share as likely as the likeliest.") var minP = 0.0
    @Option(help: "Weakens tokens already seen; 1 does nothing.") var repetitionPenalty = 1.0
    @Option(help: "Subtracted once from tokens already generated.") var presencePenalty = 0.0
    @Option(help: "Subtracted from tokens for each time they were generated.") var frequencyPenalty = 0.0

    func parameters() throws -> SamplingParameters {
        var parameters = SamplingParameters()
        parameters.temperature = temperature
        parameters.topK = topK
        parameters.topP = topP
        parameters.minP = minP
        parameters.repetitionPenalty = repetitionPenalty
        parameters.presencePenalty = presencePenalty
        parameters.frequencyPenalty = frequencyPenalty
        try parameters.validate()
        return parameters
    }
}
