"""Where recordings with moments and torques come from: addresses at fixed commits, checksums, descriptions."""

GAIT_11_URL = "https://raw.githubusercontent.com/antoinefalisse/3dpredictsim/5fa3929fa9ba29d5c057c16b18671a017d8f15c1"
GAIT_CP_URL = "https://raw.githubusercontent.com/antoinefalisse/predictcpgait/93588fed8cac47e7f36d516e5fb36d6347e5fba6"
PLANTARFLEXOR_URL = (
    "https://raw.githubusercontent.com/mjhmilla/PlantarFlexorDynamometrySimulation/"
    "e4860a19b37e2e38514303409051027c95aa5794"
)

# File in the cache to its place in the source and its sha256.
GAIT_11_FILES = {
    "ExperimentalData.mat": (
        "ExperimentalData/ExperimentalData.mat",
        "40732396d504bf56b201b507eb819d9a1759b0c04fc537d43dacb8e817a1baf8",
    ),
    "subject1.osim": (
        "OpenSimModel/subject1/subject1.osim",
        "3b223f733293fc16f5c20cf7e74091d78ec61f3d451c91655498c71d5118e6e9",
    ),
}
_ESTIMATION = "OpenSimModel/subject1/ParameterEstimation"
GAIT_CP_FILES = {
    "ExperimentalData_r.mat": (
        "PredictiveSimulations/ExperimentalData/ExperimentalData_r.mat",
        "d3f31785ed1b1881606b9b1103aa13c87a407b74ea01bccb4fae533de5294724",
    ),
    "ExperimentalData_l.mat": (
        "PredictiveSimulations/ExperimentalData/ExperimentalData_l.mat",
        "5fd5836d7426bd381bc60f386aa3c178db6f2acb847c28fe3bd1ec7cd3072f2c",
    ),
    "MTParameters_generic.mat": (
        f"{_ESTIMATION}/MTParameters_generic.mat",
        "f394043a61b3a1057e904285ab7ce6a9f7524a78386166352d8c79406dba90cb",
    ),
    "MTParameters_personalized.mat": (
        f"{_ESTIMATION}/MTParameters_personalized.mat",
        "dbe5c32ca1cab1e215c9ae626c4ff7ec8a17e8a9e249165649e4be0c1791ad69",
    ),
    "MuscleInfo_subject1_r.mat": (
        "OpenSimModel/subject1/Polynomials/MuscleInfo_subject1_r.mat",
        "1d44e55e3d63b5864fd2180f227ca59b998724d7dc24ba05da0f897d4aa11feb",
    ),
    "MuscleInfo_subject1_l.mat": (
        "OpenSimModel/subject1/Polynomials/MuscleInfo_subject1_l.mat",
        "de88d28926ed180385bd286535f1d772b78d02940101c20fafcae11c5cbe50b3",
    ),
}
PLANTARFLEXOR_FILES = {
    "Isos_for_Matt.mat": (
        "data/Isos_for_Matt.mat",
        "084c2fe23b36d4bd920efabe4b856d9c579f2053d450643ffb4be0f361fb8728",
    ),
}

GAIT_11_DESCR = """\
Eleven strides of a walking adult: EMG, angles, moments
-------------------------------------------------------
One adult (62 kg), right leg, 100 frames a stride.

data: EMG envelopes of 14 muscles as published (not normalised), and the angles [rad] of hip, knee, ankle and subtalar
joint under the names of the model's coordinates. target: their moments by inverse dynamics [N m]. The index has the
levels trial ("gait_00" to "gait_10") and time [s]. model_file: the scaled OpenSim model.

What is known about the recordings
- Strides are time-normalised, seconds are not given: they follow from the published angles and angular velocities,
which
  agree to r = 0.99999.
- Trials 0, 2, 4, 6, 7 and 9 have all EMG channels; the others lack some (NaN) and are served only by name.
- There is no EMG of gluteus maximus, iliopsoas and most adductors.

Source: A. Falisse, G. Serrancoli, C. Dembia, J. Gillis, I. Jonkers, F. De Groote, "Rapid predictive simulations with
complex musculoskeletal models suggest that diverse healthy and pathological human gaits can emerge from similar control
strategies", J. Royal Society Interface 16 (2019) 20190402; https://github.com/antoinefalisse/3dpredictsim at commit
5fa3929f. Licence: MIT.
"""
GAIT_CP_DESCR = """\
A walking child with cerebral palsy: EMG, angles, moments, muscle parameters, paths as polynomials
--------------------------------------------------------------------------------------------------
An anonymous child, both legs, four strides of the right leg and three of the left, 100 frames each.

data: EMG envelopes of eight muscles of the side as published (not normalised), and the angles [rad] of hip (three),
knee, ankle and subtalar joint. target: their moments by inverse dynamics [N m]. The index has the levels trial
("right_0", ...) and time [s]. model: 43 muscles without a skeleton, their paths the published polynomials, with the
generic parameters; channels: the muscles that have electrodes. parameters: DataFrame of the generic and the published
EMG-calibrated parameters (optimal fiber and tendon slack lengths).

What is known about the recordings
- Strides are time-normalised; seconds follow from the published angles and angular velocities.
- The vastus lateralis of the right leg (RVAL) has next to no signal.

Source: A. Falisse, L. Pitto, H. Kainz, H. Hoang, M. Wesseling, S. Van Rossom, E. Papageorgiou, L. Bar-On, A. Hallemans,
K. Desloovere, G. Molenaers, A. Van Campenhout, F. De Groote, I. Jonkers, "Physics-based simulations to predict the
differential effects of motor control and musculoskeletal deficits on gait dysfunction in cerebral palsy: a
retrospective case study", Frontiers in Human Neuroscience 14 (2020) 40; https://github.com/antoinefalisse/predictcpgait
at commit 93588fed. Licence: MIT.
"""
PLANTARFLEXOR_DESCR = """\
Maximal voluntary plantarflexor torque at nine ankle angles
-----------------------------------------------------------
18 isometric ramps of one person on a dynamometer, two at each angle, 1000 Hz.

data: ankle_angle [rad], the dynamometer's angle less 90 deg, plantarflexion positive as it grows; constant in a trial.
target: torque [N m], plantarflexion positive, raw: passive torque and gravity (-8 to 43 N m) are part of it. The index
has the levels trial ("MVC_100_01") and time [s]. peaks: DataFrame with a row a trial: angle [rad], rest [N m] (the mean
of the first 0.2 s), peak [N m] (the largest mean over 0.25 s), and peak less rest.

What is known about the recordings
- There is no EMG; that the contractions were maximal rests on the experimenter's word.
- The angle is that of the dynamometer's footplate, not of the ankle.

Source: https://github.com/mjhmilla/PlantarFlexorDynamometrySimulation at commit e4860a19 (M. Millard). Licence: MIT.
"""
