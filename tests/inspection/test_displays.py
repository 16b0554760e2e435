"""Displays: what they draw, in which unit, on which axes."""

import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.inspection import (
    LossDisplay,
    ModelComparisonDisplay,
    MuscleForcesDisplay,
    ParametersDisplay,
    ResidualDisplay,
    TrajectoryDisplay,
)

plt = pytest.importorskip("matplotlib.pyplot")
TRIALS = ["trial_02", "trial_03"]


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def line(axes, label):
    return next(one for one in axes.get_lines() if one.get_label() == label)


def texts(axes):
    return " ".join(text.get_text() for text in axes.texts)


def test_trajectories_are_drawn_in_degrees_with_their_band(fitted, envelopes):
    X, y = (part.loc[TRIALS] for part in envelopes)
    display = TrajectoryDisplay.from_estimator(fitted, X, y)
    angle, std = fitted.predict(X, return_std=True)
    assert len(display.ax_) == 2 and display.figure_ is display.ax_[0].figure
    first = slice(0, 400)
    np.testing.assert_allclose(line(display.ax_[0], "predicted").get_ydata(), np.rad2deg(angle[first]))
    np.testing.assert_allclose(line(display.ax_[0], "measured").get_ydata(), np.rad2deg(y.iloc[first]))
    band = display.ax_[0].collections[0].get_paths()[0].get_extents()
    assert band.ymax == pytest.approx(np.rad2deg((angle + 2 * std)[first]).max())
    assert display.ax_[0].get_ylabel() == "elbow flexion [deg]"
    assert display.predicted.index.names == ["trial", "time"]


def test_a_regressor_without_standard_deviation_has_no_band(envelopes):
    X, y = envelopes
    display = TrajectoryDisplay.from_estimator(Constant().fit(X, y), X, y, trials="trial_01")
    assert not display.ax_.collections and display.std is None


class Constant:
    """A regressor that knows nothing of bands."""

    def fit(self, X, y):
        return self

    def predict(self, X):
        return np.zeros(len(X))


def test_several_angles_have_a_panel_each_and_gaps_stay_gaps():
    index = pd.MultiIndex.from_product([["a", "b"], np.arange(50) / 100], names=["trial", "time"])
    y = pd.DataFrame({"hip": 0.1, "knee": 0.2}, index=index)
    y.iloc[10:20, 1] = np.nan
    display = TrajectoryDisplay.from_predictions(y, np.zeros((100, 2)))
    assert [axes.get_ylabel() for axes in display.ax_] == ["hip [deg]"] * 2 + ["knee [deg]"] * 2
    assert np.isnan(line(display.ax_[2], "measured").get_ydata()[10:20]).all()
    with pytest.raises(ValueError, match=r"Predictions must have the shape .* \(100, 2\)"):
        TrajectoryDisplay.from_predictions(y, np.zeros(100))


def test_arrays_are_drawn_with_a_sampling_rate_on_given_axes():
    _, axes = plt.subplots()
    display = TrajectoryDisplay.from_predictions(np.zeros(20), np.ones(20), sampling_rate=10, ax=axes)
    assert display.ax_ is axes and axes.get_lines()[0].get_xdata()[-1] == pytest.approx(1.9)
    with pytest.raises(ValueError, match="Nothing tells the time"):
        TrajectoryDisplay.from_predictions(np.zeros(20), np.ones(20))
    trial = np.repeat(["a", "b"], 10)
    with pytest.raises(ValueError, match="2 panels, but `ax` holds 1 axes"):
        TrajectoryDisplay.from_predictions(np.zeros(20), np.ones(20), sampling_rate=10, trial=trial, ax=axes)
    with pytest.raises(ValueError, match=r"`trials` names \['c'\]"):
        TrajectoryDisplay.from_predictions(np.zeros(20), np.ones(20), sampling_rate=10, trial=trial, trials=["c"])


def test_forces_are_the_estimators_own_and_named_at_the_line(fitted, envelopes):
    X = envelopes[0].loc[TRIALS]
    display = MuscleForcesDisplay.from_estimator(fitted, X, trials=["trial_03"])
    forces = fitted.predict_muscle_forces(X)
    np.testing.assert_allclose(display.ax_.get_lines()[1].get_ydata(), forces.loc["trial_03"]["triceps"])
    assert "biceps" in texts(display.ax_) and display.ax_.get_ylabel() == "muscle force [N]"
    marked = MuscleForcesDisplay.from_predictions(forces, synthesized=["triceps"], trials="trial_02")
    assert "triceps*" in texts(marked.ax_) and "biceps*" not in texts(marked.ax_)


def test_labels_at_lines_do_not_overlap():
    index = pd.MultiIndex.from_product([["a"], np.arange(5) / 10], names=["trial", "time"])
    forces = pd.DataFrame({f"m{i}": 100.0 + 0.01 * i for i in range(9)}, index=index)
    axes = MuscleForcesDisplay.from_predictions(forces).ax_
    heights = np.sort([text.xy[1] for text in axes.texts])
    assert len(heights) == 9 and np.diff(heights).min() > 0.08 and heights[-1] <= 1.0
    looks = {(one.get_color(), str(one.get_linestyle())) for one in axes.get_lines()}
    assert len(looks) == 9


