"""Files of motion laboratories: OpenSim's tables and muscle analyses, markers (.trc), C3D, exports of EMG systems."""

from sk_bionic.io.bids import read_bids
from sk_bionic.io.c3d import read_c3d
from sk_bionic.io.delsys import read_delsys
from sk_bionic.io.edf import read_edf
from sk_bionic.io.mne import from_mne, to_mne
from sk_bionic.io.muscle_analysis import read_muscle_analysis
from sk_bionic.io.nexus import read_nexus
from sk_bionic.io.noraxon import read_noraxon
from sk_bionic.io.sto import read_sto
from sk_bionic.io.sto_writer import write_sto
from sk_bionic.io.trc import read_trc
from sk_bionic.io.xdf import read_xdf

__all__ = [
    "from_mne",
    "read_bids",
    "read_c3d",
    "read_delsys",
    "read_edf",
    "read_muscle_analysis",
    "read_nexus",
    "read_noraxon",
    "read_sto",
    "read_trc",
    "read_xdf",
    "to_mne",
    "write_sto",
]
