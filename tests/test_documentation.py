"""Every code block of README.md and docs/ runs, and every public name has a docstring that says what it must."""

import doctest
import importlib
import re
import shutil
import sys
import warnings
from pathlib import Path

import pytest
from numpydoc.validate import validate

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "docs"))

import public_names

# Of all that numpydoc checks: extended summaries, "See Also" and examples for every method (examples are asked for
# below), verbs in summaries (it takes "Lengths of the fibers." for one), `self : Class` and lists in "Returns".
NOT_CHECKED = {"ES01", "SA01", "EX01", "SS05", "RT02", "RT04", "RT05"}
# Classes and functions whose docstring may go without an example: they say what went wrong, are made by a function
# whose own example shows them, are a command's, or need an OpenSim model (the page of the guide on those shows them).
WITHOUT_EXAMPLE = {
    "sk_bionic.ceinms.CeinmsCalibration",
    "sk_bionic.ceinms.CeinmsProject",
    "sk_bionic.ceinms.Curve",
    "sk_bionic.ceinms.Execution",
    "sk_bionic.ceinms.ExcitationGenerator",
    "sk_bionic.ceinms.Run",
    "sk_bionic.ceinms.Subject",
    "sk_bionic.ceinms.Trial",
    "sk_bionic.ceinms.read_excitation_generator",
    "sk_bionic.ceinms.read_subject",
    "sk_bionic.ceinms.read_trial",
    "sk_bionic.ceinms.write_excitation_generator",
    "sk_bionic.ceinms.write_results",
    "sk_bionic.ceinms.write_subject",
    "sk_bionic.cli.main",
    "sk_bionic.cohort.Cohort",
    "sk_bionic.cohort.Comparison",
    "sk_bionic.cohort.Failure",
    "sk_bionic.cohort.RandomEffects",
    "sk_bionic.exceptions.IdentifiabilityWarning",
    "sk_bionic.exceptions.InterruptedWarning",
    "sk_bionic.exceptions.PlausibilityWarning",
    "sk_bionic.exceptions.SimulationError",
    "sk_bionic.inspection.PosteriorSamples",
    "sk_bionic.inspection.RecordingQuality",
    "sk_bionic.load",
    "sk_bionic.moments.MomentCalibration",
    "sk_bionic.musculoskeletal.save_paths",
    "sk_bionic.musculoskeletal.to_osim",
}
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
FENCE = re.compile(r"^(?P<indent> *)(?P<fence>`{3,})python\n(?P<code>.*?)^ *(?P=fence)$", re.DOTALL | re.MULTILINE)

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
NAMES = public_names.documented_names()
GALLERY = sorted((ROOT / "docs" / "gallery").glob("plot_*.py"))


def code_blocks(page):
    """Line and text of every block of Python in a page."""
    text = page.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        indent = len(found["indent"])
        lines = [line[indent:] for line in found["code"].splitlines()]
        yield text.count("\n", 0, found.start("code")) + 1, "\n".join(lines) + "\n"


def run_block(page, line, code, namespace):
    """Run a block, or compare the outputs of one that shows a session."""
    if ">>> " not in code:
        exec(compile("\n" * (line - 1) + code, str(page), "exec"), namespace)
        return
    test = doctest.DocTestParser().get_doctest(code, namespace, page.name, str(page), line - 1)
    _run_doctest(test)
    namespace.update(test.globs)


def _run_doctest(test):
    report = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=OPTIONS)
    runner.run(test, out=report.append, clear_globs=False)
    assert runner.failures == 0, "".join(report)


@pytest.fixture
def in_empty_folder(tmp_path, monkeypatch):
    """Files that examples write must not lie about; figures must not stay open."""
    monkeypatch.chdir(tmp_path)
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


def test_there_are_pages_with_code():
    with_code = [page.name for page in PAGES if any(code_blocks(page))]
    assert {"README.md", "quick_start.md"} <= set(with_code)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_code_of_the_page_runs(page, in_empty_folder):
    namespace = {"__name__": "__main__"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for line, code in code_blocks(page):
            run_block(page, line, code, namespace)


@pytest.mark.parametrize("script", GALLERY, ids=lambda script: script.stem)
def test_gallery_example_runs_and_warns_of_nothing(script, in_empty_folder):
    pytest.importorskip("matplotlib")
    for beside in script.parent.glob("*.osim"):
        shutil.copy(beside, ".")
    namespace = {"__name__": "__main__"}  # as sphinx-gallery runs it: no __file__, in the folder of the examples
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        exec(compile(script.read_text(encoding="utf-8"), str(script), "exec"), namespace)
    messages = [str(one.message) for one in caught if issubclass(one.category, UserWarning)]
    assert [text for text in messages if "FigureCanvasAgg is non-interactive" not in text] == []


@pytest.mark.parametrize("name", NAMES)
def test_docstring_is_valid(name):
    errors = [f"{code}: {text}" for code, text in validate(name)["errors"] if code not in NOT_CHECKED]
    assert not errors


def _is_class_or_function_of_a_module(name):
    module, _, attribute = name.rpartition(".")
    return module in public_names.public_modules() and hasattr(importlib.import_module(module), attribute)


def _found(name):
    """The object of that name."""
    module = next(m for m in sorted(public_names.public_modules(), reverse=True) if name.startswith(m + "."))
    thing = importlib.import_module(module)
    for part in name.removeprefix(module + ".").split("."):
        thing = getattr(thing, part)
    return thing


@pytest.mark.parametrize("name", [name for name in NAMES if _is_class_or_function_of_a_module(name)])
def test_class_or_function_has_an_example(name):
    assert name in WITHOUT_EXAMPLE or ">>> " in _found(name).__doc__


@pytest.mark.parametrize("name", NAMES)
def test_examples_of_the_docstring_run(name, in_empty_folder):
    thing = _found(name)
    tests = doctest.DocTestFinder(recurse=False).find(thing, name, module=False, globs={})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for test in tests:
            _run_doctest(test)
