"""Hugging Face Transformers: measure after each epoch of a Trainer; keep and restore the state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.adapters.torch_states import KeptState

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.adapters.fairness_monitor import FairnessMonitor

_SETTINGS = (
    "learning_rate", "num_train_epochs", "max_steps", "per_device_train_batch_size", "gradient_accumulation_steps",
    "weight_decay", "warmup_steps", "lr_scheduler_type", "optim", "seed", "data_seed", "fp16", "bf16",
)  # fmt: skip


def huggingface_callback(monitor: FairnessMonitor, scores: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - Transformers' own
    """Return a callback of Transformers' Trainer for a monitor."""
    import torch  # noqa: PLC0415 - only when it trains
    from transformers import TrainerCallback  # noqa: PLC0415 - only when it trains

    class Watching(TrainerCallback):  # type: ignore[misc, unused-ignore]
        """Measures after each epoch, and says stop."""

        def __init__(self) -> None:
            self.kept = KeptState(monitor)

        def on_train_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:  # noqa: ANN401, ARG002
            """Take the hyperparameters from the arguments."""
            found = {name: getattr(args, name) for name in _SETTINGS if hasattr(args, name)}
            found |= {name: str(getattr(value, "value", value)) for name, value in found.items()}
            monitor.describe("transformers", {"network": type(more.get("model")).__name__, **found})

        def on_epoch_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:  # noqa: ANN401, ARG002
            """Measure an epoch, without gradients."""
            network = more["model"]
            training = network.training
            network.eval()
            losses = [entry["loss"] for entry in state.log_history if "loss" in entry]
            with torch.no_grad():
                step = monitor.step_by(lambda: scores(network), progress={"loss": losses[-1]} if losses else {})
            network.train(training)
            self.kept.after(step, network)
            if step.should_stop:
                control.should_training_stop = True

        def on_train_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:  # noqa: ANN401, ARG002
            """Restore what is kept, and end the run."""
            self.kept.restore(more["model"])

    return Watching()
