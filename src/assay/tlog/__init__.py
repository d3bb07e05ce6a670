"""Merkle tree, tiles, notes, checkpoints and proofs: bytes in, bytes out. Knows nothing of machine learning."""
