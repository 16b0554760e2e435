"""Forests as the arrays of their nodes, checked before scikit-learn's compiled code walks along them."""

import numpy as np
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.tree import ExtraTreeRegressor
from sklearn.tree._tree import NODE_DTYPE, Tree

LEAF = -1
MAX_TREES, MAX_OUTPUTS = 10_000, 1000
FITTED = ("n_features_in_", "n_outputs_")
PRIVATE = ("_n_samples", "_n_samples_bootstrap")  # what scikit-learn's forest remembers of its training


def parts(forest):
    """Parameters of the forest and the nodes of all of its trees, one tree after the other."""
    states = [tree.tree_.__getstate__() for tree in forest.estimators_]
    nodes = np.concatenate([state["nodes"] for state in states])
    return {
        "params": forest.get_params(deep=False),
        "fitted": {name: getattr(forest, name, None) for name in (*FITTED, *PRIVATE)},
        "random_states": [tree.random_state for tree in forest.estimators_],
        "max_features": [tree.max_features_ for tree in forest.estimators_],
        "depth": np.array([state["max_depth"] for state in states]),
        "n_nodes": np.array([state["node_count"] for state in states]),
        "nodes": {name: np.ascontiguousarray(nodes[name]) for name in nodes.dtype.names},
        "values": np.concatenate([state["values"] for state in states]),
    }


def build(parts):
    """The forest again.

    Raises
    ------
    ValueError
        When a node points outside its tree or features, or back: prediction would not end, or leave the arrays.
    """
    forest = ExtraTreesRegressor(**parts["params"])
    for name in (*FITTED, *PRIVATE):
        setattr(forest, name, parts["fitted"][name])
    forest.estimator_ = ExtraTreeRegressor()
    n_nodes, values = parts["n_nodes"], parts["values"]
    n_features, n_outputs = (int(parts["fitted"][name]) for name in FITTED)
    if n_nodes.dtype.kind not in "iu" or n_nodes.ndim != 1 or not 0 < len(n_nodes) <= MAX_TREES or n_nodes.min() < 1:
        raise ValueError("a forest's trees are none, too many, or without nodes.")
    if n_outputs > MAX_OUTPUTS or values.shape != (sum(n_nodes.tolist()), n_outputs, 1):
        raise ValueError("a forest's values are not one for each node and output.")
    ends = np.cumsum(n_nodes)
    nodes = _nodes(parts["nodes"], len(values))
    forest.estimators_ = []
    for k, (start, end) in enumerate(zip(ends - n_nodes, ends, strict=True)):
        _check(nodes[start:end], n_features)
        tree = Tree(n_features, np.ones(n_outputs, dtype=np.intp), n_outputs)
        tree.__setstate__(
            {
                "max_depth": int(parts["depth"][k]),
                "node_count": int(end - start),
                "nodes": nodes[start:end].copy(),
                "values": np.ascontiguousarray(values[start:end], dtype=np.float64),
            }
        )
        forest.estimators_.append(_member(forest, tree, parts["random_states"][k], parts["max_features"][k]))
    return forest


def _member(forest, tree, random_state, max_features):
    given = {name: getattr(forest, name) for name in forest.estimator_params}
    member = ExtraTreeRegressor(**{**given, "random_state": random_state})
    member.tree_, member.max_features_ = tree, max_features
    for name in FITTED:
        setattr(member, name, getattr(forest, name))
    return member


def _nodes(columns, n_nodes):
    """Structured array of all nodes; a column that this scikit-learn has and the file does not is 0."""
    unknown = set(columns) - set(NODE_DTYPE.names)
    if unknown:
        raise ValueError(f"a forest's nodes have unknown columns: {sorted(unknown)}.")
    nodes = np.zeros(n_nodes, dtype=NODE_DTYPE)
    for name, column in columns.items():
        if column.shape != nodes.shape:
            raise ValueError(f"a forest has {len(nodes)} nodes, but its column {name!r} has the shape {column.shape}.")
        nodes[name] = column
    return nodes


def _check(nodes, n_features):
    inner = nodes["left_child"] != LEAF
    own = np.arange(len(nodes))[inner]
    children = np.stack([nodes["left_child"][inner], nodes["right_child"][inner]])
    features = nodes["feature"][inner]
    forward = (children > own).all() and (children < len(nodes)).all()
    if not len(nodes) or not forward or not ((features >= 0) & (features < n_features)).all():
        raise ValueError("a forest's nodes point outside of their tree.")
