"""The right leg of the walking trial: which EMG drives which muscle, and what calibration may move."""

from dataclasses import replace
from math import radians

from sk_bionic.musculoskeletal import MusculoskeletalModel, from_osim, save_paths

COORDINATES = ("hip_flexion_r", "knee_angle_r", "ankle_angle_r")
RANGES = {  # rad, of walking: polynomials of a smaller range are closer
    "hip_flexion_r": (radians(-30), radians(45)),
    "knee_angle_r": (0.0, radians(90)),
    "ankle_angle_r": (radians(-30), radians(30)),
}
# A string: the muscle's own electrode (or one over it and its neighbour). A dict: no EMG of its own, a stated
# substitute.
DRIVE = {
    "soleus_r": "soleus",
    "gasmed_r": "gastrocnemius",
    "gaslat_r": "gastrocnemius",
    "tibant_r": "tibialis_anterior",
    "semimem_r": "medial_hamstrings",
    "semiten_r": "medial_hamstrings",
    "bflh_r": "biceps_femoris",
    "vaslat_r": "vastus_lateralis",
    "vasmed_r": "vastus_medius",
    "recfem_r": "rectus_femoris",
    "vasint_r": {"vastus_lateralis": 0.5, "vastus_medius": 0.5},
    "bfsh_r": {"biceps_femoris": 1.0},
    "grac_r": {"medial_hamstrings": 1.0},
    "sart_r": {"rectus_femoris": 1.0},
    "tfl_r": {"gluteus_medius": 1.0},
    "edl_r": {"tibialis_anterior": 1.0},
    "ehl_r": {"tibialis_anterior": 1.0},
    "tibpost_r": {"soleus": 1.0},
    "fdl_r": {"soleus": 1.0},
    "fhl_r": {"soleus": 1.0},
    "perbrev_r": {"soleus": 1.0},
    "perlong_r": {"soleus": 1.0},
}
# Muscles of one electrode share its gain and shape, muscles of one function a factor on their tendons.
ELECTRODES = (
    "soleus_r+tibpost_r+fdl_r+fhl_r+perbrev_r+perlong_r",
    "gasmed_r+gaslat_r",
    "tibant_r+edl_r+ehl_r",
    "semimem_r+semiten_r+grac_r",
    "bflh_r+bfsh_r",
    "vaslat_r+vasmed_r+vasint_r",
    "recfem_r+sart_r",
    "tfl_r",
)
TENDONS = (
    "soleus_r",
    "tibpost_r+fdl_r+fhl_r+perbrev_r+perlong_r",
    "gasmed_r+gaslat_r",
    "tibant_r+edl_r+ehl_r",
    "semimem_r+semiten_r+bflh_r",
    "bfsh_r",
    "vaslat_r+vasmed_r+vasint_r",
    "recfem_r",
)
# The trial's EMG is normalised by its own maximum, so what part of a maximal contraction it is lies open: wide prior.
GAIN = {"lower": 0.02, "upper": 3.0, "prior_scale": 1.0}
# What calibration may move.
FREE = {
    "gains": tuple(f"{group}/emg_gain" for group in ELECTRODES),
    "all": (
        *(f"{group}/emg_gain" for group in ELECTRODES),
        *(f"{group}/emg_shape_factor" for group in ELECTRODES),
        *(f"{group}/tendon_slack_length" for group in TENDONS),
        f"{'+'.join(DRIVE)}/electromechanical_delay",
    ),
}


def leg_model(osim, paths, tendon):
    """Hip, knee and ankle with the 22 muscles that span knee or ankle.

    Parameters
    ----------
    osim : pathlib.Path
        The scaled model.
    paths : pathlib.Path or None
        File of fitted paths. Where it does not exist, OpenSim measures them and they are kept there.
    tendon : {"rigid", "elastic"}

    Returns
    -------
    MusculoskeletalModel
        Parameters of the file; muscles driven as `DRIVE` says.
    """
    known = paths if paths is not None and paths.exists() else None
    model = from_osim(osim, COORDINATES, list(DRIVE), paths=known, ranges=RANGES, tendon=tendon)
    if paths is not None and known is None:
        save_paths(model, paths)
    muscles = [replace(muscle, channel=DRIVE[muscle.name]) for muscle in model.muscles]
    model = MusculoskeletalModel(muscles, model.joints, model.name)
    return model.with_rows({(name, "emg_gain"): GAIN for name in DRIVE})
