package import Kernels

/// What a model's tensors are: names in a file, packed weights, or weights as the reference keeps them.
package protocol TensorForm {
    associatedtype Matrix: Sendable
    associatedtype Vector: Sendable
}

/// A model as data: what is computed with which tensors. Both executors carry it out; neither knows families.
///
/// Its larger parts are classes, so that handing a part on while computing copies a reference.
package struct Model<Form: TensorForm>: Sendable {
    /// The sizes that callers ask for.
    package let configuration: ModelConfiguration
    /// Added to the mean square in every RMSNorm.
    package let epsilon: Float
    /// The rotations of queries and keys that layers choose from.
    package let rotaries: [Rotary<Form>]
    /// One row for each token.
    package let embeddings: Form.Matrix
    /// What an embedding is multiplied by.
    package let embeddingScale: Float?
    package let layers: [Layer<Form>]
    package let outputNorm: Form.Vector
    /// One row for each token.
    package let output: Form.Matrix
    /// Soft cap of the logits.
    package let logitCap: Float?
}

/// Two halves, each of which adds to the residual stream.
package final class Layer<Form: TensorForm>: Sendable {
    package let attention: Attention<Form>
    package let feedForward: FeedForward<Form>

    package init(attention: Attention<Form>, feedForward: FeedForward<Form>) {
        self.attention = attention
        self.feedForward = feedForward
    }
}

/// Grouped-query attention with rotary positions.
package final class Attention<Form: TensorForm>: Sendable {
    package let norm: Form.Vector
    package let query, key, value: Projection<Form>
    /// RMSNorms of each head's query and key, before the rotation.
    package let queryNorm, keyNorm: Form.Vector?
    package let output: Form.Matrix
    /// RMSNorm of the result, before it is added.
    package let postNorm: Form.Vector?
    package let heads: HeadSizes
    /// Which of the model's rotations.
    package let rotary: Int
    /// How many positions a query sees, its own included; nil: all before it.
    package let window: Int?
    /// What a score is multiplied by.
    package let scale: Float
    /// Soft cap of the scores.
    package let scoreCap: Float?

    /// What most families have is the default.
    package init(
        norm: Form.Vector, query: Projection<Form>, key: Projection<Form>, value: Projection<Form>,
        queryNorm: Form.Vector? = nil, keyNorm: Form.Vector? = nil, output: Form.Matrix, postNorm: Form.Vector? = nil,
        heads: HeadSizes, rotary: Int = 0, window: Int? = nil, scale: Float? = nil, scoreCap: Float? = nil
    ) {
        (self.norm, self.query, self.key, self.value, self.output) = (norm, query, key, value, output)
        (self.queryNorm, self.keyNorm, self.postNorm) = (queryNorm, keyNorm, postNorm)
        (self.heads, self.rotary, self.window, self.scoreCap) = (heads, rotary, window, scoreCap)
        self.scale = scale ?? heads.scale
    }
}

/// A matrix, and what is added to its product.
package struct Projection<Form: TensorForm>: Sendable {
    package let matrix: Form.Matrix
    package let bias: Form.Vector?
}

/// How queries, keys and values fall into heads.
package struct HeadSizes: Equatable, Sendable {
    package let heads: Int
    /// Divides `heads`.
    package let keyValueHeads: Int
    /// Length of one head; a multiple of 16.
    package let dimension: Int

    package init(heads: Int, keyValueHeads: Int, dimension: Int) {
        self.heads = heads
        self.keyValueHeads = keyValueHeads
        self.dimension = dimension
    }

    /// Length of all query heads.
    package var queryLength: Int { heads * dimension }
    /// Length of all key heads, and of all value heads.
    package var keyValueLength: Int { keyValueHeads * dimension }
    /// Query heads that share a key/value head.
    package var group: Int { heads / keyValueHeads }
    /// What scores are multiplied by in most families.
    package var scale: Float { 1 / Float(dimension).squareRoot() }
}

/// A rotation of the pairs of a head by angles that grow with the position.
package struct Rotary<Form: TensorForm>: Sendable {
    package let pairing: RotaryPairing
    /// Rotated pairs of one head.
    package let pairs: Int
    /// Base of the frequencies.
    package let base: Float
    /// What each pair's frequency is divided by; nil: 1.
    package let factors: Form.Vector?
    /// What all frequencies are divided by.
    package let linear: Float
    /// What cosines and sines are multiplied by.
    package let magnitude: Float
}

/// A gated network, or several of which a router chooses for each position.
package final class FeedForward<Form: TensorForm>: Sendable {
    package let norm: Form.Vector
    package let network: Network
    /// RMSNorm of the result, before it is added.
    package let postNorm: Form.Vector?

    package init(norm: Form.Vector, network: Network, postNorm: Form.Vector? = nil) {
        (self.norm, self.network, self.postNorm) = (norm, network, postNorm)
    }

    package enum Network: Sendable {
        case gated(GatedNetwork<Form>)
        case experts(Experts<Form>)
    }
}

/// down · (activation(gate · x) * (up · x)).
package final class GatedNetwork<Form: TensorForm>: Sendable {
    package let activation: GatedActivation
    /// Length of the inner vector; a multiple of 32.
    package let length: Int
    package let gate, up, down: Form.Matrix

    init(activation: GatedActivation, length: Int, gate: Form.Matrix, up: Form.Matrix, down: Form.Matrix) {
        (self.activation, self.length, self.gate, self.up, self.down) = (activation, length, gate, up, down)
    }
}

/// Networks of one size of which the router's largest logits choose some.
package final class Experts<Form: TensorForm>: Sendable {
    package let router: Form.Matrix
    /// Networks a position uses.
    package let used: Int
    package let networks: [GatedNetwork<Form>]

    init(router: Form.Matrix, used: Int, networks: [GatedNetwork<Form>]) {
        (self.router, self.used, self.networks) = (router, used, networks)
    }
}
