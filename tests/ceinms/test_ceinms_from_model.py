"""The execution modes on a model of this package, without a CEINMS project."""

import numpy as np
import pandas as pd
import pytest

from sk_bionic.ceinms import ExcitationGenerator, Hybrid, Trial, execute, make_subject, read_subject, write_subject
from sk_bionic.musculoskeletal import MuscleGeometry, elbow


@pytest.fixture
def lifting():
    """An elbow that moves, and the moments of its muscles' own excitations."""
    model, time = elbow(), np.linspace(0.0, 1.0, 101)
    index = pd.MultiIndex.from_product([["lift"], time], names=["trial", "time"])
    values = {(row.owner, row.name): row.value for row in model.parameters.rows}
    rest = {m: values[m, "optimal_fiber_length"] + values[m, "tendon_slack_length"] for m in model.muscle_names}
    arms = dict(zip(model.muscle_names, (0.035, -0.02, 0.03, 0.025), strict=False))
    angle = 0.3 * np.sin(2 * np.pi * time)
    length = pd.DataFrame({m: rest[m] - arms[m] * angle for m in arms}, index)
    geometry = MuscleGeometry(length, {"elbow_flexion": pd.DataFrame(arms, index)})
    emg = pd.DataFrame({m: 0.3 + 0.2 * np.sin(2 * np.pi * time + k) for k, m in enumerate(arms)}, index)
    return model, geometry, emg


def test_forces_of_a_model_and_excitations_from_moments(lifting):
    model, geometry, emg = lifting
    subject = make_subject(model, geometry)
    generator = ExcitationGenerator(tuple(emg.columns), {m: {m: 1.0} for m in emg.columns})
    unknown = pd.DataFrame(np.nan, emg.index, ["elbow_flexion"])
    made = execute(subject, Trial("lift", geometry, emg, unknown), generator)
    assert (made.muscle_forces > 0).all().all() and made.error.isna().all()
    first = emg.columns[0]
    mode = Hybrid(1e3, 0.1, 0.0, synthesized=(first,))
    silent = ExcitationGenerator(generator.signals, {m: own for m, own in generator.mapping.items() if m != first})
    found = execute(subject, Trial("lift", geometry, emg, made.moments), silent, mode)
    assert found.error["elbow_flexion"] < 0.02 * made.moments.abs().max().item()
    np.testing.assert_allclose(found.excitations[first].iloc[10:], made.excitations[first].iloc[10:], atol=0.05)


def test_such_a_subject_is_written_and_read(lifting, tmp_path):
    model, geometry, _ = lifting
    subject = make_subject(model, geometry, c1=-0.25)
    write_subject(subject, tmp_path / "subject.xml", calibration="cfg.xml")
    again = read_subject(tmp_path / "subject.xml")
    pd.testing.assert_frame_equal(again.parameters, subject.parameters)
    assert again.coordinates == subject.coordinates
    for name, curve in subject.curves.items():
        np.testing.assert_array_equal(again.curves[name].y, curve.y)


def test_faults_are_named(lifting):
    model, geometry, _ = lifting
    with pytest.raises(ValueError, match="Unknown parameters .'c3'"):
        make_subject(model, geometry, c3=1.0)
    strange = geometry.length.add_suffix("_x")
    with pytest.raises(ValueError, match="share no muscle"):
        make_subject(model, MuscleGeometry(strange, {"elbow_flexion": strange}))
