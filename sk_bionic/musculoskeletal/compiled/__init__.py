"""The physics of a model as compiled scalar functions: values and exact derivatives, looped over frames in compiled
code.

`CompiledModel` turns a `MusculoskeletalModel` into a few flat arrays; everything else takes those.
"""

from .model import Body, CompiledModel

__all__ = ["Body", "CompiledModel"]
