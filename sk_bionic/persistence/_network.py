"""Networks as their tensors."""

from contextlib import contextmanager
from contextvars import ContextVar

import torch

from ..learning.networks import HistoryNetwork
from ..learning.own_module import Columns, ModuleNetworks, OwnModule

_given = ContextVar("module", default=None)  # what the user passes to `load` for modules of their own


@contextmanager
def given_module(module):
    """Within, files with modules of a user's own are read with this one."""
    token = _given.set(module)
    try:
        yield
    finally:
        _given.reset(token)


def own_parts(networks):
    """What networks of a user's module are made of: the name of its class and tensors, never code."""
    force = networks.force
    return {
        "module": networks.own.name,
        "arguments": networks.own.arguments,
        "n_coordinates": networks.n_coordinates,
        "n_muscles": networks.n_muscles,
        "input_noise": networks.input_noise,
        "force": force,
        "dtype": str(next(networks.networks.parameters(), torch.zeros(1)).dtype).removeprefix("torch."),
        "state": {name: tensor for name, tensor in networks.state_dict().items() if not name.startswith("force.")},
    }


def build_own(parts):
    """Networks of the module that the user has passed."""
    own = OwnModule(passed_module(parts["module"]), parts["arguments"])
    state = parts["state"]
    columns = Columns(state["emg_columns"].numpy(), state["other_columns"].numpy())
    networks = ModuleNetworks(
        own, columns, parts["n_coordinates"], parts["n_muscles"], (), input_noise=parts["input_noise"],
        source=state["source"].numpy(), force=parts["force"],
    )  # fmt: skip
    dtype = {"float32": torch.float32, "float64": torch.float64}.get(parts["dtype"], torch.float64)
    networks.networks.to(dtype)
    try:
        missing, unexpected = networks.load_state_dict(state, strict=False)
    except RuntimeError as error:
        raise ValueError(f"the weights in it do not fit the `module` {own.name} that was passed: {error}") from error
    lost = [name for name in [*missing, *unexpected] if not name.startswith("force.")]
    if lost:
        raise ValueError(f"the weights in it do not fit the `module` {own.name} that was passed: {lost[:3]}.")
    return networks.eval()


def passed_module(name):
    """The module that `load` was given for the one of this name."""
    module = _given.get()
    if module is None:
        raise ValueError(
            f"its networks are of the class {name}, whose code no file holds: pass it, "
            f"load(path, module={name.split('.')[-1]})."
        )
    found = OwnModule(module).name
    if found.split(".")[-1] != name.split(".")[-1]:
        raise ValueError(f"its networks are of the class {name}, but `module` is {found}.")
    return module


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
