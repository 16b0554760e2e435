"""Python objects as a JSON tree of known types, with the numbers beside it, and back.

None, bool, int, str and finite floats stand for themselves, a list for a list. Everything else is a table with one key
that names its kind:

    {"float": "nan"}                       a float that JSON has no number for
    {"tuple": [...]}, {"dict": [[key, value], ...]}
    {"scalar": ["float32", 0.5]}           a NumPy scalar
    {"array": name}, {"tensor": name}      numbers in the member of that name
    {"strings": [...], "shape": [...]}     a NumPy array of str objects
    {"class": name, "parts": {...}}        an object of a known class (see `_forms`)
    {"ref": n}                             the n-th array, tensor or object again, counted as they end

What is one object in the estimator is one object again.
"""

import math

import numpy as np
import torch

from ._container import NUMBERS
from ._forms import FORMS, form_of

PLAIN = (type(None), bool, int, str)


class Encoder:
    """Turns objects into a tree; `arrays` maps the members' names to their numbers."""

    def __init__(self):
        self.arrays = {}
        self._seen = {}  # by id: number of the object, and the object, whose id must not be used again

    def encode(self, value, where):
        """Tree of a value; `where` names it in errors."""
        if type(value) in PLAIN:
            return value
        if type(value) is float:
            return value if math.isfinite(value) else {"float": repr(value)}
        if type(value) is list:
            return [self.encode(item, f"{where}[{i}]") for i, item in enumerate(value)]
        if type(value) is tuple:
            return {"tuple": self.encode(list(value), where)}
        if type(value) is dict:
            pairs = [[self.encode(k, where), self.encode(v, f"{where}[{k!r}]")] for k, v in value.items()]
            return {"dict": pairs}
        if isinstance(value, np.generic) and value.dtype.kind in NUMBERS + "U":
            return {"scalar": [value.dtype.str, self.encode(value.item(), where)]}
        if id(value) in self._seen:
            return {"ref": self._seen[id(value)][0]}
        tree = self._encode_object(value, where)
        self._seen[id(value)] = len(self._seen), value
        return tree

    def _encode_object(self, value, where):
        if type(value) is np.ndarray:
            return self._encode_array(value, where)
        if type(value) in (torch.Tensor, torch.nn.Parameter):
            return {"tensor": self._add(value.detach().cpu().numpy())}
        form = form_of(value)
        if form is None:
            known = ", ".join(name for name, form in FORMS.items() if form.is_estimator)
            raise TypeError(
                f"sk_bionic.save cannot write {where}, which is of the type "
                f"{type(value).__module__}.{type(value).__name__}. It writes plain values, arrays, the "
                f"package's own models and the estimators {known}; for anything else use joblib or skops."
            )
        parts = form.parts(value)
        return {"class": form.name, "parts": {k: self.encode(v, f"{where}.{k}") for k, v in parts.items()}}

    def _encode_array(self, value, where):
        if value.dtype.kind in NUMBERS:
            return {"array": self._add(value)}
        if value.dtype.kind == "O" and all(type(item) is str for item in value.flat):
            return {"strings": list(value.flat), "shape": list(value.shape)}
        raise TypeError(
            f"sk_bionic.save cannot write {where}: an array of {value.dtype} that holds more than numbers or str."
        )

    def _add(self, array):
        name = f"arrays/{len(self.arrays)}.npy"
        self.arrays[name] = array
        return name


class Decoder:
    """Turns a tree into objects; `arrays` maps names to ndarrays."""

    def __init__(self, arrays):
        self.arrays = arrays
        self._seen = []

    def decode(self, tree):
        """The value of a tree."""
        if type(tree) in (*PLAIN, float):
            return tree
        if type(tree) is list:
            return [self.decode(item) for item in tree]
        kind = next(iter(tree), None)
        if kind == "ref":
            return self._seen[tree["ref"]]
        if kind in _IMMEDIATE:
            return _IMMEDIATE[kind](self, tree[kind])
        if kind not in _OBJECTS:
            raise ValueError(f"it holds a value of the unknown kind {kind!r}.")
        value = _OBJECTS[kind](self, tree)
        self._seen.append(value)
        return value

    def _strings(self, tree):
        out = np.empty(len(tree["strings"]), dtype=object)
        out[:] = [str(item) for item in tree["strings"]]
        return out.reshape(tree["shape"])

    def _object(self, tree):
        name = tree["class"]
        if name not in FORMS:
            raise ValueError(f"it holds an object of the type {name!r}, which sk_bionic.load does not know.")
        return FORMS[name].build({key: self.decode(value) for key, value in tree["parts"].items()})

    def _scalar(self, item):
        dtype = np.dtype(item[0])
        if dtype.kind not in NUMBERS + "U":
            raise ValueError(f"it holds a scalar of the type {dtype}.")
        return dtype.type(self.decode(item[1]))


_IMMEDIATE = {
    "float": lambda decoder, text: float(text),
    "tuple": lambda decoder, items: tuple(decoder.decode(items)),
    "dict": lambda decoder, pairs: {decoder.decode(key): decoder.decode(value) for key, value in pairs},
    "scalar": Decoder._scalar,
}
_OBJECTS = {
    "array": lambda decoder, tree: decoder.arrays[tree["array"]],
    "tensor": lambda decoder, tree: torch.from_numpy(decoder.arrays[tree["tensor"]]),
    "strings": Decoder._strings,
    "class": Decoder._object,
}
