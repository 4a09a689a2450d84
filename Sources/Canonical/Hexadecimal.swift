public import Cryptography

/// Lower-case hexadecimal; it lives a floor below because keys are written with it.
public typealias Hexadecimal = Cryptography.Hexadecimal
