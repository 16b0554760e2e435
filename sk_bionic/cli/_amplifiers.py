"""Files of amplifiers and their programs: EDF, BDF, BIDS, XDF, what MNE reads, exports of Delsys, Noraxon and
Vicon."""

from ..io import from_mne, read_bids, read_delsys, read_edf, read_nexus, read_noraxon, read_xdf
from ..io._delsys_layout import is_delsys
from ..io._exports import read_head
from ..io.bids import has_channels
from ..io.nexus import is_nexus
from ..io.noraxon import is_noraxon

EDF = (".edf", ".bdf")
XDF = (".xdf", ".xdfz")
OF_MNE = (".fif", ".vhdr", ".set")
AMPLIFIERS = (*EDF, *XDF, *OF_MNE)


def read_amplifier(path, trial):
    """Table of a file, its trials named after the file and, where it has several, their annotation."""
    suffix = path.suffix.lower()
    if suffix in XDF:
        table = read_xdf(path, trial=trial)
    elif suffix in OF_MNE:
        table = from_mne(_raw(path), trial=trial)
    elif has_channels(path):
        table = read_bids(path, trial=trial)
    else:
        table = read_edf(path, trial=trial)
    return _named_after(table, trial)


def read_export(path, trial):
    """Table of a text file that Delsys', Noraxon's or Vicon's program exported; None for any other."""
    lines, _ = read_head(path)
    if is_delsys(lines):
        return read_delsys(path, signals="all", trial=trial)
    if is_noraxon(lines):
        return read_noraxon(path, signals="all", trial=trial)
    if is_nexus(lines):
        return read_nexus(path, sections="all", trial=trial)
    return None


def _raw(path):
    try:
        import mne
    except ImportError as error:
        raise ImportError(f'Files such as {path.name} are read by MNE: pip install "sk_bionic[mne]".') from error
    try:
        return mne.io.read_raw(path, verbose="ERROR")
    except (ValueError, RuntimeError, NotImplementedError) as error:
        raise ValueError(f"{path}: MNE cannot read this file: {error}") from error


def _named_after(table, trial):
    names = table.index.get_level_values("trial").unique()
    if list(names) == [trial]:
        return table
    attrs = dict(table.attrs)
    table = table.rename(index={name: f"{trial}_{name}" for name in names}, level="trial")
    table.attrs.update(attrs)
    return table
