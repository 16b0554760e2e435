"""Measured force and torque: a cat's soleus, a man's dorsiflexors and plantarflexors, and what the model says of each.

Tables are printed and kept in results/measured_forces.md.
"""

import argparse
import time
import warnings
from pathlib import Path

import _ankle_torque
import _cat_soleus
import _plantarflexors
from _tables import environment, markdown

RESULT = Path(__file__).parent / "results" / "measured_forces.md"
SHOWN = ["muscle", "name", "unit", "initial", "value", "std_err", "identifiable"]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-home", help="folder of the recordings (default: SK_BIONIC_DATA, else the cache)")
    parser.add_argument("--output", type=Path, default=RESULT)
    return parser.parse_args()


def table_of(parameters):
    """Identified parameters as Markdown."""
    shown = parameters[SHOWN].assign(identifiable=parameters["identifiable"].map({True: "yes", False: "no"}))
    return markdown(shown, default=".3g")


def cat(data_home):
    table, parameters = _cat_soleus.contest(data_home)
    return f"""## Cat soleus under maximal stimulation

Identified on the stretches of 3 mm/s (traces {", ".join(_cat_soleus.STRETCHES)}), judged on the isometric ones
({", ".join(_cat_soleus.ISOMETRIC)}) and the passive stretch ({", ".join(_cat_soleus.PASSIVE)}). Force enhancement
during and after a stretch is no part of any Hill-type model: it is what is left.

{markdown(table)}

Rigid tendon:

{table_of(parameters["rigid"])}
"""


def ankle(data_home):
    table = _ankle_torque.contest(data_home)
    return f"""## Ankle dorsiflexion: torque of a dynamometer

Tibialis anterior's EMG and the angle, torque raw (passive tissue and gravity are part of it, no antagonist was
recorded). Five active trials: leave one out; and from the fixed end ({_ankle_torque.FIXED[0]}) to the stretches. The
EMG-driven model also sees the passive trials, which make ridge regression worse, so that it is spared them. The
measured fascicle is never used in fitting.

{markdown(table)}
"""


def plantarflexors(data_home):
    table, parameters, spread = _plantarflexors.contest(data_home)
    return f"""## Plantarflexion: maximal voluntary torque at nine angles

One muscle, postures without time; identified from the first trial at each angle, judged on the second. Two trials at
one angle differ by {spread:.1f} N m (standard deviation).

{markdown(table)}

Rigid tendon, all trials:

{table_of(parameters["rigid"])}
"""


def main():
    given = arguments()
    warnings.simplefilter("ignore")
    start = time.process_time()
    parts = [part(given.data_home) for part in (cat, ankle, plantarflexors)]
    text = "\n".join(["# Measured force and torque\n", *parts])
    text += f"\n{time.process_time() - start:.0f} s of CPU time. {environment()}\n"
    given.output.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
