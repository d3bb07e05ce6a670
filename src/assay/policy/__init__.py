"""Policy text in, Policy out; policy and evidence in, verdict out. Pure and total."""
