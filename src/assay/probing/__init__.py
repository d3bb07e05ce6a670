"""A model asked again and again: rows and something that scores them in, counts of changed decisions out.

    scorer.py          the one port: what answers, whatever it is made of
    asking.py          questions within a budget; a model that breaks is counted, never a traceback
    rows.py            the rows that are probed, column by column
    perturbing.py      noise, a missing feature, values out of range
    counterfactual.py  the protected attribute, and what stands in for it, changed
    slices.py          where the recorded predictions err most
    evasion.py         black-box attacks by the Adversarial Robustness Toolbox

Nothing here reads a file, a clock or unseeded chance: time comes in as a function, chance as a seed.
"""
