"""The demonstration: 1,989 real mortgage applications, an unfair version, a mended one, and their gate.

    applications.py  the shipped table and what is computed from it, as SQL
    recipes.py       two recipes for a scorecard
    fitting.py       folds and coefficients, by scikit-learn or as recorded; the only place that imports it
    scorecards.py    a scorecard as plain numbers, and how it predicts
    asking.py        the scorecard asked about raw applications, for the probes of a release
    training.py      a recipe cross-fitted: a scorecard, and an honest prediction for everybody
    project/         the files that people would have written: assay.yaml, policy, card
    cast.py          the people of the story, and their keys
    story.py         the steps in order, in words

It stands beside the house: it may use every room, and nothing but the command line uses it.
"""
