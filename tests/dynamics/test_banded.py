import numpy as np
import pytest
import torch

from sk_bionic.dynamics.banded import BandedSolve, BlockBanded, solve_symmetric


def random_blocks(n_frames, size, offsets, random_state=0):
    """Random block diagonals by offset, the middle one large enough to be safely regular."""
    rng = np.random.default_rng(random_state)
    blocks = {k: rng.normal(size=(n_frames, size, size)) for k in offsets}
    if 0 in blocks:
        blocks[0] = blocks[0] + 4.0 * size * np.eye(size)
    return blocks


def dense(blocks):
    n_frames, size, _ = next(iter(blocks.values())).shape
    matrix = np.zeros((n_frames, size, n_frames, size))
    for offset, block in blocks.items():
        for n in range(n_frames):
            if 0 <= n + offset < n_frames:
                matrix[n, :, n + offset] = block[n]
    return matrix.reshape(n_frames * size, n_frames * size)


@pytest.mark.parametrize("transpose", [False, True])
@pytest.mark.parametrize("offsets", [(0,), (0, -1), (0, 1), (-1, 0, 1), (-2, 0, 1), (-3, -1, 0, 2)])
@pytest.mark.parametrize(("n_frames", "size"), [(1, 2), (7, 1), (9, 2), (6, 3)])
def test_solution_is_that_of_the_dense_matrix(n_frames, size, offsets, transpose):
    blocks = random_blocks(n_frames, size, offsets)
    matrix = dense(blocks).T if transpose else dense(blocks)
    rhs = np.random.default_rng(1).normal(size=(n_frames, size, 3))
    expected = np.linalg.solve(matrix, rhs.reshape(-1, 3)).reshape(rhs.shape)
    factors = BlockBanded(blocks)
    np.testing.assert_allclose(factors.solve(rhs, transpose=transpose), expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(
        factors.solve(rhs[..., 0], transpose=transpose), expected[..., 0], rtol=1e-10, atol=1e-12
    )


def test_matrix_that_needs_pivots_is_solved():
    blocks = {0: np.tile([[0.0, 1.0], [1.0, 0.0]], (5, 1, 1)), -1: np.ones((5, 2, 2))}
    rhs = np.arange(10.0).reshape(5, 2)
    np.testing.assert_allclose(dense(blocks) @ BlockBanded(blocks).solve(rhs).ravel(), rhs.ravel(), atol=1e-12)


def test_solving_leaves_matrix_and_right_hand_side_alone():
    blocks = random_blocks(6, 2, (0, -1))
    copies = {k: block.copy() for k, block in blocks.items()}
    rhs = np.ones((6, 2))
    BlockBanded(blocks).solve(rhs)
    np.testing.assert_array_equal(rhs, 1.0)
    for k, block in blocks.items():
        np.testing.assert_array_equal(block, copies[k])


def test_singular_matrix_is_refused_with_its_frame():
    blocks = random_blocks(6, 2, (0,))
    blocks[0][4] = 0.0
    with pytest.raises(np.linalg.LinAlgError, match="singular at frame 4"):
        BlockBanded(blocks)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_symmetric_solution_is_that_of_the_dense_matrix(size):
    below = np.random.default_rng(0).normal(size=(8, size, size))
    diagonal = random_blocks(8, size, (0,))[0]
    diagonal = diagonal + diagonal.transpose(0, 2, 1)
    lower = dense({0: 0.5 * diagonal, -1: below})
    rhs = np.random.default_rng(1).normal(size=(8, size, 2))
    expected = np.linalg.solve(lower + lower.T, rhs.reshape(-1, 2)).reshape(rhs.shape)
    np.testing.assert_allclose(solve_symmetric(diagonal, below, rhs), expected, rtol=1e-10)


def test_differentiable_solve_has_exact_gradients():
    matrix = BlockBanded(random_blocks(5, 2, (-1, 0, 1)))
    rhs = torch.randn(5, 2, dtype=torch.float64, generator=torch.manual_seed(0)).requires_grad_()
    assert torch.autograd.gradcheck(lambda r: BandedSolve.apply(r, matrix), rhs)
