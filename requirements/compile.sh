#!/usr/bin/env bash
# Pin every requirement file anew, with hashes and without the address of any index.
set -euo pipefail
cd "$(dirname "$0")/.."
export UV_CUSTOM_COMPILE_COMMAND="requirements/compile.sh"
pin() { uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links "$@"; }
pin requirements/build.in -o requirements/build.txt
pin pyproject.toml -c requirements/all.in -o requirements/base.txt
pin pyproject.toml --extra demo -c requirements/base.txt -o requirements/demo.txt
pin pyproject.toml requirements/dev.in --extra demo --extra server -c requirements/demo.txt \
  --override requirements/apart.in -o requirements/dev.txt
pin pyproject.toml --extra demo --extra server -c requirements/dev.txt -o requirements/server.txt
pin pyproject.toml requirements/dev.in requirements/all.in --extra demo --extra server -c requirements/dev.txt \
  --override requirements/apart.in -o requirements/all.txt
# PyTorch stays out: `make test-all` installs it by name, for pinned by hash it would bring gigabytes that no test needs.
pin pyproject.toml requirements/dev.in requirements/all.in requirements/torch.in --extra demo --extra server -c requirements/all.txt \
  --override requirements/apart.in -o requirements/torch.txt
# A server of its own, in an environment of its own: what it pins is nobody else's concern.
pin pyproject.toml requirements/mlflow.in -c requirements/base.txt -o requirements/mlflow.txt
# Orchestrators, each in an environment of its own, that run the command of ours.
for name in airflow kubeflow prefect; do pin "requirements/$name.in" -o "requirements/$name.txt"; done
