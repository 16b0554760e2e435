"""Block-banded linear systems, one block row per frame, factorised once by LAPACK."""

import numpy as np
import torch
from scipy.linalg import solveh_banded
from scipy.linalg.lapack import dgbtrf, dgbtrs


def _band_storage(blocks, lower, upper, extra):
    """LAPACK band storage of a block-banded matrix.

    Parameters
    ----------
    blocks : dict from int to ndarray (n_frames, size, size)
        `blocks[k][n]` stands in block row n and block column n + k; what would lie outside the matrix must be zero.
    lower, upper : int
        Scalar bandwidths.
    extra : int
        Empty rows above, which LAPACK's factorisation fills.
    """
    n_frames, size, _ = next(iter(blocks.values())).shape
    band = np.zeros((extra + lower + upper + 1, n_frames * size))
    frames = np.arange(n_frames)
    for offset, block in blocks.items():
        inside = frames[(frames + offset >= 0) & (frames + offset < n_frames)]
        for a in range(size):
            for b in range(size):
                column = (inside + offset) * size + b
                band[extra + upper + inside * size + a - column, column] = block[inside, a, b]
    return band


class BlockBanded:
    """LU factors of a block-banded matrix.

    Parameters
    ----------
    blocks : dict from int to ndarray (n_frames, size, size)
        Block diagonals by offset: `blocks[k][n]` stands in block row n and block column n + k.

    Raises
    ------
    numpy.linalg.LinAlgError
        When the matrix is singular; the message has the frame.
    """

    def __init__(self, blocks):
        self.n_frames, self.size, _ = next(iter(blocks.values())).shape
        # The corner blocks of the outermost offsets reach (|offset| + 1) size - 1 scalar diagonals away.
        self.lower = (max(0, -min(blocks)) + 1) * self.size - 1
        self.upper = (max(0, max(blocks)) + 1) * self.size - 1
        band = _band_storage(blocks, self.lower, self.upper, extra=self.lower)
        self.factors, self.pivots, info = dgbtrf(band, self.lower, self.upper, overwrite_ab=True)
        if info != 0:
            raise np.linalg.LinAlgError(f"The banded matrix is singular at frame {(info - 1) // self.size}.")

    def solve(self, rhs, transpose=False):
        """Solution of A x = rhs (or of the transposed system).

        Parameters
        ----------
        rhs : ndarray (n_frames, size) or (n_frames, size, n_columns)
        transpose : bool

        Returns
        -------
        ndarray, the shape of `rhs`
        """
        flat = np.asarray(rhs, dtype=np.float64).reshape(self.n_frames * self.size, -1)
        x, _ = dgbtrs(self.factors, self.lower, self.upper, flat, self.pivots, trans=int(transpose))
        return x.reshape(rhs.shape)


def solve_symmetric(diagonal, below, rhs):
    """Solution of a symmetric positive definite block-tridiagonal system, and its Cholesky band.

    Parameters
    ----------
    diagonal : ndarray (n_frames, size, size)
    below : ndarray (n_frames, size, size)
        `below[n]` stands in block row n and block column n - 1; `below[0]` is ignored.
    rhs : ndarray (n_frames, size) or (n_frames, size, n_columns)

    Returns
    -------
    ndarray, the shape of `rhs`
    """
    size = diagonal.shape[1]
    lower = 2 * size - 1
    band = _band_storage({0: diagonal, -1: below}, lower, size - 1, extra=0)
    x = solveh_banded(band[size - 1 :], np.asarray(rhs).reshape(band.shape[1], -1), lower=True)
    return x.reshape(rhs.shape)


class BandedSolve(torch.autograd.Function):
    """x = A^-1 rhs as a differentiable linear operation; the matrix itself is a constant.

    With x0 the root of G(x, theta) and A = dG/dx there, x0 - A^-1 G(x0, theta) has the value x0 and, by the implicit
    function theorem, its exact derivative with respect to theta.
    """

    @staticmethod
    def forward(ctx, rhs, matrix):
        """Solve for the right-hand side `rhs` (n_frames, size) with a `BlockBanded` matrix."""
        ctx.matrix = matrix
        return torch.from_numpy(matrix.solve(rhs.detach().numpy()))

    @staticmethod
    def backward(ctx, grad):
        """Adjoint: a solve with the transposed matrix."""
        return torch.from_numpy(ctx.matrix.solve(grad.numpy(), transpose=True)), None

    @staticmethod
    def jvp(ctx, tangent, _):
        """Tangent: a solve with the matrix itself."""
        return torch.from_numpy(ctx.matrix.solve(tangent.numpy()))
