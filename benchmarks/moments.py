"""EMG-driven moments on any joint: agreement with OpenSim, walking people, how long a calibration takes.

Tables are printed and kept in results/moments.md. With OpenSim (pip install 'sk-bionic[opensim]') and
Rajagopal2016.osim (--rajagopal; of opensim-models) paths are compared with OpenSim's own.
"""

import argparse
import warnings
from pathlib import Path

import _moment_gait
import _moment_speed
from _tables import environment, markdown

RESULT = Path(__file__).parent / "results" / "moments.md"
PARTS = ("paths", "adult", "child", "walking", "speed")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-home", help="folder of the recordings (default: SK_BIONIC_DATA, else the cache)")
    parser.add_argument("--rajagopal", type=Path, help="Rajagopal2016.osim")
    parser.add_argument(
        "--keep", type=Path, help="folder that keeps fitted paths, so that another run need not measure them"
    )
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=list(PARTS))
    parser.add_argument("--output", type=Path, default=RESULT)
    return parser.parse_args()


def paths(given):
    if given.rajagopal is None:
        return "## Paths against OpenSim\n\nNot run: give --rajagopal.\n"
    from _path_agreement import N_POSTURES, agreement

    table, (wall, cpu) = agreement(given.rajagopal)
    good = (table["length RMSE [mm]"] < 1.0) & (table["moment arm RMSE [mm]"] < 1.0)
    others = (table["length RMSE, others [mm]"] < 1.0) & (table["moment arm RMSE, others [mm]"] < 1.0)
    return f"""## Paths against OpenSim: hip (three angles), knee, ankle and subtalar joint of Rajagopal2016

{N_POSTURES} random postures over the whole ranges of the file. {good.sum()} of {len(table)} muscles are within 1 mm
(root mean square over all postures) in length and in every moment arm; their median errors are
{table["length RMSE [mm]"].median():.2f} and {table["moment arm RMSE [mm]"].median():.2f} mm. Fitting all of them took
{wall:.0f} s ({cpu:.0f} s of CPU time), OpenSim's measurements included.

Worse are those whose paths, in OpenSim, fall through a wrapping surface (the length jumps, by up to 31 mm), flip to its
other side (a moment arm does) or have moment arms that are not the slopes of their lengths: no smooth path has both.
"Path broken": postures, among those that are off by more than 1 mm, to which the straight way from the middle of the
ranges crosses such a place in OpenSim itself. In the other postures {others.sum()} of {len(table)} are within 1 mm.

{markdown(table[~good])}
"""


def adult(given):
    table = _moment_gait.adult(given.data_home, _kept(given, "adult.json"))
    return f"""## Walking adult (62 kg), six strides with all EMG, leave one stride out [N m]

The hip in three dimensions, 43 muscles, 14 electrodes; muscles without one are passive.

{markdown(table)}
"""


def child(given):
    table, lengths = _moment_gait.child(given.data_home)
    return f"""## Walking child with cerebral palsy, right leg, four strides, leave one stride out [N m]

43 muscles on the published polynomials. Of 8 electrodes the one over the vastus lateralis has no signal: the vasti are
driven by rectus femoris'. "Published personalised": the lengths that the authors identified from EMG and moments
with an optimal-control method; gains are fitted in every row.

{markdown(table)}

Identified lengths against the published ones (factors on the generic values):

{markdown(lengths)}
"""


def walking(given):
    import _moment_walking

    table = _moment_walking.contest(given.data_home, _kept(given, "walking.json"))
    return f"""## The walking trial of `walking.py`, the hip in three dimensions: first stride to second [N m]

{markdown(table)}
"""


def speed(given):
    table = _moment_speed.speed(given.data_home)
    return f"""## Time: 43 muscles, three moments, one stride

Simulated annealing is scipy's `dual_annealing` on the same objective from the same start, {_moment_speed.TIMES_AS_LONG}
times as long, where few parameters are free, which suits it best.

{markdown(table)}
"""


def _kept(given, name):
    if given.keep is None:
        return None
    given.keep.mkdir(parents=True, exist_ok=True)
    return given.keep / name


def main():
    given = arguments()
    warnings.simplefilter("ignore")
    text = "# EMG-driven moments\n\n"
    for name in given.parts:
        part = {"paths": paths, "adult": adult, "child": child, "walking": walking, "speed": speed}[name](given)
        print(part, flush=True)
        text += part + "\n"
    given.output.write_text(text + environment() + "\n")


if __name__ == "__main__":
    main()
