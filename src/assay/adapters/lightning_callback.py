"""PyTorch Lightning: measure after each epoch of training; keep and restore the state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.adapters.torch_states import KeptState

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.adapters.fairness_monitor import FairnessMonitor


def lightning_callback(monitor: FairnessMonitor, scores: Callable[[Any], Any]) -> Any:  # noqa: ANN401
    """Return a Lightning callback for a monitor, of ``lightning`` or ``pytorch_lightning``, whichever is in use."""
    import sys  # noqa: PLC0415 - only when it trains

    import torch  # noqa: PLC0415 - only when it trains

    if "lightning.pytorch" in sys.modules:
        from lightning.pytorch import Callback  # noqa: PLC0415 - only when it trains
    else:
        from pytorch_lightning import Callback  # noqa: PLC0415 - only when it trains

    class Watching(Callback):  # type: ignore[misc, unused-ignore]
        """Measures after each epoch, and says stop."""

        def __init__(self) -> None:
            super().__init__()
            self.kept = KeptState(monitor)

        def on_fit_start(self, trainer: Any, pl_module: Any) -> None:  # noqa: ANN401 - Lightning's own classes
            """Take the hyperparameters from the module and its optimizers."""
            monitor.attempt("the hyperparameters", lambda: self._describe(trainer, pl_module))

        def _describe(self, trainer: Any, pl_module: Any) -> None:  # noqa: ANN401 - Lightning's own classes
            found = dict(getattr(pl_module, "hparams", None) or {})
            for at, optimizer in enumerate(trainer.optimizers):
                found |= {f"optimizer_{at}": type(optimizer).__name__, **optimizer.defaults}
            monitor.describe("pytorch-lightning", {"max_epochs": trainer.max_epochs, **found})

        def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:  # noqa: ANN401 - Lightning's own classes
            """Measure an epoch, without gradients."""
            training = pl_module.training
            pl_module.eval()
            with torch.no_grad():
                step = monitor.step_by(
                    lambda: scores(pl_module),
                    iteration=trainer.current_epoch,
                    progress={name: float(value) for name, value in trainer.callback_metrics.items()},
                )
            pl_module.train(training)
            self.kept.after(step, pl_module)
            if step.should_stop:
                trainer.should_stop = True

        def on_fit_end(self, trainer: Any, pl_module: Any) -> None:  # noqa: ANN401, ARG002 - Lightning's own classes
            """Restore what is kept, and end the run."""
            self.kept.restore(pl_module)

        def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:  # noqa: ANN401, ARG002
            """End the run as failed."""
            monitor.close("failed" if isinstance(exception, Exception) else "aborted")

    return Watching()
