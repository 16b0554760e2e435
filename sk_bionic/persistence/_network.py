"""Networks as their tensors."""

from ..perceptrons import HistoryNetwork


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
