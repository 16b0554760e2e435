"""Files of motion laboratories: OpenSim's tables (.sto, .mot), markers (.trc), C3D, and what EMG systems export."""

from sk_bionic.io.c3d import read_c3d
from sk_bionic.io.delsys import read_delsys
from sk_bionic.io.noraxon import read_noraxon
from sk_bionic.io.sto import read_sto
from sk_bionic.io.sto_writer import write_sto
from sk_bionic.io.trc import read_trc

__all__ = ["read_c3d", "read_delsys", "read_noraxon", "read_sto", "read_trc", "write_sto"]
