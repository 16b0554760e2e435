"""The figures of demo.py: angle, muscle forces, parameters."""

import matplotlib

matplotlib.use("Agg")  # no window: the demo also runs where there is no screen

import matplotlib.pyplot as plt
import numpy as np

COLOURS = {"hybrid": "C0", "simulation": "C1", "baseline": "C2", "measured": "0.25"}
BAND = 2.0  # standard deviations


def draw_angle(axes, outcomes, baseline):
    """Measured angle of one test part with hybrid (and its band), simulation and one baseline.

    `outcomes` maps names of methods to outcomes; one that failed is left out.
    """
    measured = outcomes["hybrid"].measured
    time = measured.index.get_level_values("time")
    axes.plot(time, np.rad2deg(measured), ".", ms=2, color=COLOURS["measured"], label="measured")
    for name in (baseline, "simulation", "hybrid"):
        outcome = outcomes[name]
        if outcome.angle is None:
            continue
        colour = COLOURS.get(name, COLOURS["baseline"])
        angle = np.rad2deg(outcome.angle.to_numpy())
        axes.plot(time, angle, color=colour, lw=1.4, label=f"{name} ({outcome.rmse_deg:.1f} deg)")
        if name == "hybrid":
            half = BAND * np.rad2deg(outcome.std)
            band = {"color": colour, "alpha": 0.2, "lw": 0, "label": f"hybrid ± {BAND:g} std"}
            axes.fill_between(time, angle - half, angle + half, **band)
    axes.set(xlabel="time [s]", ylabel="joint angle [deg]")
    _legend_above(axes)


def draw_forces(axes, true_forces, predicted):
    """True (lines) and predicted (dashed) muscle forces of one test part; DataFrames [N]."""
    time = true_forces.index.get_level_values("time")
    for number, muscle in enumerate(true_forces):
        colour = f"C{number + 3}"
        axes.plot(time, true_forces[muscle], color=colour, lw=2.5, alpha=0.5, label=f"{muscle}, true")
        axes.plot(time, predicted[muscle], "--", color=colour, lw=1.2, label=f"{muscle}, predicted")
    axes.set(xlabel="time [s]", ylabel="muscle force [N]")
    _legend_above(axes)


def draw_parameters(axes, table):
    """Identified over true value of each parameter, error bars of 2 std_err, generic values.

    `table` as `parameter_errors` of _comparison.py returns it.
    """
    rows = np.arange(len(table))[::-1]
    scale = table["true"]
    axes.axvline(1.0, color=COLOURS["measured"], lw=1, label="true")
    generic = {"mfc": "none", "color": "0.5", "label": "generic"}
    axes.plot(table["initial"] / scale, rows, "s", ms=5, **generic)
    identified = {
        "fmt": "o",
        "ms": 4,
        "color": COLOURS["hybrid"],
        "label": "identified ± 2 std_err",
    }
    axes.errorbar(table["value"] / scale, rows, xerr=2 * table["std_err"] / scale.abs(), **identified)
    names = table["name"].str.replace("_", " ")
    axes.set_yticks(rows, names + ", " + table["muscle"], fontsize="x-small")
    axes.set(xlabel="value / true value")
    _legend_above(axes)


def _legend_above(axes):
    place = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0), "ncol": 2}
    axes.legend(**place, fontsize="x-small", frameon=False)


def save(path, *draws):
    """A figure of one panel for each function in `draws`, which takes the axes; returns `path`."""
    figure, axes = plt.subplots(1, len(draws), figsize=(4.8 * len(draws), 4.2), squeeze=False, layout="constrained")
    for panel, draw in zip(axes[0], draws, strict=True):
        draw(panel)
        panel.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return path
