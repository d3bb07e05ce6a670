"""A model behind an address: batches posted as JSON, in the form of MLflow's scoring server or of KServe."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from assay.adapters.http_post import NoAnswerError, check_address, post
from assay.adapters.scorer_answers import one_each
from assay.errors import InputError
from assay.probing.scorer import LateScorerError, ScorerError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assay.probing.scorer import Value

CAP = 16 << 20
"""Bytes that an answer may have."""

_OK = 200


class EndpointScorer:
    """An endpoint.

    Attributes:
        name: its address.
    """

    def __init__(
        self,
        address: str,
        *,
        form: Literal["dataframe_split", "instances"] = "dataframe_split",
        timeout_s: float = 30.0,
    ) -> None:
        """Name the endpoint; it is asked when rows come.

        Args:
            address: where batches are posted to.
            form: ``dataframe_split`` posts ``{"dataframe_split": {"columns": [...], "data": [[...], ...]}}`` (MLflow,
                https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally/), ``instances`` posts
                ``{"instances": [{...}, ...]}`` (KServe's V1 protocol). Both answer ``{"predictions": [...]}``.
            timeout_s: seconds for one batch, the slowest drip of bytes included.

        Raises:
            ScorerError: for an address that cannot be posted to.
        """
        try:
            check_address(address)
        except InputError as error:
            raise ScorerError(str(error)) from None
        self.name = address
        self._form, self._timeout_s = form, timeout_s

    def score(self, columns: Mapping[str, Sequence[Value]]) -> Sequence[Any]:
        """Post a batch and read the predictions."""
        rows = list(zip(*columns.values(), strict=True))
        document: dict[str, Any] = {"instances": [dict(zip(columns, row, strict=True)) for row in rows]}
        if self._form == "dataframe_split":
            document = {"dataframe_split": {"columns": list(columns), "data": rows}}
        try:
            answer = post(
                self.name, json.dumps(document).encode(), "application/json", timeout_s=self._timeout_s, cap=CAP
            )
        except NoAnswerError as error:
            kind = LateScorerError if "within" in str(error) else ScorerError
            raise kind(f"{self.name}: {error}") from None
        if answer.status != _OK:
            raise ScorerError(f"{self.name}: {answer.words()}")
        try:
            found = json.loads(answer.body)
        except ValueError:
            raise ScorerError(f"{self.name}: expected JSON, found {answer.words()}") from None
        if not isinstance(found, dict) or not isinstance(found.get("predictions"), list):
            raise ScorerError(f'{self.name}: expected {{"predictions": [...]}}, found {answer.words()}')
        return one_each(found["predictions"])
