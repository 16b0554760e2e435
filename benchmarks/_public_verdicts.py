"""Why we read otherwise than an independent reader: file (the end of its path) to reason, each looked into."""

_C3D_STOPS = (
    "c3d stops at the count of parameter blocks in the section's header (3), which is too small, and so loses the "
    "group ANALOG with GEN_SCALE = -1; ezc3d reads the repaired copy of the recording (sample_13) with our sign"
)
_SIGN = "ANALOG:GEN_SCALE is -1; ezc3d reads so as well, c3d loses the group behind a count of blocks too small"
_COUNTS = (
    "counts to 65535 in a file that says SIGNED or nothing: the offset -32768 is 32768, by which channels rest at 0; "
    "ezc3d reads so as well"
)
_NO_RATE = "no ANALOG:RATE: ezc3d then leaves out the analog values and takes them for markers; c3d reads what we read"
_NO_WORD = (
    "c3d takes markers for missing whose residual is stored as 1.7e38, beyond its integers; ezc3d reads what we read"
)
_NO_MARKERS = "no POINT:USED: ezc3d finds no markers; c3d reads what we read"
_NO_HERTZ = "no POINT:RATE: ezc3d states 0 Hz, values are equal; c3d has the rate that we have"
_UNSIGNED = "ANALOG:FORMAT is UNSIGNED: ezc3d reads offsets with a sign all the same; c3d reads what we read"

VERDICTS = {
    "sample13/Dance.c3d": _C3D_STOPS,
    "sample13/golfswing.c3d": _C3D_STOPS,
    "sample_13/Dance1.c3d": _SIGN,
    "sample_13/golfswing1.c3d": _SIGN,
    "sample_27/kyowadengyo.c3d": (
        "POINT:USED says 12 markers, for which the file is too short; the header's 11 fill it to the block (and a "
        "warning says so). By 12, which ezc3d takes and so ends early, a force plate in rest shows 13,000 N"
    ),
    "others/Analysis.c3d": _COUNTS,
    "sample_07/16bitanalog.c3d": _COUNTS,
    "sample28/dynamic.C3D": _NO_RATE,
    "sample28/standing.C3D": _NO_RATE,
    "sample28/type1.C3D": _NO_RATE,
    "others/561xxa01_anonym.C3D": _NO_RATE,
    "others/shd01.c3d": _UNSIGNED,
    "MuscleLength/test.c3d": _UNSIGNED,
    "sample_17/128analogchannels.c3d": _UNSIGNED,
    "sample20/phasespace_sample.c3d": _NO_MARKERS,
    "ezc3d-testFiles/Kistler.c3d": _NO_HERTZ,
    "sample_30/admarche2.c3d": _NO_WORD,
    "sample_30/marche281.c3d": _NO_WORD,
}


def verdict(file):
    """The reason, empty for a file that nobody has looked into."""
    return next((text for end, text in VERDICTS.items() if file.endswith(end)), "")
