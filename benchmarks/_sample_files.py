"""Small files of every kind that sk_bionic.io reads, to be damaged."""

import numpy as np

from sk_bionic.io import read_c3d, read_sto, read_trc

CONTENTS = ("analog", "markers", "force_plates")


def read_whole_c3d(path):
    """Everything that a C3D file holds."""
    return [read_c3d(path, contents=contents) for contents in CONTENTS]


def readers():
    """Extension to reader."""
    return {".sto": read_sto, ".mot": read_sto, ".trc": read_trc, ".c3d": read_whole_c3d}


def samples(folder):
    """Write one file of each kind; paths."""
    texts = {
        "version_1.sto": _storage(["walk", "version=1", "nRows=20", "nColumns=5", "inDegrees=no"]),
        "version_3.sto": _storage(["", "DataType=double", "version=3", "OpenSimVersion=4.6"]),
        "degrees.mot": _storage(["walk", "nRows=20", "nColumns=5", "inDegrees=yes"]),
        "simm.mot": _storage(["name walk", "datacolumns 5", "datarows 20", "range 0 0.19"], "  "),
        "markers.trc": _markers(),
    }
    paths = []
    for name, text in texts.items():
        paths.append(folder / name)
        paths[-1].write_text(text)
    return [*paths, write_c3d(folder / "walk.c3d")]


def _storage(header, separator="\t"):
    rows = np.random.default_rng(0).normal(size=(20, 5)).round(6)
    rows[:, 0] = np.arange(20) / 100
    labels = ["time", "hip_flexion_r", "pelvis_tx", "soleus", "hip_moment"]
    body = [labels, *rows.tolist()]
    lines = (separator.join(map(str, row)) for row in body)
    return "\n".join([*header, "endheader", *lines, ""])


def _markers():
    rows = np.random.default_rng(0).normal(scale=500, size=(10, 6)).round(3).tolist()
    head = [
        "PathFileType\t4\t(X/Y/Z)\twalk.trc",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits",
        "100\t100\t10\t2\tmm",
        "Frame#\tTime\tKnee\t\t\tR.Ankle\t\t\t",
        "\t\tX1\tY1\tZ1\tX2\tY2\tZ2",
        "",
    ]
    body = ("\t".join(map(str, [i + 1, i / 100, *row])) for i, row in enumerate(rows))
    return "\n".join([*head, *body, ""])


def write_c3d(path, *, n_markers=3, n_channels=14, n_frames=10, samples_per_frame=4, n_plates=2):
    """A C3D file written by ezc3d; the signals are `c3d_signals`."""
    import ezc3d

    recording = ezc3d.c3d()
    point, analog, plates = (recording["parameters"][group] for group in ("POINT", "ANALOG", "FORCE_PLATFORM"))
    point["RATE"]["value"] = [100]
    point["UNITS"]["value"] = ["mm"]
    point["LABELS"]["value"] = [f"M{i + 1}" for i in range(n_markers)]
    analog["RATE"]["value"] = [100 * samples_per_frame]
    analog["LABELS"]["value"] = [f"EMG{i + 1}" for i in range(n_channels)]
    analog["UNITS"]["value"] = ["V"] * min(n_channels, 255)  # ezc3d splits labels only
    positions, signals = c3d_signals(n_markers, n_channels, n_frames, samples_per_frame)
    recording["data"]["points"], recording["data"]["analogs"] = positions, signals
    corner = np.array([[400.0, 600, 0], [0, 600, 0], [0, 0, 0], [400, 0, 0]]).T
    values = {
        "USED": [n_plates],
        "TYPE": [2] * n_plates,
        "ZERO": [0, 0],
        "CHANNEL": np.arange(1, 6 * n_plates + 1).reshape(6, n_plates, order="F"),
        "CORNERS": np.repeat(corner[:, :, None], n_plates, axis=2),
        "ORIGIN": np.tile([[0.0], [0.0], [-40.0]], n_plates),
    }
    for name, value in values.items():
        value = np.array(value)
        kind = 4 if value.dtype == float else 2
        plates[name] = {"type": kind, "value": value, "description": "", "is_locked": False}
    recording.write(str(path))
    return path


def c3d_signals(n_markers, n_channels, n_frames, samples_per_frame):
    """Positions [mm] (3, n_markers, n_frames), analog (1, n_channels, n_samples)."""
    rng = np.random.default_rng(0)
    positions = rng.normal(scale=500, size=(3, n_markers, n_frames))
    return positions, rng.normal(size=(1, n_channels, n_frames * samples_per_frame))
