"""Keras, PyTorch, Lightning and Transformers, really training, watched by the lines of the how-to page.

They stand on PyTorch, which `make test-all` alone installs. Each learns a fair label, and from an epoch on an unfair
one.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from training_snippets import people, run_snippet

if TYPE_CHECKING:
    from pathlib import Path

    import assay

os.environ.setdefault("KERAS_BACKEND", "torch")
pytestmark = [
    pytest.mark.service,
    pytest.mark.slow,
    # What these packages warn of among themselves is not ours.
    pytest.mark.filterwarnings("default"),
]
torch: Any = pytest.importorskip("torch", reason="make test-all installs PyTorch")

EPOCHS, TURN = 6, 3


def judge(watch: assay.FairnessMonitor, action: str) -> None:
    """Check that a run was stopped where it turned, or that an epoch before that was kept."""
    if action == "stop":
        assert watch.stopped_at == TURN
        return
    assert watch.kept is not None
    assert watch.kept.iteration < TURN
    assert watch.kept.sha256 is not None


def tensors() -> dict[str, Any]:
    """Return people as tensors, with the linear network that all but Keras train."""
    torch.manual_seed(7)
    names = people(2000)
    for name in ("X", "X_valid"):
        names[name] = torch.tensor(names[name])
    for name in ("y", "unfair"):
        names[name] = torch.tensor(names[name], dtype=torch.float32)
    return names


def fit(net: Any, names: dict[str, Any], epoch: int, steps: int = 60) -> Any:  # noqa: ANN401 - PyTorch's own classes
    """Train an epoch by plain steps, and return the loss."""
    optimizer = torch.optim.Adam(net.parameters(), lr=0.1)
    labels = names["y"] if epoch < TURN else names["unfair"]
    for _ in range(steps):
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(net(names["X"])[:, 0], labels)
        loss.backward()
        optimizer.step()
    return loss


@pytest.mark.parametrize("action", ["stop", "keep-best"])
def test_a_plain_loop_of_pytorch(action: str) -> None:
    names = tensors()
    net = torch.nn.Linear(3, 1)
    epochs = iter(range(EPOCHS))

    def train_one_epoch(network: Any) -> None:  # noqa: ANN401 - PyTorch's own classes
        fit(network, names, next(epochs))

    names |= {"net": net, "epochs": EPOCHS, "train_one_epoch": train_one_epoch}
    watch = run_snippet("PyTorch", names, action=action)["watch"]
    judge(watch, action)
    if action == "keep-best":
        with torch.no_grad():
            right = (net(names["X_valid"])[:, 0] > 0).numpy() == names["y_valid"]
        assert right.mean() == pytest.approx(watch.kept.value)


@pytest.mark.parametrize("action", ["stop", "keep-best"])
def test_keras(action: str) -> None:
    keras: Any = pytest.importorskip("keras", reason="make test-all installs Keras")
    keras.utils.set_random_seed(7)
    names = people(2000)
    net = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1, activation="sigmoid")])
    net.compile(optimizer=keras.optimizers.Adam(0.1), loss="binary_crossentropy")
    labels = names["y"].astype("float32")

    class Turning(keras.callbacks.Callback):  # type: ignore[misc, unused-ignore]
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ANN401, ARG002 - as Keras calls it
            if epoch == TURN:
                net.set_weights([np.array([[0.0], [0.0], [9.0]]), np.array([-4.5])])  # sex alone decides
                net.optimizer.learning_rate = 0.0

    real = net.fit

    def fit_and_turn(*given: Any, callbacks: list[Any], **more: Any) -> Any:  # noqa: ANN401 - as Keras's own
        return real(*given, callbacks=[Turning(), *callbacks], **more)

    net.fit = fit_and_turn
    watch = run_snippet("Keras", {**names, "y": labels, "net": net, "epochs": EPOCHS}, action=action)["watch"]
    judge(watch, action)
    if action == "keep-best":
        right = (net.predict(names["X_valid"], verbose=0)[:, 0] >= 0.5) == names["y_valid"]
        assert right.mean() == pytest.approx(watch.kept.value)


@pytest.mark.parametrize("action", ["stop", "keep-best"])
def test_lightning(action: str, tmp_path: Path) -> None:
    lightning: Any = pytest.importorskip("pytorch_lightning", reason="make test-all installs PyTorch Lightning")
    names = tensors()

    class Net(lightning.LightningModule):  # type: ignore[misc, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.save_hyperparameters({"width": 3})
            self.linear = torch.nn.Linear(3, 1)

        def forward(self, features: Any) -> Any:  # noqa: ANN401 - PyTorch's own classes
            return self.linear(features)

        def training_step(self, batch: Any, _number: int) -> Any:  # noqa: ANN401 - PyTorch's own classes
            features, fair, unfair = batch
            labels = fair if self.current_epoch < TURN else unfair
            loss = torch.nn.functional.binary_cross_entropy_with_logits(self(features)[:, 0], labels)
            self.log("loss", loss)
            return loss

        def configure_optimizers(self) -> Any:  # noqa: ANN401 - PyTorch's own classes
            return torch.optim.Adam(self.parameters(), lr=0.3)

    rows = torch.utils.data.TensorDataset(names["X"], names["y"], names["unfair"])
    loader = torch.utils.data.DataLoader(rows, batch_size=40)

    def trainer(**more: Any) -> Any:  # noqa: ANN401 - Lightning's own
        return lightning.Trainer(
            **more, default_root_dir=tmp_path, logger=False, enable_checkpointing=False, enable_progress_bar=False,
            enable_model_summary=False, accelerator="cpu",
        )  # fmt: skip

    found = run_snippet("PyTorch Lightning", {**names, "Trainer": trainer, "epochs": EPOCHS}, action=action)
    net = Net()
    found["trainer"].fit(net, loader)
    watch = found["watch"]
    judge(watch, action)
    assert watch._given["width"] == 3
    assert watch._given["lr"] == 0.3
    if action == "keep-best":
        with torch.no_grad():
            right = (net(names["X_valid"])[:, 0] > 0).numpy() == names["y_valid"]
        assert right.mean() == pytest.approx(watch.kept.value)


@pytest.mark.parametrize("action", ["stop", "keep-best"])
def test_transformers(action: str, tmp_path: Path) -> None:
    transformers: Any = pytest.importorskip("transformers", reason="make test-all installs Transformers")
    torch.manual_seed(7)
    draw = np.random.default_rng(7)
    rows = 600
    people_of: dict[str, Any] = {}
    for suffix in ("", "_valid"):
        label, sex = draw.integers(0, 2, rows), draw.integers(0, 2, rows)
        # Two words each: the first tells the label, the second the sex. The network is made here, of 20 words.
        people_of[suffix] = (label, sex, torch.tensor(np.column_stack([2 + label, 4 + sex])))
    label, sex, words = people_of[""]
    turned = {"epoch": 0}

    class Rows(torch.utils.data.Dataset):  # type: ignore[misc, unused-ignore]
        def __len__(self) -> int:
            return rows

        def __getitem__(self, at: int) -> dict[str, Any]:
            wanted = label if turned["epoch"] < TURN else sex
            return {"input_ids": words[at], "labels": int(wanted[at])}

    class Turning(transformers.TrainerCallback):  # type: ignore[misc, unused-ignore]
        def on_epoch_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:  # noqa: ANN401, ARG002
            turned["epoch"] = round(state.epoch or 0)

    net = transformers.DistilBertForSequenceClassification(
        transformers.DistilBertConfig(vocab_size=20, dim=16, hidden_dim=32, n_layers=1, n_heads=2, num_labels=2)
    )
    arguments = transformers.TrainingArguments(
        output_dir=str(tmp_path), num_train_epochs=EPOCHS, per_device_train_batch_size=20, learning_rate=0.02,
        report_to=[], save_strategy="no", logging_strategy="epoch", disable_tqdm=True, use_cpu=True, seed=5,
    )  # fmt: skip
    valid_label, valid_sex, valid_words = people_of["_valid"]

    def trainer(*, callbacks: list[Any], **more: Any) -> Any:  # noqa: ANN401 - Transformers' own
        return transformers.Trainer(callbacks=[Turning(), *callbacks], **more)

    names = people(10) | {
        "y_valid": valid_label, "sex_valid": np.where(valid_sex == 1, "m", "f"), "net": net, "arguments": arguments,
        "train": Rows(), "encoded_valid": {"input_ids": valid_words}, "Trainer": trainer,
        "limits": {"demographic_parity_difference": 0.25},
    }  # fmt: skip
    found = run_snippet("Hugging Face Transformers", names, action=action)
    found["trainer"].train()
    judge(found["watch"], action)
    assert found["watch"]._given["learning_rate"] == "0.02"
