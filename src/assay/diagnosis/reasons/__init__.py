"""Why a person was turned down, and what the person could change: a model and rows in, reasons out.

    mapping.py         reasons.yaml: a feature in words, what a person can do about it, and what must not stand there
    favour.py          the one question to a model: how probable is the favourable outcome
    contributions.py   how far each feature moved a score from the reference's: exact where features do not interact
    shapley.py         the same by SHAP where they do
    standing_in.py     features that tell a protected attribute by themselves
    principal.py       the principal reasons of one person, in words
    change.py          the smallest change that would have been approved, each part of it needed
    dice_search.py     candidates for it, by DiCE

Nothing here reads a file or a clock; chance comes in as a seed.
"""
