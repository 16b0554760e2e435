"""Arguments of the command line, its help, and how its errors look."""

import argparse
import sys
import textwrap
import warnings

from .. import __version__
from . import _commands
from ._ceinms import ceinms
from ._check import check
from ._example import write_example
from ._moments import moments
from ._stream import stream
from ._words import in_plain_words

DESCRIPTION = """\
From the electrical activity of muscles (surface EMG) to the angle of a joint, the forces of the muscles and the
subject's own muscle parameters.

One configuration file (a text file, ending in .toml) says where your recordings are, what their columns mean and how
the model is built. Each command reads it. To see one, and to try every command on a small simulated recording:

    sk-bionic example try_it
    cd try_it
    sk-bionic fit elbow.toml
    sk-bionic predict elbow.toml new_trial.csv --output prediction.csv
"""
EPILOG = """\
Help on one command: sk-bionic fit --help.   Recordings may be .csv, .tsv, .parquet, .sto, .mot or .c3d files.
"""
CONFIG_HELP = "configuration file (.toml); 'sk-bionic example' writes one with an explanation of every line"
SET_HELP = (
    "use another value than the configuration file has, for this run; may be repeated. Example: --set "
    "estimator.max_epochs=50"
)


def main(argv=None):
    """Run the command line.

    Parameters
    ----------
    argv : list of str, optional
        Arguments. Default: those of the process.

    Returns
    -------
    int
        0; 1 where `check` found faults; 2 after an error, whose message is on the standard error; 130 after an
        interrupt.
    """
    parser = _parser()
    arguments = parser.parse_args(argv)
    if arguments.run is None:
        parser.print_help()
        return 0
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            return arguments.run(arguments) or 0
        except KeyboardInterrupt:
            print("sk-bionic: interrupted; nothing was written.", file=sys.stderr)
            return 130
        except Exception as error:
            if arguments.traceback:
                raise
            print(_wrapped(f"sk-bionic: error: {_message(error)}"), file=sys.stderr)
            return 2


def _message(error):
    known = isinstance(error, ValueError | TypeError | OSError | ImportError)
    return (
        in_plain_words(str(error))
        if known and str(error)
        else f"{type(error).__name__}: {error} (--traceback shows where)"
    )


def _show_warning(message, category, filename, lineno, file=None, line=None):
    text = getattr(message, "plain_message", None) or in_plain_words(str(message))
    print(_wrapped(f"sk-bionic: warning: {text}"), file=sys.stderr)


def _wrapped(text):
    return textwrap.fill(text, 100, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)


