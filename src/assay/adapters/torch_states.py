"""PyTorch: the state of a network, kept while it is the best, digested, and restored."""

from __future__ import annotations

import copy
import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from assay.adapters.fairness_monitor import FairnessMonitor
    from assay.lifecycle.run_judging import Step


def digest_state(state: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a state_dict: by name, of each its name, type and shape, then its bytes."""
    import torch  # noqa: PLC0415 - only when it trains

    hashed = hashlib.sha256()
    for name in sorted(state):
        tensor = state[name].detach().cpu().contiguous()
        hashed.update(f"{name} {tensor.dtype} {'x'.join(map(str, tensor.shape))}\n".encode())
        hashed.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b"")
    return hashed.hexdigest()


class KeptState:
    """The state of the best iteration so far, in memory."""

    def __init__(self, monitor: FairnessMonitor) -> None:
        self._monitor = monitor
        self._state: dict[str, Any] | None = None

    def after(self, step: Step, module: Any) -> None:  # noqa: ANN401 - PyTorch's own classes
        """Copy the network's state when it is the best so far."""
        if step.is_best and self._monitor.action == "keep-best":
            self._state = self._monitor.attempt("keeping an epoch", lambda: copy.deepcopy(dict(module.state_dict())))

    def restore(self, module: Any) -> None:  # noqa: ANN401 - PyTorch's own classes
        """Give the network the state that is kept, and end the run."""
        state = self._state
        if state is not None:
            self._monitor.attempt("restoring the epoch that is kept", lambda: self._give_back(module, state))
        self._monitor.close()

    def _give_back(self, module: Any, state: dict[str, Any]) -> None:  # noqa: ANN401 - PyTorch's own classes
        module.load_state_dict(state)
        self._monitor.set_digest(digest_state(state), "the state_dict, by name")


class TorchStates:
    """A plain PyTorch loop's: ``epoch_end`` after each epoch, ``train_end`` after the loop."""

    def __init__(self, monitor: FairnessMonitor, module: Any, scores: Callable[[], Any]) -> None:  # noqa: ANN401
        self._monitor, self._module, self._scores = monitor, module, scores
        self._kept = KeptState(monitor)
        monitor.describe("torch", {"module": type(module).__name__})

    def epoch_end(self, progress: Mapping[str, float] | None = None) -> bool:
        """Measure an epoch, without gradients; True when the loop is to end."""
        import torch  # noqa: PLC0415 - only when it trains

        training = self._module.training
        self._module.eval()
        with torch.no_grad():
            step = self._monitor.step_by(self._scores, progress=progress)
        self._module.train(training)
        self._kept.after(step, self._module)
        return step.should_stop

    def train_end(self) -> None:
        """Restore what is kept, and end the run."""
        self._kept.restore(self._module)
