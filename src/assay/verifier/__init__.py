"""A verifier that stands alone: it checks an auditor bundle with nothing but Python's standard library.

It imports nothing of Assay, and shares no code with what writes logs and statements: a mistake in the writer is not
repeated here. It is `assay.verifier` where Assay is installed, and ``verify.pyz`` in each auditor bundle::

    python verify.pyz bundle.zip --trust trust.json --vkey "$(cat log.vkey)"
    python -m assay.verifier bundle.zip

Files, from the bottom up: `strict` reads texts, `ed25519` and `ml_dsa` check signatures, `keys` and `trust` say
whose they are, `merkle`, `note`, `proof` and `quorum` are the log's side, `claim` the signed statements,
`logged` a claim in a log, `members` the files, `release` and `consents` one decision, `bundle` the whole.
"""
