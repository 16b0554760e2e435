"""Tables as numbers: what a column holds is read, or refused by its name and row."""

import numpy as np
import pandas as pd
from sklearn.preprocessing import StandardScaler

LARGEST = 1e30  # no sensor measures more, in any unit; squares of it are still finite


def numeric(table):
    """A pandas table whose columns are NumPy numbers; anything else as it is.

    Parameters
    ----------
    table : DataFrame, Series or anything
        Columns of objects, nullable types, categories and text are read as numbers, missing values as NaN.

    Raises
    ------
    ValueError
        When two columns have one name, or a value is no number; the message names column and row.
    """
    if isinstance(table, pd.Series):
        return table if _is_numeric(table.dtype) else pd.Series(_read(table, table.name), table.index, name=table.name)
    if not isinstance(table, pd.DataFrame):
        return table
    if not table.columns.is_unique:
        raise ValueError(
            f"Several columns have the same name: {list(dict.fromkeys(table.columns[table.columns.duplicated()]))}. "
            "Rename or drop them."
        )
    if all(_is_numeric(dtype) for dtype in table.dtypes):
        return table
    columns = {name: column if _is_numeric(column.dtype) else _read(column, name) for name, column in table.items()}
    return pd.DataFrame(columns, index=table.index).set_axis(table.columns, axis=1)


def _is_numeric(dtype):
    # Complex numbers are for scikit-learn to refuse.
    return isinstance(dtype, np.dtype) and dtype.kind in "biufc"


def _read(column, name):
    """Values (n_frames,) of a column of any type as floats."""
    if column.dtype.kind in "mM":
        raise ValueError(f"Column {name!r} holds times ({column.dtype}), which are no signal. Drop it.")
    values = np.full(len(column), np.nan)
    for row, value in enumerate(column.astype(object)):
        try:
            values[row] = np.nan if pd.isna(value) else float(value)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"Column {name!r}, row {row} holds {str(value)[:40]!r}, which is no number. Correct it, or "
                "drop the column."
            ) from error
    return values


def fitted_scaler(values, weight):
    """StandardScaler of values (n_frames, n_columns), weighted; a column that hardly moves keeps its unit."""
    with np.errstate(invalid="ignore"):  # of such a column rounding can leave a variance below zero
        return StandardScaler().fit(values, sample_weight=weight)


def check_weights(weight):
    """Raise where weights are too large to be summed, or so small that what they divide is."""
    row = int(np.argmax(weight))
    if weight[row] > LARGEST:
        raise ValueError(f"`sample_weight`, row {row} is {weight[row]:g}: give weights below {LARGEST:g}.")
    if 0 < weight[row] < 1.0 / LARGEST:
        raise ValueError(
            f"The largest `sample_weight`, in row {row}, is {weight[row]:g}: give weights above {1.0 / LARGEST:g}."
        )
