"""What all displays share: matplotlib on demand, panels, colours, labels at the lines themselves."""

from itertools import cycle, islice, product

import numpy as np
import pandas as pd

from sk_bionic.trials import find_trials

# Okabe and Ito (2008): told apart by colour-blind people, too; lines beyond the seventh are dashed.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#555555")
DASHES = ("-", (0, (5, 2)), (0, (1, 1.2)))
MEASURED, PREDICTED, FLAGGED, GENERIC, GRID = "#222222", "#0072B2", "#D55E00", "#777777", "#E3E3E3"
PANEL = (3.6, 2.3)  # inches
MOST_COLUMNS = 3
LONGEST_LABEL = 40  # characters


def pyplot(caller):
    """`matplotlib.pyplot`, imported when something is drawn.

    Raises
    ------
    ImportError
        Names the extra that brings matplotlib.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f'{caller} draws with matplotlib, which is not installed: pip install "sk_bionic[plot]"'
        ) from error
    return plt


def panels(caller, ax, n_panels, *, size=PANEL, n_columns=None):
    """Axes for some panels.

    Parameters
    ----------
    caller : str
    ax : Axes, array of Axes or None
        Where to draw; None makes a figure.
    n_panels : int
    size : (float, float)
        Of one panel [inch].
    n_columns : int, optional

    Returns
    -------
    ndarray of Axes (n_panels,), Figure

    Raises
    ------
    ValueError
        If there are fewer axes than panels.
    """
    plt = pyplot(caller)
    if ax is not None:
        given = np.asarray(ax, dtype=object).ravel()
        if len(given) < n_panels:
            raise ValueError(
                f"{caller} has {n_panels} panels, but `ax` holds {len(given)} axes. Pass as many, "
                "choose trials, or pass none."
            )
        return given[:n_panels], given[0].figure
    n_columns = min(n_panels, n_columns or MOST_COLUMNS)
    n_rows = -(-n_panels // n_columns)
    figure, axes = plt.subplots(
        n_rows, n_columns, figsize=(size[0] * n_columns, size[1] * n_rows), squeeze=False,
        layout="constrained",
    )  # fmt: skip
    for unused in axes.ravel()[n_panels:]:
        unused.set_axis_off()
    return axes.ravel()[:n_panels], figure


def plain(axes):
    """Only the lines that carry something: two spines, a faint grid behind."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#888888")
    axes.grid(color=GRID, lw=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(color="#888888", labelsize="small")
    axes.xaxis.label.set_fontsize("small")
    axes.yaxis.label.set_fontsize("small")


def styles(n):
    """Colours and dashes of n lines, list of dict."""
    pairs = islice(cycle((c, d) for d, c in product(DASHES, PALETTE)), n)
    return [{"color": colour, "ls": dashes} for colour, dashes in pairs]


def label_lines(axes, names, values, colours, *, x=1.01, spacing=0.085):
    """Names at the right end of lines, pushed apart where they would overlap.

    `values` are the ordinates of the lines' ends, `spacing` the least distance as a part of the axes.
    """
    values = _drawable(axes, values)  # which also settles the axes' limits
    to_axes = axes.transScale + axes.transLimits
    wanted = np.array([to_axes.transform((axes.get_xlim()[1], value))[1] for value in values])
    order = np.argsort(wanted, kind="stable")
    heights = wanted[order].clip(0.0, 1.0)
    for i in range(1, len(heights)):
        heights[i] = max(heights[i], heights[i - 1] + spacing)
    heights -= max(0.0, heights[-1] - 1.0) if len(heights) else 0.0
    for i, height in zip(order, heights, strict=True):
        axes.annotate(
            names[i], (x, height), xycoords="axes fraction", color=colours[i], fontsize="small",
            va="center", ha="left", annotation_clip=False, label=names[i],
        )  # fmt: skip


def _drawable(axes, values):
    """A logarithmic axis has no place for zero."""
    values, lowest = np.asarray(values, dtype=np.float64), axes.get_ylim()[0]
    return np.maximum(values, lowest) if axes.get_yscale() == "log" else values


def timed(values, names=None, *, like=None, sampling_rate=None, trial=None):
    """DataFrame (n_frames, n_columns) with the index levels trial and time [s] of anything that has frames.

    Parameters
    ----------
    values : DataFrame, Series or array-like (n_frames,) or (n_frames, n_columns)
    names : sequence of str, optional
        Of the columns, where `values` have none.
    like : pandas object, optional
        Where to read trials and time, if not from `values`.
    sampling_rate, trial : as for `find_trials`

    Raises
    ------
    ValueError
        When nothing tells the time.
    """
    trials = find_trials(values if like is None else like, sampling_rate=sampling_rate, trial=trial)
    if trials is None:
        raise ValueError(
            "Nothing tells the time of the frames: pass `sampling_rate` [Hz], or pandas objects whose "
            "index has the levels 'trial' and 'time' (s)."
        )
    array = np.asarray(values, dtype=np.float64)
    array = array.reshape(len(array), -1)
    if isinstance(values, pd.DataFrame):
        names = values.columns
    elif names is None:
        series = isinstance(values, pd.Series) and values.name is not None
        many = [f"angle{d}" for d in range(array.shape[1])]
        names = [values.name] if series else ["angle"] if array.shape[1] == 1 else many
    labels = [trials.names[k] for k in trials.trial_of_frame]
    index = pd.MultiIndex.from_arrays([labels, trials.time], names=["trial", "time"])
    return pd.DataFrame(array, index, [str(name) for name in names])


def chosen_trials(frame, trials):
    """Names of the trials to draw, in the order of the frame.

    Raises
    ------
    ValueError
        When one of `trials` is not there.
    """
    known = list(frame.index.get_level_values("trial").unique())
    if trials is None:
        return known
    trials = [trials] if isinstance(trials, str) or not np.iterable(trials) else list(trials)
    unknown = [name for name in trials if name not in known]
    if unknown:
        raise ValueError(f"`trials` names {unknown}, which are not among the trials {known}.")
    return trials


def of_trial(frame, name):
    """Rows of one trial, and their time [s]; one of NaN in every hole, where lines end."""
    rows = frame[frame.index.get_level_values("trial") == name]
    parts = find_trials(rows).parted()
    behind, time = parts.starts[1:-1], parts.time
    if not len(behind):
        return rows, time
    middle = (time[behind - 1] + time[behind]) / 2
    values = np.insert(rows.to_numpy(dtype=np.float64), behind, np.nan, axis=0)
    return pd.DataFrame(values, columns=rows.columns), np.insert(time, behind, middle)


def in_words(name):
    """A name as text: underscores are for computers, and what cannot be printed is spelt out."""
    text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(name))
    return text.replace("_", " ").replace("emg", "EMG")


def label(name):
    """A name in words for a figure, not too long, and without what matplotlib takes for formulas: text between $."""
    text = in_words(name)
    if len(text) > LONGEST_LABEL:
        text = f"{text[: LONGEST_LABEL - 10]} ... {text[-5:]}"
    return text.replace("$", r"\$")


def as_ax(axes):
    """One Axes alone, several as an array."""
    return axes[0] if len(axes) == 1 else axes
