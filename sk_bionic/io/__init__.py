"""Files of motion laboratories: OpenSim's tables (.sto, .mot; muscle analyses), markers (.trc) and C3D."""

from sk_bionic.io.c3d import read_c3d
from sk_bionic.io.muscle_analysis import read_muscle_analysis
from sk_bionic.io.sto import read_sto
from sk_bionic.io.sto_writer import write_sto
from sk_bionic.io.trc import read_trc

__all__ = ["read_c3d", "read_muscle_analysis", "read_sto", "read_trc", "write_sto"]
