"""How far a reader has to go: files and depth of the package on the way of one hybrid fit and one prediction."""

import sys
from pathlib import Path

import pytest

import sk_bionic
from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_elbow_flexion

ROOT = str(Path(sk_bionic.__file__).parent)
# What was reached, and is not to grow. The aim is 30 files and a depth of 9; before the house was built anew, the same
# trace had 76 and 20.
MOST_FILES, DEEPEST = 58, 9
COMPREHENSIONS = {"<listcomp>", "<genexpr>", "<dictcomp>", "<setcomp>", "<lambda>"}


class Trace:
    """Files of the package that a call enters, and how many of the package's functions are within one another."""

    def __init__(self):
        self.files, self.depth, self._stack = set(), 0, []

    def __call__(self, frame, event, argument):
        code = frame.f_code
        if not code.co_filename.startswith(ROOT) or code.co_name in COMPREHENSIONS:
            return
        if event == "call":
            self._stack.append(code)
            self.files.add(code.co_filename)
            self.depth = max(self.depth, len(self._stack))
        elif event == "return" and self._stack:
            self._stack.pop()

    def of(self, function):
        """What the function returns, traced."""
        before = sys.getprofile()
        sys.setprofile(self)
        try:
            return function()
        finally:
            sys.setprofile(before)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_fit_and_a_prediction_stay_within_few_files_and_not_deep():
    X, y = make_elbow_flexion(2, duration=2.0, sampling_rate=50, random_state=0, return_X_y=True)
    build = lambda: PhysicsInformedMSKRegressor(
        "elbow", max_epochs=3, n_networks=1, hidden_layer_sizes=(8,), random_state=0
    )
    build().fit(X, y).predict(X, return_std=True)  # what is compiled or imported once is no part of the way
    trace = Trace()
    regressor = trace.of(lambda: build().fit(X, y))
    trace.of(lambda: regressor.predict(X, return_std=True))
    names = sorted(str(Path(file).relative_to(ROOT)) for file in trace.files)
    assert "regressor.py" in names and "predictors/hybrid.py" in names  # the trace sees something
    assert len(names) <= MOST_FILES, names
    assert trace.depth <= DEEPEST
