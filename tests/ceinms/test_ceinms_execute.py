"""Execution of a CEINMS trial: open loop, EMG-assisted, static optimisation."""

import numpy as np
import pytest
from ceinms_projects import LEG
from scipy.optimize import minimize

from sk_bionic.ceinms import Hybrid, OpenLoop, execute, read_ceinms
from sk_bionic.ceinms.compiled import follow
from sk_bionic.ceinms.execution import _kinds, objective_of

MEASURED = tuple(m for m in LEG if m != "psoas")
ALL = tuple(LEG)


@pytest.fixture
def project(make_project):
    return read_ceinms(make_project(noise=2.0).folder / "calibrationSetup.xml")


def run(project, mode, tendon="rigid"):
    return execute(project.subject, project.trials[0], project.excitation_generator, mode, tendon=tendon)


def test_open_loop_takes_the_signals(project):
    found = run(project, OpenLoop(), "elastic")
    np.testing.assert_array_equal(found.excitations, found.mapped)
    assert (found.excitations["psoas"] == 0).all() and found.error["ankle_angle_r"] < 3.5


@pytest.mark.parametrize("tendon", ["rigid", "elastic"])
@pytest.mark.parametrize("weights", [(1.0, 1.0, 0.0), (1.0, 5.0, 50.0), (10.0, 0.0, 1.0)])
def test_hybrid_follows_the_moments(project, weights, tendon):
    mode = Hybrid(*weights, synthesized=("psoas",), adjusted=MEASURED)
    found, loop = run(project, mode, tendon), run(project, OpenLoop(), tendon)
    kinds = _kinds(mode, project.subject, project.excitation_generator)
    error = (loop.moments - project.trials[0].moments).to_numpy()
    before = objective_of(mode, kinds, loop.excitations.to_numpy(), loop.mapped.to_numpy(), error)
    assert found.objective < 0.7 * before
    assert found.error.sum() < 0.7 * loop.error.sum()
    assert found.excitations.to_numpy().min() >= 0 and found.excitations.to_numpy().max() <= 1


@pytest.mark.parametrize("shape", ["exponential", "piecewise"])
def test_a_frame_of_a_rigid_tendon_is_solved_to_the_optimum(make_project, shape):
    project = read_ceinms(make_project(noise=2.0, activation=shape).folder / "calibrationSetup.xml")
    mode = Hybrid(1.0, 20.0, 30.0, synthesized=("psoas",), adjusted=MEASURED)
    found = run(project, mode)
    from sk_bionic.ceinms.muscles import Muscles, activations

    muscles = Muscles(project.subject, project.trials[0], project.excitation_generator, "rigid")
    parameters, t = project.subject.parameters, 20
    measured = project.trials[0].moments.to_numpy()
    e, signal = found.excitations.to_numpy(), found.mapped.to_numpy()
    excitation, n = muscles.excitation(parameters["electromechanical_delay"].to_numpy())
    n += muscles.lead
    kinds = _kinds(mode, project.subject, project.excitation_generator)
    history = np.concatenate([excitation[:n], e])
    history[:n, kinds == follow.SYNTHESIZED] = e[0, kinds == follow.SYNTHESIZED]

    def cost(x, split=False):
        history[n + t] = x
        activation = activations(history, parameters, shape)[n - muscles.lead :]
        states = muscles.march(parameters, activation)
        force = states[:, t, 2] * (parameters["max_isometric_force"] * parameters["strength_coefficient"]).to_numpy()
        moment = muscles.arms[t] @ force - measured[t]
        departure = np.abs(x - signal[t])[kinds == follow.ADJUSTED].sum()
        return (moment**2).sum() + 20.0 * (x**2).sum() + 30.0 * departure

    best = cost(e[t])
    for start in (np.full(len(ALL), 0.3),):
        other = minimize(cost, start, bounds=[(0, 1)] * len(ALL), method="L-BFGS-B")
        other = minimize(cost, other.x, bounds=[(0, 1)] * len(ALL), method="Powell", options={"maxiter": 1})
        assert best <= other.fun * (1 + 1e-4)


def test_a_large_gamma_keeps_the_signals_and_kept_muscles_stay(project):
    found = run(project, Hybrid(1.0, 0.0, 1e7, adjusted=MEASURED))
    np.testing.assert_allclose(found.excitations, found.mapped, atol=1e-9)
    found = run(project, Hybrid(1.0, 0.1, 0.0, synthesized=("psoas", "soleus")))
    kept = [m for m in ALL if m not in ("psoas", "soleus")]
    np.testing.assert_array_equal(found.excitations[kept], found.mapped[kept])


def test_static_optimisation_needs_no_signal_and_costs_least(project):
    mode = Hybrid(1.0, 1e-2, 0.0, synthesized=ALL)
    found = run(project, mode, "elastic")
    assert (found.error < 0.1 * project.trials[0].moments.pow(2).mean() ** 0.5).all()
    more = run(project, Hybrid(1.0, 1.0, 0.0, synthesized=ALL), "elastic")
    assert (more.excitations**2).to_numpy().sum() < (found.excitations**2).to_numpy().sum()


def test_stated_errors_shrink_as_moments_tell_more(project):
    loose = run(project, Hybrid(1e-4, 5.0, 20.0, synthesized=("psoas",), adjusted=MEASURED)).muscle_force_std
    tight = run(project, Hybrid(1.0, 5.0, 20.0, synthesized=("psoas",), adjusted=MEASURED)).muscle_force_std
    assert (tight.median() <= loose.median() + 1e-9).all() and tight["psoas"].median() < 0.5 * loose["psoas"].median()


def test_only_some_coordinates_are_followed(project):
    mode = Hybrid(1.0, 0.1, 0.0, synthesized=ALL)
    knee = execute(project.subject, project.trials[0], project.excitation_generator, mode, coordinates=["knee_angle_r"])
    assert knee.error["knee_angle_r"] < 0.5 < knee.error["ankle_angle_r"]


def test_faults_are_named(project):
    with pytest.raises(ValueError, match="psoas.*synthesize"):
        run(project, Hybrid(adjusted=("psoas",)))
    with pytest.raises(ValueError, match="both synthesized and adjusted"):
        Hybrid(synthesized=("soleus",), adjusted=("soleus",))
    with pytest.raises(ValueError, match="`beta` must not be negative"):
        Hybrid(beta=-1.0)
    with pytest.raises(ValueError, match="elastic"):
        run(project, OpenLoop(), "rubber")
