"""How functions are compiled, and where the machine code is kept.

numba keeps what it compiled beside the source, or in a folder of the user where the package's own cannot be written to.
Two things differ here. Its index knows only the file of the function itself, not those of the functions that this one
calls; the code is fresh where the sources of all compiled files are what they were. And many processes may start at
once with nothing compiled yet (workers of a grid search): one of them compiles, the others wait for it and read.
"""

import contextlib
import gc
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

import llvmlite.binding as llvm
import numba
from numba import _dynfunc, types
from numba.core import caching, compiler

PACKAGE = Path(__file__).resolve().parents[2]
# Folders with compiled functions: another content of any of their files is another version of all of them, and of those
# in further folders, which call them and which nobody else calls.
SOURCES, FURTHER = ("musculoskeletal/compiled", "dynamics/compiled"), ("ceinms/compiled", "streaming/compiled")
LONGEST_WAIT = 600.0  # s for another process that compiles the same function; then this one compiles, too


@cache
def source_stamp(folders=SOURCES):
    """Digest of all sources of compiled functions in some folders."""
    digest = hashlib.sha256()
    for folder in folders:
        for file in sorted((PACKAGE / folder).glob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()


def user_cache_folder():
    """Folder of the platform for what can be made anew, Path."""
    if sys.platform == "win32":
        root = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        root = Path.home() / "Library" / "Caches"
    else:
        root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "sk_bionic"


def _writable(folder):
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


@cache
def code_folder():
    """Where machine code is kept, Path: ``NUMBA_CACHE_DIR``, the package's own folder, or one of the user."""
    place = hashlib.sha256(str(PACKAGE).encode()).hexdigest()[:16]  # versions installed side by side
    folders = [PACKAGE / "__pycache__" / "compiled", user_cache_folder() / f"compiled-{place}"]
    if numba.config.CACHE_DIR:
        folders.insert(0, Path(numba.config.CACHE_DIR) / f"sk_bionic-{place}")
    folders.append(Path(tempfile.gettempdir()) / f"sk_bionic-{place}")
    return next((folder for folder in folders if _writable(folder)), folders[-1])


def _kept_in(folder):
    """Folder of this version of the sources: an index of another one may name what is no longer there."""
    own = folder / source_stamp()[:16]
    with contextlib.suppress(OSError):
        own.mkdir(exist_ok=True)
    return own


class _Locator(caching._CacheLocator):
    """Tells numba's cache where to write and what makes its content stale."""

    def __init__(self, function):
        self._line = function.__code__.co_firstlineno
        own = [folder for folder in FURTHER if folder.replace("/", ".") in function.__module__]
        self._folders = (*SOURCES, *own)

    def get_cache_path(self):
        return str(_kept_in(code_folder()))

    def get_source_stamp(self):
        return source_stamp(self._folders)

    def get_disambiguator(self):
        return str(self._line)

    @classmethod
    def from_function(cls, py_func, py_file):
        return cls(py_func)


class _Implementation(caching.CompileResultCacheImpl):
    _locator_classes = [_Locator]


class _Cache(caching.FunctionCache):
    """One process compiles, the others wait: a file is locked from a failed look-up to the end of compilation.

    The system frees the lock of a process that ends, however it does.
    """

    _impl_class = _Implementation
    _lock = None

    def load_overload(self, sig, target_context):
        found = super().load_overload(sig, target_context)
        if found is None and self._lock is None:
            self._lock = _locked(Path(self._cache_path) / f"{self._impl.filename_base}.lock")
            found = super().load_overload(sig, target_context)  # another process may have compiled meanwhile
            if found is not None:
                self._release()
        return found

    def save_overload(self, sig, data):
        try:
            super().save_overload(sig, data)
        finally:
            self._release()

    def _release(self):
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _locked(path):
    """An open file that this process has locked, or None where files cannot be locked; waits for other processes."""
    file = None
    try:
        file = open(path, "ab")
        _lock_file(file)
    except OSError:
        if file is not None:
            file.close()
        return None
    return file


@contextlib.contextmanager
def in_turn(name):
    """Wait until no other process is within the block of that name; gives whether code can be kept at all."""
    try:
        file = _locked(_kept_in(code_folder()) / f"{name}.lock")
    except OSError:
        file = None
    try:
        yield file is not None
    finally:
        if file is not None:
            file.close()


def is_kept(function):
    """Whether a compiled function has been compiled, by this process or another one."""
    return bool(function.overloads) or Path(function._cache._cache_file._index_path).exists()


@contextlib.contextmanager
def compiled_elsewhere(command):
    """Have Python code run in a process of its own meanwhile, and wait for it at the end.

    There is none on a single core, or where the interpreter is part of another program. It ends when this process does:
    it reads what never comes from this one.
    """
    process = _python_beside(f"{ENDS_WITH_ITS_PARENT}\n{command}") if _n_cores() > 1 else None
    try:
        yield
        if process is not None:
            process.wait(LONGEST_WAIT)
    except subprocess.TimeoutExpired:
        pass
    finally:
        if process is not None:
            process.kill()
            process.communicate()


ENDS_WITH_ITS_PARENT = """
import os, sys, threading
threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(1)), daemon=True).start()
"""


def _n_cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _python_beside(code):
    """A process that runs code with this package; None where there can be none."""
    if not Path(sys.executable or "").stem.lower().startswith("python"):
        return None
    code = f"import sys; sys.path.insert(0, {str(PACKAGE.parent)!r})\n{code}"
    hidden = {"creationflags": subprocess.CREATE_NO_WINDOW} if sys.platform == "win32" else {"start_new_session": True}
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-c", code], env={**os.environ, "NUMBA_CACHE_DIR": numba.config.CACHE_DIR},
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **hidden,
        )  # fmt: skip
    except OSError:
        return None


