"""Muscles without electrodes: mixtures by function, synergies by moments, and only where they are earned."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from ceinms_projects import ELECTRODES

from sk_bionic.ceinms import execute, fit_mixtures, propose_mixtures, propose_synergists, read_ceinms
from sk_bionic.musculoskeletal import MuscleGeometry

WITHOUT_VASTI = {muscle: own for muscle, own in ELECTRODES.items() if muscle != "vasti"}


def test_like_muscles_lend_their_signals(make_project):
    project = read_ceinms(make_project(electrodes=WITHOUT_VASTI).folder / "calibrationSetup.xml")
    generator = propose_mixtures(project)
    assert generator.mapping["vasti"] == {"rectus": 1.0}  # both extend the knee
    assert not generator.mapping.get("psoas") or set(generator.mapping["psoas"]) == {"rectus"}
    assert all(generator.mapping[m] == own for m, own in WITHOUT_VASTI.items())


@pytest.fixture
def driven_by_rectus(make_project):
    """A project in which the vasti do pull with the rectus, and have no electrode; two trials."""
    project = read_ceinms(make_project(electrodes=WITHOUT_VASTI).folder / "calibrationSetup.xml")
    trial, generator = project.trials[0], project.excitation_generator
    true = replace(generator, mapping={**generator.mapping, "vasti": {"rectus": 0.8}})
    trials = [replace(trial, moments=execute(project.subject, trial, true, tendon="rigid").moments)]
    return replace(project, trials=tuple(trials))


def test_synergies_that_explain_the_moments_are_earned(driven_by_rectus):
    project = driven_by_rectus
    generator = fit_mixtures(project, n_synergies=6)
    trial = project.trials[0]
    before = execute(project.subject, trial, project.excitation_generator, tendon="rigid").error["knee_angle_r"]
    after = execute(project.subject, trial, generator, tendon="rigid").error["knee_angle_r"]
    assert after < 0.4 * before
    assert all(weight >= 0 for own in generator.mapping.values() for weight in own.values())
    again = fit_mixtures(project, n_synergies=6)
    assert again.mapping == generator.mapping


def test_mixtures_that_explain_nothing_are_refused_with_a_word(make_project):
    project = read_ceinms(make_project(electrodes=WITHOUT_VASTI).folder / "calibrationSetup.xml")
    trial = project.trials[0]
    passive = execute(project.subject, trial, project.excitation_generator, tendon="rigid").moments
    noise = np.random.default_rng(0).normal(size=passive.shape) * 10.0
    project = replace(project, trials=(replace(trial, moments=passive + noise),))
    with pytest.warns(UserWarning, match="not earned"):
        assert fit_mixtures(project) is project.excitation_generator


def test_synergists_lend_their_signals_where_they_are_most_of_the_strength(make_project):
    """Soleus has a deep companion of the same joint; without an electrode the gastrocnemius, over two, gets nothing."""
    electrodes = {m: own for m, own in ELECTRODES.items() if m not in ("soleus", "gastrocnemius")}
    project = read_ceinms(
        make_project(electrodes={**electrodes, "soleus": {"soleus": 1.0}}).folder / "calibrationSetup.xml"
    )
    subject, trial = project.subject, project.trials[0]
    assert propose_synergists(project) is project.excitation_generator
    geometry, ankle = trial.geometry, "ankle_angle_r"
    for force, lends in ((1000.0, True), (9000.0, False)):
        deep = subject.parameters.loc[["soleus"]].assign(max_isometric_force=force).set_axis(["deep"])
        coordinates = {**subject.coordinates, ankle: (*subject.coordinates[ankle], "deep")}
        arms = {**geometry.moment_arm}
        arms[ankle] = arms[ankle].assign(deep=arms[ankle]["soleus"])
        whole = MuscleGeometry(geometry.length.assign(deep=geometry.length["soleus"]), arms)
        wider = replace(subject, parameters=pd.concat([subject.parameters, deep]), coordinates=coordinates)
        generator = propose_synergists(replace(project, subject=wider, trials=(replace(trial, geometry=whole),)))
        assert generator.mapping.get("deep", {}) == ({"soleus": 1.0} if lends else {})
        assert not generator.measured("gastrocnemius") and not generator.measured("psoas")
