"""Networks as their tensors."""

from ..learning.networks import HistoryNetwork


def parts(network):
    """What a network is made of."""
    return {"input_noise": network.input_noise, "state": dict(network.state_dict())}


def build(parts):
    """Network whose sizes are those of its tensors, ready to predict."""
    state = parts["state"]
    layers = [
        state[f"body.{2 * i}.weight"] for i in range(sum(n.endswith("weight") and n.startswith("body") for n in state))
    ]
    force = state.get("force.weight")
    _check_sizes(state, layers)
    network = HistoryNetwork(
        layers[0].shape[1] if layers else state["angle.weight"].shape[1],
        state["angle.weight"].shape[2],
        0 if force is None else force.shape[2],
        [weight.shape[2] for weight in layers],
        parts["input_noise"],
        state["seen"][:, 0, :],
        state["source"],
    ).to(state["angle.weight"].dtype)
    network.load_state_dict(state)
    return network.eval()


def _check_sizes(state, layers):
    """Raise where tensors do not fit one another: a network of the sizes that some of them claim could be huge."""
    n_networks, _, n_features = state["seen"].shape
    sizes = [n_features, *(weight.shape[2] for weight in layers)]
    expected = {"seen": (n_networks, 1, n_features), "source": (n_networks,)}
    names = [f"body.{2 * i}" for i in range(len(layers))]
    for name, n_in, n_out in zip(names, sizes[:-1], sizes[1:], strict=True):
        expected |= {f"{name}.weight": (n_networks, n_in, n_out), f"{name}.bias": (n_networks, 1, n_out)}
    for name in ("angle", "force"):
        if name == "angle" or f"{name}.weight" in state:
            n_out = state[f"{name}.weight"].shape[-1]
            expected |= {f"{name}.weight": (n_networks, sizes[-1], n_out), f"{name}.bias": (n_networks, 1, n_out)}
    if {name: tuple(tensor.shape) for name, tensor in state.items()} != expected:
        raise ValueError("the tensors of its network do not fit one another.")
