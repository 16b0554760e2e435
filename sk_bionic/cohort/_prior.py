"""The population of earlier subjects as the prior of the next."""

import numpy as np

FEWEST_SUBJECTS = 3
NORMAL_QUANTILE = 1.96
MARGIN = 0.01  # of the distance between the bounds that a prior's centre keeps from them
OF_OWN_RANGE = (
    "lower_limit",
    "upper_limit",
    "joint_rest_angle",
)  # taken from the angles of each subject


def own_ranges(model):
    """Names of the joints, a set, whose range a model takes from the subject's angles."""
    return {joint.name for joint in model.joints if joint.limits_from_data}


def with_prior(model, summary):
    """Model whose priors are a population's.

    Parameters
    ----------
    model : MusculoskeletalModel
    summary : DataFrame
        As `Cohort.summary` returns it.

    Returns
    -------
    MusculoskeletalModel
    """
    rows = {(row.owner, row.name): row for row in model.parameters.rows}
    own_range = own_ranges(model)
    changes = {}
    for effects in summary.itertuples():
        key = (effects.muscle, effects.name)
        row = rows.get(key)
        if row is None or row.transformation != effects.scale or effects.n < FEWEST_SUBJECTS:
            continue
        if effects.muscle in own_range and effects.name in OF_OWN_RANGE:
            continue
        changes[key] = _prior(row, effects)
    return model.with_rows(changes)


def _prior(row, effects):
    """Fields of a parameter's row: centre and start on the mean, width of the next subject's interval."""
    margin = MARGIN * (row.upper - row.lower)
    center = float(np.clip(effects.mean, row.lower + margin, row.upper - margin))
    ends = np.array([effects.next_lower, effects.next_upper])
    low, high = np.log(ends) if row.transformation == "log" else ends
    scale = (high - low) / 2 / NORMAL_QUANTILE
    return {"initial": center, "value": center, "prior_scale": float(min(scale, row.prior_scale))}
