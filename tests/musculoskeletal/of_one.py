"""What the compiled functions say of a single muscle or joint, for tests against other sources."""

import numpy as np

from sk_bionic.musculoskeletal import Joint, Muscle, MusculoskeletalModel, PolynomialPath
from sk_bionic.musculoskeletal.compiled.activation import activation_rates

NEEDED = {"max_isometric_force": 1000.0, "optimal_fiber_length": 0.1, "tendon_slack_length": 0.2}
BODY = {"moment_of_inertia": 0.1, "segment_mass": 1.0}


def unit_of(parameters=None, **options):
    """Model of one muscle whose length [m] is the angle and lengthens at its velocity: its moment arm is -1 m."""
    wide = {"value": 1.0, "lower": -1e6, "upper": 1e6}
    given = {**NEEDED, **(parameters or {})}
    given = {name: {**wide, **(v if isinstance(v, dict) else {"value": v})} for name, v in given.items()}
    muscle = Muscle("muscle", PolynomialPath((0.0, 1.0)), parameters=given, **options)
    return MusculoskeletalModel([muscle], [Joint("length", parameters=BODY)])


def muscle_at(model, length, velocity, activation, tendon=None):
    """`MuscleState` at lengths [m], velocities [m/s] and activations (n,); fields (n,)."""
    columns = [np.broadcast_to(x, np.shape(length)).astype(float)[:, None] for x in (length, velocity, activation)]
    muscles, _ = model.muscle_state(*columns, tendon=tendon)
    return type(muscles)(*(field[:, 0] for field in muscles))


def shape_of(state, factor, shape="exponential"):
    """Activations of states (n,) under a shape factor."""
    model = unit_of({"emg_shape_factor": float(factor)}, activation_shape=shape)
    return model.activation(np.asarray(state, dtype=float)[:, None])[:, 0]


def activation_rate(excitation, state, rise_time, decay_time):
    """Rates [1/s] at excitations and states (n,)."""
    model = unit_of({"activation_time_constant": rise_time, "deactivation_time_constant": decay_time})
    columns = [np.ascontiguousarray(x, dtype=float)[:, None] for x in (excitation, state)]
    out = np.empty_like(columns[0])
    activation_rates(model.compiled.body(model.parameters.value), *columns, out)
    return out[:, 0]
