"""The people of the story, their keys, and the files that they would have written."""

from __future__ import annotations

import json
from importlib import resources
from string import Template
from typing import TYPE_CHECKING

from assay.lifecycle.keyring import Keyring

if TYPE_CHECKING:
    from pathlib import Path

AUTHOR, VALIDATOR, RISK_OWNER = "mila", "vera", "rosa"

ROLES = {AUTHOR: ("data-scientist",), VALIDATOR: ("validator",), RISK_OWNER: ("risk-owner",)}

CARD_WORDS = {
    "1": {
        "training": "On everything the file holds, with denials weighted up until they counted as much as approvals.",
        "sensitive": "Neither is a feature, but the tract, the number of units and marital status are.",
        "mitigations": "The denials were weighted up, so that the few do not drown among the many approvals.",
    },
    "2": {
        "training": (
            "On debt, income and repayment alone. The applications are reweighed so that race and outcome are "
            "independent in what the model learns from (Kamiran and Calders 2012); race is used for that, and for "
            "nothing else."
        ),
        "sensitive": "Neither is a feature, and what stands in for race was taken out.",
        "mitigations": (
            "Left out: the tract, two or more units, marital status, age, and the old lender's own judgement of the "
            "credit history. Reweighed by race and outcome while fitting."
        ),
    },
}
"""What the card says differently of each version."""


def write_trust(root: Path, keys: Path) -> None:
    """Make everybody's key, where there is none yet, and the file that names the people."""
    keyring = Keyring(keys)
    lines = [
        "# Who people are, by which keys, in which roles. Their private keys are in .assay/keys: a demonstration's.",
        "people:",
    ]
    for name, roles in ROLES.items():
        pem = keyring.signer(name).public.pem().strip().splitlines()
        lines += [
            f"  - name: {name}",
            "    key: |",
            *(f"      {line}" for line in pem),
            f"    roles: [{', '.join(roles)}]",
        ]
    (root / "trust.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_project(root: Path, version: str) -> None:
    """Write assay.yaml, the policy and the card of a version."""
    words = {name: json.dumps(text) for name, text in CARD_WORDS[version].items()}
    for name in ("assay.yaml", "policy.yaml", "card.yaml", "datasheet.yaml", "dossier.yaml", "reasons.yaml"):
        text = (resources.files("assay.demo") / "project" / name).read_text("utf-8")
        filled = (
            Template(text).substitute(version=version, author=AUTHOR, owner=RISK_OWNER, **words)
            if name != "policy.yaml"
            else text
        )
        (root / name).write_text(filled, encoding="utf-8")
