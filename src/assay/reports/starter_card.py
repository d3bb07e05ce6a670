"""A ``card.yaml`` to start from: every field explained, every answer a placeholder that fails until it is replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.reports.words import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

_TEMPLATE = """\
# What only people can say about {name}. Assay fills in what it can measure and writes the model card from both.
# The nine sections are those of Mitchell et al. 2019, "Model Cards for Model Reporting".
# Every TODO fails the documentation check until someone replaces it. A field may be a text or a list of texts.

model_details:
  developed_by: "TODO: the person or organisation that made the model and answers for it"
  type: "TODO: such as logistic regression, gradient boosted trees"
  license: "TODO: such as apache-2.0, or proprietary"
  contact: "TODO: where questions and complaints go"
  # Optional: training (algorithm, parameters, fairness constraints, features), paper, citation.

intended_use:
  primary_uses: "TODO: the decision that this model supports"
  primary_users: "TODO: who uses its output, and with which training"
  out_of_scope:
    - "TODO: a use that must not be made of it"

factors:
  # Compared so far: {protected}. The results by group come from the evidence.
  relevant: "TODO: groups, instruments and surroundings that change how the model behaves, those not measured too"

metrics:
  measures: "TODO: why these measures matter for the people concerned"
  decision_thresholds: "TODO: the score above which the decision changes, who chose it and why"

evaluation_data:
  motivation: "TODO: why this dataset stands for the people the model will meet"
  preprocessing: "TODO: what was done to it before evaluation"

training_data:
  description: "TODO: where it comes from, whom it covers and whom it leaves out"

# quantitative_analyses comes from the evidence; remarks may be added as unitary: and intersectional:.

ethical_considerations:
  sensitive_data: "TODO: personal or protected information that the model or its data hold"
  human_life: "TODO: what a wrong decision does to a person, and how they can object"
  mitigations: "TODO: what was done against the risks"
  risks_and_harms: "TODO: what may still go wrong, for whom, how likely and how bad"

caveats_and_recommendations:
  caveats: "TODO: what the evaluation leaves open"
  recommendations: "TODO: what whoever uses the model should do, and when to measure it again"

# Numbers stated elsewhere may be listed here; each must be what was measured.
# claims:
#   - {{metric: accuracy, value: 0.87}}
#   - {{metric: selection_rate, group: {{race: black}}, value: 0.68, tolerance: 0.01}}
"""


def starter_card(name: str, protected: Sequence[str] = ()) -> str:
    """Return a commented ``card.yaml`` whose placeholders fail the documentation check.

    Args:
        name: name of the model or system; used in a comment.
        protected: the columns by which groups are compared; used in a comment.
    """
    columns = ", ".join(plain(column) for column in protected) or "no groups yet"
    return _TEMPLATE.format(name=plain(name), protected=columns)
