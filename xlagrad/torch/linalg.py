"""`torch.linalg`: linear algebra of matrices in batches."""

from __future__ import annotations

from typing import Any

from xlagrad.core.errors import LinAlgError
from xlagrad.torch import names

FUNCTIONS = """
    cholesky cholesky_ex cond cross det diagonal eig eigh eigvals eigvalsh householder_product inv inv_ex
    ldl_factor ldl_factor_ex ldl_solve lstsq lu lu_factor lu_factor_ex lu_solve matmul matrix_exp
    matrix_norm matrix_power matrix_rank multi_dot norm pinv qr slogdet solve solve_ex solve_triangular svd
    svdvals tensorinv tensorsolve vander vecdot vector_norm
""".split()  # noqa: SIM905

__all__ = ["LinAlgError", *FUNCTIONS]

globals().update(names.records(FUNCTIONS, "linalg_"))


def __getattr__(name: str) -> Any:
    raise names.missing("torch.linalg", name, globals())
