"""How far a fit is: lines on the screen, scikit-learn's callbacks, and what an interrupt leaves standing.

A fit has stages ("identify", "train networks", ...), a stage has steps (iterations, epochs). `Progress` is passed along
and told of both; it prints what `verbose` asks for and hands them to the callbacks of scikit-learn 1.9 and later as
tasks within tasks.
"""

import sys
from contextlib import contextmanager
from time import perf_counter

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # scikit-learn before 1.9

    class CallbackSupportMixin:
        """Callbacks come with scikit-learn 1.9; `verbose` works with every version."""

        def set_callbacks(self, *callbacks):
            """Refuse what this version of scikit-learn knows nothing of."""
            if callbacks:
                raise TypeError("Callbacks other than skorch's need scikit-learn 1.9 or later.")
            return self


# Stages by name, in their order, for every way of fitting.
STAGES = {
    "static": ("train networks",),
    "simulation": ("identify",),
    "network": ("train networks",),
    "hybrid": (
        "identify",
        "identify out of fold",
        "train networks",
        "grow forests",
        "choose weights",
    ),
}
STEPS = {
    "identify": "iteration",
    "identify out of fold": "fold",
    "train networks": "epoch",
    "grow forests": "forest",
}
# Whoever calls `fit` from within these makes many fits: there an interrupt is meant for all of them.
LOOPS = frozenset({"joblib", "optuna", "distributed"})


class Progress:
    """Reports stages and steps of one fit.

    Parameters
    ----------
    verbose : int
        0: silent; 1: a line for every stage; 2: one for every step, too.
    tasks : Tasks, optional
        Where scikit-learn's callbacks hear of it.

    Attributes
    ----------
    interrupted : list of str
        What an interrupt has cut short, in words.
    """

    def __init__(self, verbose=0, tasks=None):
        self.verbose, self.tasks, self.interrupted = int(verbose), tasks, []
        self.name, self.n_steps, self.n_done, self.last = None, None, 0, {}

    @contextmanager
    def stage(self, name, n_steps=None):
        """A part of the fit; `n_steps` at most, None where nobody knows."""
        self.name, self.n_steps, self.n_done, self.last = name, n_steps, 0, {}
        start = perf_counter()
        if self.tasks is not None:
            self.tasks.begin_stage(name, n_steps)
        try:
            yield
        except KeyboardInterrupt:
            self._end_stage(f"interrupted after {perf_counter() - start:.1f}s")
            raise
        self._end_stage(f"total = {perf_counter() - start:.1f}s")

    def _end_stage(self, ending):
        if self.tasks is not None:
            self.tasks.end_stage()
        if self.verbose:
            done = f"{self._count}, " if self.n_done else ""
            print(f"[{self.name}] {done}{_values(self.last)}{ending}", flush=True)

    def step(self, values=None, snapshot=None):
        """One more step is done.

        Parameters
        ----------
        values : dict of float, optional
            What to show of it.
        snapshot : callable, optional
            Returns the `Predictor` that the fit would leave behind if it stopped here.

        Returns
        -------
        bool
            Whether a callback asks the stage to stop.
        """
        self.n_done += 1
        self.last = values or {}
        if self.verbose > 1:
            print(
                f"[{self.name}] {self._count}{': ' * bool(self.last)}{_values(self.last, end='')}",
                flush=True,
            )
        return self.tasks is not None and self.tasks.step(snapshot)

    @property
    def _count(self):
        return f"{STEPS.get(self.name, 'step')} {self.n_done}" + ("" if self.n_steps is None else f" of {self.n_steps}")

    def keep(self, what):
        """After an interrupt: go on with what there is, unless the fit is one of many.

        `what` says which stage was cut short and what is used instead.

        Raises
        ------
        KeyboardInterrupt
            When a loop over fits has called this one, and the interrupt is meant for the loop.
        """
        if one_of_many():
            raise KeyboardInterrupt from None
        self.interrupted.append(what)


def _values(values, end=", "):
    return ", ".join(f"{name} = {value:.4g}" for name, value in values.items()) + (end if values else "")


def one_of_many():
    """Whether a loop over fits (joblib, hence scikit-learn's searches; Optuna; Dask) called the running one."""
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_globals.get("__name__", "").partition(".")[0] in LOOPS:
            return True
        frame = frame.f_back
    return False


@contextmanager
def all_or_nothing(estimator):
    """Give an estimator back its fitted attributes where what happens inside the block fails."""
    before = _fitted(estimator)
    try:
        yield
    except BaseException:
        for name in _fitted(estimator):
            delattr(estimator, name)
        vars(estimator).update(before)
        raise


def _fitted(estimator):
    return {name: value for name, value in vars(estimator).items() if name.endswith("_") and not name.startswith("_")}


class Tasks:
    """The stages and steps as scikit-learn's callbacks know them: a tree of tasks.

    Parameters
    ----------
    estimator : estimator
        Whose callbacks are called.
    X, y : array-like
        Training data, for callbacks that score.
    n_stages : int
    """

    def __init__(self, estimator, X, y, n_stages):
        self.estimator, self.data = estimator, {"X": X, "y": y}
        self.root = estimator._init_callback_context(max_subtasks=n_stages)
        self.root.call_on_fit_task_begin(estimator=estimator, **self.data)
        self.stage = None

    def begin_stage(self, name, n_steps):
        """Open the task of a stage."""
        self.stage = self.root.subcontext(task_name=name, max_subtasks=n_steps)
        self.stage.call_on_fit_task_begin(estimator=self.estimator, **self.data)

    def end_stage(self):
        """Close it."""
        self.stage.call_on_fit_task_end(estimator=self.estimator, **self.data)

    def step(self, snapshot):
        """A task of the stage begins and ends; whether a callback asks to stop."""
        task = self.stage.subcontext(task_name=STEPS.get(self.stage.task_name, "step"))
        task.call_on_fit_task_begin(estimator=self.estimator, **self.data)
        attributes = None if snapshot is None else lambda: _attributes(snapshot())
        return task.call_on_fit_task_end(estimator=self.estimator, reconstruction_attributes=attributes, **self.data)

    def end(self):
        """Close the fit's own task."""
        self.root.call_on_fit_task_end(estimator=self.estimator, **self.data)


def _attributes(predictor):
    """Attributes that make a copy of the estimator predict as `predictor` does; None where nothing predicts yet."""
    if predictor is None:
        return None
    tables = {name: make() for name, make in predictor.tables().items()}
    return {"predictor_": predictor, **predictor.attributes(), **tables}
