"""What is known of a training run without asking: code, environment, seed, hyperparameters."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

PACKAGES = (
    "accelerate", "assay", "catboost", "jax", "keras", "lightgbm", "lightning", "numpy", "pandas", "polars",
    "pytorch-lightning", "scikit-learn", "scipy", "tensorflow", "torch", "transformers", "xgboost", "xgboost-cpu",
)  # fmt: skip
"""The packages that a model's numbers may depend on."""

_MODULES = {"scikit-learn": "sklearn", "pytorch-lightning": "pytorch_lightning", "xgboost-cpu": "xgboost"}
SEEDS = ("seed", "random_state", "random_seed", "data_seed")
MOST_SETTINGS, LONGEST = 200, 200


def environment() -> dict[str, str]:
    """Return Python, system, processor, memory, accelerators, and the packages that are loaded, with their versions."""
    found = {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "processors": str(os.cpu_count() or 0),
    }
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        found["memory_mib"] = str(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20)
    for name in PACKAGES:
        if _MODULES.get(name, name) in sys.modules:
            try:
                found[name] = importlib.metadata.version(name)
            except importlib.metadata.PackageNotFoundError:
                continue  # the module came from another distribution of the list
    return found | _accelerators()


def _accelerators() -> dict[str, str]:
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return {}
    return {f"accelerator_{at}": str(torch.cuda.get_device_name(at)) for at in range(torch.cuda.device_count())}


def settings(given: Mapping[str, Any]) -> dict[str, str]:
    """Return hyperparameters as text, nested ones by dotted names; what is no number, word or list of them, by type."""
    found: dict[str, str] = {}

    def take(name: str, value: Any) -> None:  # noqa: ANN401 - whatever a framework holds
        if len(found) >= MOST_SETTINGS:
            return
        if isinstance(value, dict):
            for key, inner in value.items():
                take(f"{name}.{key}" if name else str(key), inner)
        elif value is None or isinstance(value, bool | int | float | str):
            found[name[:LONGEST]] = str(value)[:LONGEST]
        elif isinstance(value, list | tuple) and all(isinstance(one, bool | int | float | str) for one in value):
            found[name[:LONGEST]] = ",".join(map(str, value))[:LONGEST]
        else:
            kind = value if isinstance(value, type) or callable(value) else type(value)
            found[name[:LONGEST]] = str(getattr(kind, "__name__", type(value).__name__))[:LONGEST]

    take("", dict(given))
    return dict(sorted(found.items()))


def seed_of(hyperparameters: Mapping[str, str]) -> str | None:
    """Return the seed among hyperparameters; None when none is there, or it says none."""
    for name in SEEDS:
        for key, value in hyperparameters.items():
            if key.rpartition(".")[2] == name and value != "None":
                return value
    return None
