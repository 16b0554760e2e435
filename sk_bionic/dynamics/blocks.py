"""Symmetric positive definite block-tridiagonal systems, one block row per frame, factorised once."""

import numpy as np

from .compiled.normal import factorise_blocks, solve_blocks, variances


class BlockTridiagonal:
    """Cholesky factors of a symmetric positive definite block-tridiagonal matrix.

    Parameters
    ----------
    diagonal, below : ndarray (n_frames, size, size)
        Blocks; `below[n]` stands in block row n and block column n - 1, `below[0]` is ignored.

    Raises
    ------
    numpy.linalg.LinAlgError
        When the matrix is not positive definite.
    """

    def __init__(self, diagonal, below):
        self.diagonal, self.below = np.array(diagonal, dtype=np.float64), np.array(below, dtype=np.float64)
        if not factorise_blocks(self.diagonal, self.below):
            raise np.linalg.LinAlgError("The block-tridiagonal matrix is not positive definite.")

    def solve(self, rhs):
        """Solution for right-hand sides (n_frames, size) or (n_frames, size, n_columns), in their shape."""
        n, size, _ = self.diagonal.shape
        out = np.array(rhs, dtype=np.float64).reshape(n, size, -1)
        solve_blocks(self.diagonal, self.below, out)
        return out.reshape(np.shape(rhs))

    def variances(self):
        """Diagonal of the inverse, ndarray (n_frames, size)."""
        n, size, _ = self.diagonal.shape
        out, block, room = np.empty((n, size)), np.empty((size, size)), np.empty((size, size))
        variances(self.diagonal, self.below, block, room, out)
        return out