def test_flagged_parameters_look_different_and_say_why(fitted):
    table = fitted.parameters_.copy()
    table["at_bound"], table["identifiable"] = False, True
    table.loc[0, "at_bound"] = True
    table.loc[1, "identifiable"] = False
    axes = ParametersDisplay.from_parameters(table).ax_
    words = [text.get_text() for text in axes.texts]
    assert len(words) == len(table)
    assert sum("at its bound" in word for word in words) == 1
    assert sum("not determined" in word for word in words) == 1
    colours = {text.get_color() for text in axes.texts}
    assert len(colours) == 2
    value = axes.get_lines()[3].get_xdata()[0]
    row = table.iloc[0]
    assert value == pytest.approx((row.value - row.lower) / (row.upper - row.lower))
    with pytest.raises(ValueError, match="nothing was free"):
        ParametersDisplay.from_parameters(table.iloc[:0])


def test_residuals_are_the_estimators_own_where_nothing_is_smoothed(fitted, envelopes):
    X, y = (part.loc[["trial_02"]] for part in envelopes)
    display = ResidualDisplay.from_estimator(fitted, X, y, cutoff=np.inf)
    np.testing.assert_allclose(display.residual["elbow_flexion"], fitted.residual(X, y))
    smooth = ResidualDisplay.from_estimator(fitted, X, y)
    assert smooth.residual.abs().mean().item() < 0.2 * display.residual.abs().mean().item()
    assert "N m" in smooth.ax_.get_ylabel() and "residual" in texts(smooth.ax_)


def test_losses_of_every_term(envelopes):
    X, y = (part.loc[["trial_00"]] for part in envelopes)
    network = PhysicsInformedMSKRegressor("elbow", prediction="network", max_epochs=3, random_state=0)
    network.fit(X, y)
    axes = LossDisplay.from_estimator(network).ax_
    assert axes.get_yscale() == "log"
    np.testing.assert_allclose(axes.get_lines()[1].get_ydata(), [epoch["data_loss"] for epoch in network.history_])
    assert all(word in texts(axes) for word in ("total", "angle", "equation of motion", "muscle forces"))


def test_no_losses_without_a_network(fitted):
    with pytest.raises(ValueError, match="no network was trained"):
        LossDisplay.from_estimator(fitted)


def test_the_comparison_sorts_by_median_error_a_trial(envelopes):
    X, y = envelopes
    predictions = {"bad": y + 0.2, "good": y + 0.1}
    display = ModelComparisonDisplay.from_predictions(y, predictions)
    np.testing.assert_allclose(display.errors["bad"], 0.2)
    assert len(display.errors) == 5
    assert [label.get_text() for label in display.ax_.get_yticklabels()] == ["good", "bad"]
    assert f"{np.rad2deg(0.1):.1f}°" in texts(display.ax_)
    both = ModelComparisonDisplay.from_estimators({"a": Constant(), "b": Constant()}, X, y)
    np.testing.assert_allclose(both.errors["a"], both.errors["b"])


def test_matplotlib_is_imported_only_where_something_is_drawn():
    code = (
        "import sys, sk_bionic, sk_bionic.inspection as i\n"
        "assert 'matplotlib' not in sys.modules\n"
        "sys.modules['matplotlib'] = None\n"
        "try: i.LossDisplay.from_history([{'train_loss': 1.0}])\n"
        "except ImportError as error: assert 'sk_bionic[plot]' in str(error), error\n"
        "else: raise AssertionError\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


ODD_NAMES = ["$", "a$b$c", r"\frac{$x$", r"\$5", "x^{", "<b>&", "", " ", "a\nb\x00", "日本", "x" * 300, 7]


@pytest.mark.filterwarnings("ignore:.*missing from font")
@pytest.mark.parametrize("name", ODD_NAMES, ids=ascii)
def test_any_name_is_drawn_as_it_stands(envelopes, name, tmp_path):
    X, y = envelopes
    one = y.loc[["trial_00"]].rename({"trial_00": name}, level="trial").rename(f"{name}")
    display = TrajectoryDisplay.from_predictions(one, one)
    forces = X.loc[["trial_00"]].set_axis([f"{name}", "triceps"], axis=1).set_axis(one.index)
    others = [MuscleForcesDisplay.from_predictions(forces), ResidualDisplay.from_predictions(one)]
    for figure in (display.figure_, *(other.figure_ for other in others)):
        for kind in ("svg", "png"):
            figure.savefig(tmp_path / f"figure.{kind}")
        plt.close(figure)
    ElementTree.parse(tmp_path / "figure.svg")
    title = display.ax_.get_title(loc="left")
    assert title.count("$") == title.count(r"\$")  # no formula
    if len(str(name)) < 40 and str(name).isprintable():
        assert title.replace(r"\$", "$").startswith(str(name))
