"""One recording in every format that sk_bionic.io reads: how each is written, and read again."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
from _c3d_bytes import write_c3d_bytes
from _edf_bytes import write_edf
from _xdf_bytes import write_xdf
from scipy.signal import butter, sosfiltfilt

from sk_bionic.cli._config import Data
from sk_bionic.cli._recordings import read_recording
from sk_bionic.io import (
    from_mne,
    read_bids,
    read_c3d,
    read_delsys,
    read_edf,
    read_noraxon,
    read_sto,
    read_xdf,
    to_mne,
    write_sto,
)

RATE, DURATION = 2000.0, 5.0
COUNT = 1e-7  # V, of a 16-bit amplifier of +- 3.3 mV
COLUMNS = ["biceps", "triceps"]


def recording(counts=False):
    """Raw EMG [V] of two muscles, 5 s at 2000 Hz; as any numbers, or in whole counts of an amplifier."""
    rng = np.random.default_rng(0)
    n_samples = round(DURATION * RATE)
    noise = sosfiltfilt(butter(2, [20, 400], "bandpass", fs=RATE, output="sos"), rng.normal(size=(2, n_samples)))
    time = np.arange(n_samples) / RATE
    emg = 5e-4 * (0.1 + np.sin(np.pi * np.array([[time], [time + 0.5]])[:, 0]) ** 2) * noise
    emg = np.round(emg / COUNT) * COUNT if counts else emg
    index = pd.MultiIndex.from_product([["curl"], time], names=["trial", "time"])
    table = pd.DataFrame(emg.T, index, columns=COLUMNS)
    table.attrs.update(units=dict.fromkeys(COLUMNS, "V"), emg=COLUMNS)
    return table


def by_c3d(table, folder):
    labels = {("ANALOG", "LABELS"): COLUMNS, ("ANALOG", "RATE"): RATE}
    path = write_c3d_bytes(folder / "curl.c3d", analog=table.to_numpy(), samples=20, changes=labels)
    return read_c3d(path)


def by_sto(table, folder):
    write_sto(table, folder / "curl.sto")
    return read_sto(folder / "curl.sto")


def by_csv(table, folder):
    table.reset_index("trial", drop=True).to_csv(folder / "curl.csv")
    return read_recording(folder / "curl.csv", Data(), "curl").table.astype(float)


def by_emgworks(table, folder):
    time = np.arange(len(table)) / RATE
    rows = [f"{t:.7g},{a:.7g},{t:.7g},{b:.7g}" for t, (a, b) in zip(time, table.to_numpy(), strict=True)]
    path = folder / "curl.csv"
    path.write_text("\n".join(['X[s],"S 1: EMG 1",X[s],"S 2: EMG 2"', *rows, ""]))
    return read_delsys(path).set_axis(COLUMNS, axis=1)


def by_myoresearch(table, folder):
    rows = [f"{i / RATE:.5f};{a:.10g};{b:.10g}" for i, (a, b) in enumerate(1e6 * table.to_numpy())]
    text = "\n".join(['"time";"biceps (uV)";"triceps (uV)"', *rows, ""]).replace(".", ",")
    path = folder / "curl.csv"
    path.write_text(text)
    return read_noraxon(path)


def by_amplifiers_edf(table, folder):
    counts = np.round(table.to_numpy() / COUNT).astype(int)
    signals = {name: (counts[:, j], round(RATE), "uV", (-3276.8, 3276.7)) for j, name in enumerate(COLUMNS)}
    return read_edf(write_edf(folder / "curl.edf", signals))


def by_mnes_edf(table, folder):
    return _exported(table, folder / "curl.edf")


def by_mnes_bdf(table, folder):
    return _exported(table, folder / "curl.bdf")


def _exported(table, path):
    import mne

    mne.export.export_raw(path, to_mne(table), fmt=path.suffix[1:], overwrite=True, verbose="ERROR")
    return read_edf(path)


def by_bids(table, folder):
    import mne_bids

    raw = to_mne(table)
    raw.info["line_freq"] = 50
    entities = {"subject": "01", "task": "curl", "datatype": "emg", "suffix": "emg", "extension": ".bdf"}
    path = mne_bids.BIDSPath(root=folder / "bids", **entities)
    shutil.rmtree(folder / "bids", ignore_errors=True)
    options = {"allow_preload": True, "emg_placement": "Measured", "verbose": "ERROR"}
    mne_bids.write_raw_bids(raw, path, format="BDF", **options)
    return read_bids(path)


def by_xdf(table, folder):
    stream = {"name": "A", "type": "EMG", "labels": COLUMNS, "units": ["volts"] * 2, "rate": RATE, "offset": 0.0}
    stamps = 1000.0 + np.arange(len(table)) / RATE
    return read_xdf(write_xdf(folder / "curl.xdf", [{**stream, "stamps": stamps, "values": table.to_numpy()}]))


def by_mne(table, folder):
    return from_mne(to_mne(table))


def by_fif(table, folder):
    import mne

    path = Path(folder) / "curl_raw.fif"
    to_mne(table).save(path, fmt="single", overwrite=True, verbose="ERROR")
    return from_mne(mne.io.read_raw(path, verbose="ERROR"))


# Name, how, the package it needs, what the format cannot hold.
FORMATS = (
    ("C3D, floating point", by_c3d, None, "four bytes a number"),
    ("OpenSim .sto", by_sto, None, "units"),
    ("CSV", by_csv, None, "units"),
    ("Delsys EMGworks CSV", by_emgworks, None, "more than seven digits, of time either"),
    ("Noraxon myoRESEARCH CSV", by_myoresearch, None, "times below 10 us"),
    ("EDF, from an amplifier", by_amplifiers_edf, None, "more than 16 bits; where the clock began"),
    ("EDF, by MNE", by_mnes_edf, "mne", "more than 16 bits: 1 / 65,536 of the range; where the clock began"),
    ("BDF, by MNE", by_mnes_bdf, "mne", "more than 24 bits; where the clock began"),
    ("BIDS-EMG (BDF), by MNE-BIDS", by_bids, "mne_bids", "more than 24 bits"),
    ("XDF", by_xdf, "pyxdf", "-"),
    ("MNE", by_mne, "mne", "-"),
    ("MNE's .fif, single", by_fif, "mne", "four bytes a number, unless saved with fmt='double'"),
)


def difference(found, table):
    """Largest differences of values, relative to the amplitude, and of times [s]; raises where trials differ."""
    if found.index.get_level_values("trial").tolist() != table.index.get_level_values("trial").tolist():
        raise AssertionError(f"trials {found.index.get_level_values('trial').unique().tolist()}")
    time, expected = (frame.index.get_level_values("time").to_numpy() for frame in (found, table))
    values = np.abs(found[COLUMNS].to_numpy() - table.to_numpy()).max() / np.abs(table.to_numpy()).max()
    return values, np.abs(time - expected).max()
