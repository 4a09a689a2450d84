/// Ed25519 (RFC 8032), pure mode.
public enum Ed25519 {}
