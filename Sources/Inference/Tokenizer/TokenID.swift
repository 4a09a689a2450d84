/// A token's index in its model's vocabulary; never negative.
public typealias TokenID = Int32
