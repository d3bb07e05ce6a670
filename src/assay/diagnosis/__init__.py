"""Why a finding failed and what would mend it: causes, slices, thresholds, mitigations.

The one room that goes back to rows and to the model, and only after a finding failed. Frames and learners live here;
they are extras, imported where they are used, and what cannot be examined without them is said, never guessed.
"""
