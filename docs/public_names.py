"""The public names of the package: what the API pages list and the tests of the docstrings go through.

A module or subpackage of sk_bionic is public if it has an ``__all__``; a new one appears by itself.
"""

import importlib
import inspect
import pkgutil

import sk_bionic

FIRST = ("sk_bionic", "sk_bionic.preprocessing", "sk_bionic.musculoskeletal", "sk_bionic.datasets")


def public_modules():
    """Names of the public modules, the ones that most readers look for first."""
    modules = [m.name for m in pkgutil.iter_modules(sk_bionic.__path__) if not m.name.startswith("_")]
    found = [f"sk_bionic.{name}" for name in modules]
    public = [name for name in found if hasattr(importlib.import_module(name), "__all__")]
    return [*FIRST, *(name for name in sorted(public) if name not in FIRST)]


def public_objects(module):
    """Names of a module's public classes, functions and constants, in this order."""
    module = importlib.import_module(module)
    return sorted(module.__all__, key=lambda name: (_kind(getattr(module, name)), name))


def _kind(thing):
    return 0 if inspect.isclass(thing) else 1 if callable(thing) else 2


def public_members(fullname):
    """Names of the methods and properties of a class that this package wrote."""
    module, _, name = fullname.rpartition(".")
    cls = getattr(importlib.import_module(module), name)
    return [name for name in sorted(dir(cls)) if not name.startswith("_") and _is_own(cls, name)]


def _is_own(cls, name):
    member = inspect.getattr_static(cls, name)
    function = getattr(member, "fget", None) or getattr(member, "__func__", member)
    return inspect.isfunction(function) and function.__module__.startswith("sk_bionic")


def documented_names():
    """Full names of everything callable that is public: classes, functions, methods and properties."""
    names = {}
    for module in public_modules():
        for name in public_objects(module):
            thing = getattr(importlib.import_module(module), name)
            if not callable(thing) or thing in names.values():
                continue
            names[f"{module}.{name}"] = thing
    members = {
        f"{fullname}.{member}"
        for fullname, thing in names.items()
        if inspect.isclass(thing)
        for member in public_members(fullname)
    }
    return sorted([*names, *members])