def _parser():
    parser = argparse.ArgumentParser(
        "sk-bionic", description=DESCRIPTION, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"sk_bionic {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    parser.set_defaults(run=None)
    for add in (
        _add_example,
        _add_check,
        _add_fit,
        _add_predict,
        _add_compare,
        _add_report,
        _add_moments,
        _add_ceinms,
        _add_stream,
    ):
        add(commands)
    return parser


def _command(commands, name, run, summary, explanation, example, config=True, model_file=True):
    text = f"{summary[0].upper()}{summary[1:]}.\n\n{textwrap.dedent(explanation).strip()}\n\nExample:\n    {example}\n"
    command = commands.add_parser(
        name, help=summary, description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    command.set_defaults(run=run)
    command.add_argument("--traceback", action="store_true", help="show where in the program an error came up")
    command.add_argument("--overwrite", action="store_true", help="replace files that exist already")
    if config:
        command.add_argument("config", metavar="CONFIG", help=CONFIG_HELP)
        command.add_argument("--set", action="append", default=[], metavar="TABLE.NAME=VALUE", help=SET_HELP)
    if config and model_file:
        command.add_argument(
            "--model-file", metavar="FILE", help="file of the fitted model. Default: what the configuration says"
        )
    return command


def _add_example(commands):
    command = _command(
        commands, "example", write_example, "write a small simulated recording and its configuration file",
        """
        A new folder gets four trials of a simulated elbow (two EMG channels and the angle), a further trial to predict,
        and elbow.toml, in which every line is explained. Change that file to describe recordings of your own.
        """,
        "sk-bionic example try_it", config=False,
    )  # fmt: skip
    command.add_argument("folder", metavar="FOLDER", help="where to write; is made if it does not exist")


def _add_check(commands):
    command = _command(
        commands, "check", check, "look for faults of recordings before a fit",
        """
        Looks for missing, flat, clipped and exchanged channels, artefacts, hum of the mains, drift, copies, uneven time
        and angles that the EMG does not explain, and says what to do about each. With a configuration file it checks
        the recordings that this names (or those that follow it) with their angles; with recordings alone it takes every
        column for EMG. Ends with status 1 where it found more than notes.
        """,
        "sk-bionic check elbow.toml", config=False,
    )  # fmt: skip
    command.add_argument(
        "inputs",
        nargs="+",
        metavar="CONFIG_OR_RECORDING",
        help="a configuration file (.toml), or recordings, or both in this order",
    )
    command.add_argument("--set", action="append", default=[], metavar="TABLE.NAME=VALUE", help=SET_HELP)
    command.add_argument("--output", "-o", metavar="FILE", help="write the findings here, too (.csv or .parquet)")


def _add_moments(commands):
    command = _command(
        commands, "moments", moments, "calibrate a model to joint moments of inverse dynamics",
        """
        What EMG-driven modelling calls calibration: along the measured motion, the moments that the model's muscles
        exert are fitted to those of inverse dynamics. The configuration names, besides EMG and angles, the coordinates
        whose moments were measured (moments = ["knee_angle_r"]) and the files that hold them (moment_files =
        ["*_id.sto"], in N m). Joint angles should be low-passed, as for inverse dynamics.
        """,
        "sk-bionic moments walking.toml --osim calibrated.osim --output moments.sto", model_file=False,
    )  # fmt: skip
    command.add_argument("--parameters", metavar="FILE", help="write the calibrated parameters here (.csv or .parquet)")
    command.add_argument(
        "--output",
        "-o",
        metavar="FILE",
        help="write the moments of the calibrated model here (.csv, .tsv, .parquet, .sto or .mot)",
    )
    command.add_argument(
        "--osim", metavar="FILE", help="write a copy of the .osim file with the calibrated muscles here"
    )


def _add_ceinms(commands):
    command = _command(
        commands, "ceinms", ceinms, "calibrate or run a CEINMS project as its files say",
        """
        Takes the setup files of CEINMS as they are. 'calibrate' fits the subject's parameters to the external moments
        of the calibration's trials, within seconds and under priors, and writes the calibrated subject; 'run' executes
        a trial, in open loop or hybrid (EMG-assisted, static optimisation), and writes Torques.sto, MuscleForces.sto,
        ... CEINMS reads both. Results of the same name are replaced, as CEINMS does; an earlier calibrated subject is
        kept beside.
        """,
        "sk-bionic ceinms calibrate calibrationSetup.xml", config=False,
    )  # fmt: skip
    command.add_argument("job", choices=["calibrate", "run"], help="what CEINMScalibrate, or CEINMS, does")
    command.add_argument("setup", metavar="SETUP", help="the setup file (.xml)")
    command.add_argument(
        "--output",
        "-o",
        metavar="PATH",
        help="where to write: a file of the subject, or a folder. Default: as the setup says",
    )
    command.add_argument(
        "--keep-ranges", action="store_true", help="calibrate: gains, too, stay within the configuration's ranges"
    )
    command.add_argument(
        "--missing",
        choices=["synergists", "passive", "synergies", "function"],
        default="synergists",
        help="muscles without electrodes: driven by muscles that pull alike about the same joints and are most of them "
        "(synergists, the default), passive as CEINMS has them, or driven by mixtures of the signals: synergies that "
        "lower the error of moments left out, or muscles of like function. What drives them is written as an "
        "excitation generator beside the calibrated subject, which an open loop of that subject takes unless --missing "
        "passive is given",
    )
    command.add_argument(
        "--fixed-lengths", action="store_true", help="calibrate: lengths of fibers and tendons stay as they are"
    )


def _add_fit(commands):
    command = _command(
        commands, "fit", _commands.fit, "fit the model to your recordings and save it",
        """
        Reads the recordings that the configuration names, identifies the subject's muscle parameters, trains the
        networks, prints the parameters with their standard errors, and writes the fitted model to a file. It takes from
        a few seconds to some minutes. Warnings tell what your recording cannot determine, and what recording would.
        """,
        "sk-bionic fit elbow.toml --parameters parameters.csv",
    )  # fmt: skip
    command.add_argument(
        "--parameters", metavar="FILE", help="write the table of parameters here, too (.csv or .parquet)"
    )


def _add_predict(commands):
    command = _command(
        commands, "predict", _commands.predict, "predict joint angles or muscle forces of new recordings",
        """
        Needs a model that 'sk-bionic fit' has written. The new recordings need the EMG columns only; where they have
        the measured angle too, the error of the prediction is printed. Results ending in .sto or .mot open in
        OpenSim; they hold one trial each, so several trials give several files, with the trial's name in theirs.
        """,
        "sk-bionic predict elbow.toml new_trial.csv --output prediction.csv",
    )  # fmt: skip
    command.add_argument(
        "recordings", nargs="+", metavar="RECORDING", help="files to predict; patterns such as 'day2_*.csv' work"
    )
    command.add_argument(
        "--output", "-o", required=True, metavar="FILE", help="where to write (.csv, .tsv, .parquet, .sto or .mot)"
    )
    command.add_argument(
        "--what", choices=list(_commands.QUANTITIES), default="angles",
        help="angles [unit of the configuration] (the default), muscle forces [N], muscle activations (0 to 1) or "
        "joint torques [N m]",
    )  # fmt: skip
    command.add_argument(
        "--std",
        action="store_true",
        help="add the standard deviation of every angle or force, in columns ending in _std",
    )


def _add_compare(commands):
    command = _command(
        commands, "compare", _commands.compare,
        "compare the model with usual learners on recordings none of them has seen",
        """
        Every method is trained on one part of the recordings and tested on another: whole trials are left out in turn,
        or, of a single trial, its last 30 %. Neighbouring samples are never dealt to both parts, which would make every
        method look better than it is. 'time_only' sees the clock and no EMG: a method that is no better has learnt
        the order of your movements, not the muscles. Searching hyperparameters takes minutes.
        """,
        "sk-bionic compare elbow.toml --methods ridge random_forest --output comparison.csv",
    )  # fmt: skip
    command.add_argument(
        "--methods",
        nargs="+",
        metavar="METHOD",
        help=f"from: {', '.join(_commands.BASELINES)}. The model itself always takes part",
    )
    command.add_argument("--output", "-o", metavar="FILE", help="write the table here, too (.csv or .parquet)")


def _add_report(commands):
    command = _command(
        commands, "report", _commands.report, "write a report of the fitted subject as a web page",
        """
        One self-contained .html file: error on recordings that the model has not seen, quality of the recording, what
        it determines of muscles and joint, muscle forces, warnings. Needs a model that 'sk-bionic fit' has written, and
        shows it on the recordings that the configuration names.
        """,
        "sk-bionic report elbow.toml --output report.html",
    )  # fmt: skip
    command.add_argument(
        "--output", "-o", default="report.html", metavar="FILE", help="where to write. Default: report.html"
    )
    command.add_argument(
        "--no-held-out", action="store_true",
        help="do not fit parts of the recordings anew to tell the error on the others: quicker, and the report then "
        "tells the error of the fit itself",
    )  # fmt: skip


def _add_stream(commands):
    command = _command(
        commands, "stream", stream, "predict EMG of a Lab Streaming Layer stream while it is recorded",
        """
        Reads EMG from a stream of the Lab Streaming Layer and publishes angles [rad], muscle forces [N], moments [N m],
        their standard deviations and flags as another, until it is interrupted (Ctrl-C). MODEL is a model that
        'sk-bionic fit' has written, or the configuration it was fitted from, which says how envelopes are made of raw
        EMG. Nothing is sent beyond this computer unless --scope says so. Needs the extra: pip install 'sk_bionic[lsl]'.
        """,
        "sk-bionic stream elbow.toml --inlet EMG --outlet Motion", config=False,
    )  # fmt: skip
    command.add_argument("model", metavar="MODEL", help="file of a fitted model, or a configuration (.toml)")
    command.add_argument("--inlet", required=True, metavar="NAME", help="name of the stream with the EMG")
    command.add_argument("--outlet", required=True, metavar="NAME", help="name of the stream that is published")
    command.add_argument(
        "--lag", type=float, default=0.0, metavar="S", help="seconds that the angle may wait: smoother"
    )
    command.add_argument(
        "--frame-rate", type=float, metavar="HZ", help="predictions a second. Default: that of the model"
    )
    command.add_argument("--duration", type=float, metavar="S", help="end after so many seconds")
    command.add_argument(
        "--wait", type=float, default=30.0, metavar="S", help="how long to wait for the stream. Default: 30"
    )
    command.add_argument(
        "--scope", choices=("machine", "link", "site"), default="machine",
        help="how far streams are looked for and can be seen. Default: machine, this computer alone",
    )  # fmt: skip
