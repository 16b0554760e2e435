"""How numba compiles functions of the physics, the march and streams: decorators `part`, `shared` and `compiled`."""

import contextlib
import gc

import llvmlite.binding as llvm
import numba
from numba import _dynfunc, types
from numba.core import compiler

from .code_cache import CodeCache


class _Compiler(compiler.Compiler):
    """numba's, without the passes that look for what no function here has: closures, literals, generators of code,
    expressions of whole arrays.
    """

    LEFT_OUT = {
        "WithLift", "InlineClosureLikes", "FindLiterallyCalls", "LiteralUnroll", "MakeFunctionToJitFunction",
        "InlineInlinables", "LiteralPropagationSubPipelinePass", "DeadBranchPrune", "RewriteSemanticConstants",
        "NopythonRewrites",
    }  # fmt: skip

    def define_pipelines(self):
        (pipeline,) = super().define_pipelines()
        pipeline.passes = [each for each in pipeline.passes if each[0].__name__ not in self.LEFT_OUT]
        pipeline.finalize()
        return [pipeline]


class _PartCompiler(_Compiler):
    """Leaves a function as what its callers are linked with: they are optimised as a whole, and become machine code."""

    def __init__(self, typingctx, targetctx, library, *others):
        if library is None:
            library = targetctx.codegen().create_library("part")
            library._optimize_final_module = lambda: None
            library._finalize_final_module = lambda: setattr(library, "_finalized", True)
        super().__init__(typingctx, targetctx, library, *others)
        self.state.targetctx.get_executable = _no_executable  # of a context for this function alone


def _no_executable(library, description, environment):
    name = description.qualname.split(".")[-1]
    return _dynfunc.make_function(description.lookup_module(), name, "", 0, environment, (library,))


class _EntryCompiler(_Compiler):
    """Compiles a function that Python calls, with all that it is linked with.

    Nothing counts references (see `_dispatcher`), so that one pass of optimisation is enough.
    """

    def __init__(self, typingctx, targetctx, library, *others):
        if library is None:
            library = targetctx.codegen().create_library("entry")
            library.enable_object_caching()
            library._optimize_final_module = lambda: _optimise(library)
        super().__init__(typingctx, targetctx, library, *others)

    def compile_extra(self, function):
        """As numba's, without looking for garbage among all that it makes and keeps: a tenth of the time."""
        collects = gc.isenabled()
        gc.disable()
        try:
            with _operations_typed_once():
                return super().compile_extra(function)
        finally:
            if collects:
                gc.enable()


_types_of_operations = {}


@contextlib.contextmanager
def _operations_typed_once():
    """Remember what numba finds for an operation on given types.

    It tries ten templates for each of thousands of products and sums of floats, a fifth of the time to compile. Nothing
    else compiles meanwhile: numba has a lock.
    """

    def remembered(self, context, arguments, names):
        if names:
            return before(self, context, arguments, names)
        key = self, arguments
        if key not in _types_of_operations:
            _types_of_operations[key] = before(self, context, arguments, names)
        return _types_of_operations[key]

    before = types.Function.get_call_type
    types.Function.get_call_type = remembered
    try:
        yield
    finally:
        types.Function.get_call_type = before


def _optimise(library):
    """Optimise as a whole, every loop as it stands.

    Most loops run once to four times (ends of an interval, coordinates): copies of their bodies, side by side or for
    several numbers at once, take time to make and are slower in the end. Functions that nobody outside can call are
    handed only the arguments that they read: of a contiguous array that is less than half of what describes it.
    """
    for function in library._final_module.functions:
        if not function.is_declaration and function.linkage.name == "linkonce_odr":
            function.linkage = "internal"
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_unrolling = options.loop_vectorization = options.slp_vectorization = False
    builder = llvm.create_pass_builder(library._codegen._tm, options)
    builder.getModulePassManager().run(library._final_module, builder)


class _Flags(compiler.Flags):
    """numba's flags, told apart by what is set: they are compared at every operation that is typed."""

    __slots__ = ()

    def __hash__(self):
        return hash((self.forceinline, self.no_cpython_wrapper))

    def __eq__(self, other):
        return self._values == other._values if type(other) is type(self) else super().__eq__(other)


def _dispatcher(function, pipeline, **further):
    """numba's dispatcher of a function that is compiled by `pipeline`.

    No function makes arrays, which frees all from counting references: callers hand them what they fill. What is not
    set here a function would take from the one for which it is compiled first. The function itself where numba is told
    to compile nothing.
    """
    if numba.config.DISABLE_JIT:
        return function
    options = {"nogil": True, "error_model": "numpy", "_nrt": False, "no_cfunc_wrapper": True, "forceinline": False}
    options |= further
    dispatcher = numba.njit(pipeline_class=pipeline, **options)(function)
    dispatcher._compiler._customize_flags = _Flags
    typed = dispatcher.get_call_template
    # numba would compile a function anew for every constant that it is called with: inlined, constants go in as well
    dispatcher.get_call_template = lambda arguments, names: typed(tuple(map(types.unliteral, arguments)), names)
    return dispatcher


def shared(function):
    """Decorator of functions that only compiled functions call: they need no way in from Python, and no file."""
    return _dispatcher(function, _PartCompiler, no_cpython_wrapper=True)


def part(function):
    """`shared`, for what is small or has one caller, and becomes a piece of it: calls with many arrays are dear."""
    return _dispatcher(function, _PartCompiler, no_cpython_wrapper=True, forceinline=True)


def compiled(function):
    """Decorator of functions that Python calls: machine code, kept, that lets other threads run."""
    dispatcher = _dispatcher(function, _EntryCompiler)
    dispatcher._cache = CodeCache(function)
    return dispatcher
