"""Block-tridiagonal systems beside dense ones."""

import numpy as np
import pytest

from sk_bionic.dynamics.fuse import BlockTridiagonal


def random_blocks(n_frames, size):
    rng = np.random.default_rng(0)
    below = rng.normal(size=(n_frames, size, size))
    diagonal = rng.normal(size=(n_frames, size, size))
    return diagonal + diagonal.transpose(0, 2, 1) + 8.0 * size * np.eye(size), below


def dense(diagonal, below):
    n, size, _ = diagonal.shape
    matrix = np.zeros((n, size, n, size))
    for k in range(n):
        matrix[k, :, k] = diagonal[k]
        if k:
            matrix[k, :, k - 1], matrix[k - 1, :, k] = below[k], below[k].T
    return matrix.reshape(n * size, n * size)


@pytest.mark.parametrize(("n_frames", "size"), [(1, 2), (8, 1), (9, 2), (6, 5)])
def test_solutions_and_variances_are_those_of_the_dense_matrix(n_frames, size):
    blocks = random_blocks(n_frames, size)
    matrix, rhs = dense(*blocks), np.random.default_rng(1).normal(size=(n_frames, size, 3))
    factors = BlockTridiagonal(*blocks)
    expected = np.linalg.solve(matrix, rhs.reshape(-1, 3)).reshape(rhs.shape)
    np.testing.assert_allclose(factors.solve(rhs), expected, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(factors.solve(rhs[..., 0]), expected[..., 0], rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(factors.variances().ravel(), np.diag(np.linalg.inv(matrix)), rtol=1e-10)


def test_solving_leaves_matrix_and_right_hand_side_alone():
    blocks, rhs = random_blocks(6, 2), np.ones((6, 2))
    copies = [block.copy() for block in blocks]
    BlockTridiagonal(*blocks).solve(rhs)
    np.testing.assert_array_equal(rhs, 1.0)
    for block, copy in zip(blocks, copies, strict=True):
        np.testing.assert_array_equal(block, copy)


@pytest.mark.parametrize("spoilt", [0.0, -1.0, np.nan, np.inf])
def test_matrix_that_is_not_positive_definite_is_refused(spoilt):
    diagonal, below = random_blocks(6, 2)
    diagonal[4] = spoilt
    with pytest.raises(np.linalg.LinAlgError, match="not positive definite"):
        BlockTridiagonal(diagonal, below)
