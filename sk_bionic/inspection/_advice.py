"""What each kind of finding means and what to do about it, in words for people who record EMG."""

ADVICE = {
    "missing": (
        "{value:.0f} frames hold no number (NaN or infinity).",
        "Interpolate gaps of a few frames; leave the trial out where gaps are longer.",
    ),
    "flat": (
        "The signal does not change for {value:.2f} s.",
        "Check electrode, cable and transmitter; leave the channel or the trial out.",
    ),
    "clipped": (
        (
            "{value:.2g} % of the frames stick at the largest or smallest value: the amplifier or "
            "converter was saturated."
        ),
        "Lower the gain and record again; amplitudes of such contractions are too small.",
    ),
    "artefact": (
        "A transient of {value:.1f} times what the signal around it allows: too sudden for a muscle.",
        "Fix cables and electrodes; cut these frames out or give their angle no weight.",
    ),
    "angle_artefact": (
        "The angle jumps by {value:.1f} deg and back within a fraction of a second.",
        "Set these angles to NaN, or fit with `robust=True`.",
    ),
    "mains": (
        "Mains hum: {value:.0f} % of the EMG's amplitude ({unit}).",
        "Ground the subject and separate cables from supplies; a notch filter helps afterwards.",
    ),
    "drift": (
        "The level of the signal wanders by {value:.2f} {unit}.",
        (
            "Raw EMG: high-pass at 20 Hz (EMGEnvelope does it). Envelopes: check the electrode, and "
            "subtract the level at rest."
        ),
    ),
    "angle_unit": (
        "The angle covers {value:.0f} rad, more than any joint moves through.",
        "Angles must be in radians: pass np.deg2rad(y) where they are in degrees.",
    ),
    "not_rectified": (
        "Values reach {value:.0f} % of the maximum below zero; an envelope is never negative.",
        ("Raw EMG: make envelopes with EMGEnvelope. Envelopes: an offset was subtracted; add it back or clip at 0."),
    ),
    "duplicated": (
        "The channel is a copy of {unit} (correlation {value:.4f}).",
        "Check the cabling and the export; leave one of the two out.",
    ),
    "duplicated_trial": (
        "The trial holds the same numbers as the trial {unit}.",
        "Leave one of the two out: training and test must not share data.",
    ),
    "swapped": (
        (
            "The angle is explained better with this channel and {unit} exchanged in this trial (error "
            "{value:.2f} times as large)."
        ),
        "Check which electrode was on which plug, and exchange the columns of this trial.",
    ),
    "irregular_time": (
        "Time stamps are not even: a step of {value:.3g} times the usual one.",
        "Resample the trial, or split it at the gap.",
    ),
    "sampling_rate": (
        "The frames come at {value:.4g} Hz, not at {unit}.",
        "Check the stated rate and the time stamps; resample trials that differ.",
    ),
    "time_unit": (
        "Time stamps give a rate of {value:.3g} Hz, which no EMG is recorded at.",
        "Time must be in seconds; divide milliseconds by 1000.",
    ),
    "stretched_spectrum": (
        "The spectrum has its middle at {value:.0f} Hz, surface EMG between 30 and 200 Hz.",
        "Check the stated sampling rate; filters can also be the reason.",
    ),
    "aliasing": (
        (
            "The spectrum does not fall off towards half the sampling rate ({value:.0f} % of its peak is "
            "left): what lies above is folded back."
        ),
        "Record at 1000 Hz or more, behind an analogue low-pass at less than half of it.",
    ),
    "lag": (
        "EMG and angle fit best when the EMG is moved by {value:+.2f} s.",
        "Check how EMG and angle are synchronised, and move the EMG accordingly.",
    ),
    "unexplained": (
        (
            "The EMG does not explain the motion: {value:.0f} % of the angle's variance, no better than EMG "
            "shifted in time."
        ),
        (
            "Check that EMG and angle belong together, that the muscles drive this joint, and that the "
            "movement was active."
        ),
    ),
    "no_motion": (
        "The angle moves by {value:.1f} deg only.",
        "A held posture identifies little: record movements over the joint's range.",
    ),
}