if sys.platform == "win32":
    import msvcrt

    def _lock_file(file):
        begin = time.monotonic()
        while True:
            try:
                file.seek(0)
                return msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)  # tries for ten seconds
            except OSError:
                if time.monotonic() - begin > LONGEST_WAIT:
                    raise
else:
    import fcntl

    def _lock_file(file):
        fcntl.flock(file, fcntl.LOCK_EX)


class _Compiler(compiler.Compiler):
    """numba's, without the passes that look for what no function here has: closures, literals, generators of code."""

    LEFT_OUT = {
        "WithLift", "InlineClosureLikes", "FindLiterallyCalls", "LiteralUnroll", "MakeFunctionToJitFunction",
        "InlineInlinables", "LiteralPropagationSubPipelinePass", "DeadBranchPrune", "RewriteSemanticConstants",
    }  # fmt: skip

    def define_pipelines(self):
        (pipeline,) = super().define_pipelines()
        pipeline.passes = [each for each in pipeline.passes if each[0].__name__ not in self.LEFT_OUT]
        pipeline.finalize()
        return [pipeline]


class _PartCompiler(_Compiler):
    """Compiles a function to what its callers are linked with: these are optimised as a whole, and become machine
    code.
    """

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
    """Compiles a function that Python calls, with all that it is linked with as its own.

    What nobody else can call is handed only the arguments that it reads: of a contiguous array that is less than half
    of what describes it. Nothing counts references, so that one pass of optimisation is enough.
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
    """Remember what numba finds for an operation on given types: it tries ten templates for each of thousands of
    products and sums of floats, a fifth of the time. Nothing else compiles meanwhile: numba has a lock.
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
    """Optimise as a whole, every loop as it stands: most run once to four times (ends of an interval, coordinates), so
    that copies of their bodies, side by side or for several numbers at once, are machine code that takes time to make
    and is slower in the end.
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
    """numba's of a function. None makes arrays, which frees them from counting references: callers hand them what they
    fill. What is not set here a function would take from the one for which it is compiled first.
    """
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
    """`shared` of a small function or of one with a single caller, of which it becomes a piece: a call with many arrays
    is dear.
    """
    return _dispatcher(function, _PartCompiler, no_cpython_wrapper=True, forceinline=True)


def compiled(function):
    """Decorator of functions that Python calls: machine code, kept, that lets other threads run."""
    dispatcher = _dispatcher(function, _EntryCompiler)
    dispatcher._cache = _Cache(function)
    return dispatcher
