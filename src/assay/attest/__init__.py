"""In-toto statements, DSSE envelopes, keys and trust: bytes in, bytes out."""
