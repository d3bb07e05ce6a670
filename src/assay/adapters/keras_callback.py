"""Keras 3, on whatever backend: measure after each epoch; keep and restore the weights."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from assay.adapters.array_reading import numpy

if TYPE_CHECKING:
    from assay.adapters.fairness_monitor import FairnessMonitor


def keras_callback(monitor: FairnessMonitor, features: Any, batch_size: int) -> Any:  # noqa: ANN401 - Keras's own classes
    """Return a Keras callback for a monitor."""
    import keras  # noqa: PLC0415 - only when it trains

    class Watching(keras.callbacks.Callback):  # type: ignore[misc, unused-ignore]
        """Measures after each epoch, and says stop."""

        def __init__(self) -> None:
            super().__init__()
            self.weights: list[Any] = []

        def on_train_begin(self, logs: Any = None) -> None:  # noqa: ANN401, ARG002 - as Keras calls it
            """Take the hyperparameters from the optimizer and the call of fit."""
            monitor.attempt("the hyperparameters", self._describe)

        def _describe(self) -> None:
            optimizer = getattr(self.model, "optimizer", None)
            found = {} if optimizer is None else dict(optimizer.get_config())
            monitor.describe("keras", {**{name: self.params.get(name) for name in ("epochs", "steps")}, **found})

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ANN401 - as Keras calls it
            """Measure an epoch."""
            step = monitor.step_by(
                lambda: self.model.predict(features, batch_size=batch_size, verbose=0),
                iteration=epoch,
                progress=logs or {},
            )
            if step.is_best and monitor.action == "keep-best":
                self.weights = monitor.attempt("keeping an epoch", self.model.get_weights) or []
            if step.should_stop:
                self.model.stop_training = True

        def on_train_end(self, logs: Any = None) -> None:  # noqa: ANN401, ARG002 - as Keras calls it
            """Restore what is kept, and end the run."""
            if monitor.action == "keep-best" and self.weights:
                monitor.attempt("restoring the epoch that is kept", self._restore)
            monitor.close()

        def _restore(self) -> None:
            self.model.set_weights(self.weights)
            monitor.set_digest(digest_arrays(self.weights), "the weights, in the network's order")

    return Watching()


def digest_arrays(arrays: list[Any]) -> str:
    """Return the SHA-256 of arrays, in order: of each its type and shape on a line, then its bytes."""
    np, hashed = numpy(), hashlib.sha256()
    for array in arrays:
        found = np.ascontiguousarray(array)
        hashed.update(f"{found.dtype.str} {'x'.join(map(str, found.shape))}\n".encode())
        hashed.update(found.tobytes())
    return hashed.hexdigest()
