extension Engine {
    /// The engine's version: what a package may ask for at least. It grows when the engine takes models that it refused
    /// before; the arithmetic has a name of its own.
    public static let version = (major: 0, minor: 1, patch: 0)
}
