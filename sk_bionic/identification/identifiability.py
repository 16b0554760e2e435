"""What a recording determines, what it leaves to the prior or to muscles in common, and what recording would help."""

from collections import Counter, defaultdict
from typing import NamedTuple

import numpy as np

from ..exceptions import LINE, fitting_in
from ..musculoskeletal.prior import FreeParameters

# A direction of parameter space along which the data narrow the prior by less than a tenth: 1 / sqrt(1 + 0.23) = 0.9.
WEAK_INFORMATION = 0.23
NOT_NARROWER = 0.9  # posterior over prior standard deviation
LOADING = 0.4  # smallest share of a parameter in a weak direction that is worth naming
COPY_CORRELATION = 0.9999  # of two EMG channels that are taken for copies of one another

ADVICE = {
    "max_isometric_force": "stronger contractions of this muscle, or a known load",
    "optimal_fiber_length": "a wider range of motion",
    "tendon_slack_length": "a wider range of motion",
    "emg_gain": "contractions of very different strength",
    "emg_shape_factor": "contractions of very different strength",
    "electromechanical_delay": "faster changes of EMG",
    "activation_time_constant": "faster changes of EMG",
    "deactivation_time_constant": "faster changes of EMG",
    "max_contraction_velocity": "faster movements",
    "moment_of_inertia": "faster movements or a second load",
    "joint_damping": "faster movements",
    "lower_limit": "a movement into the lower stop",
    "upper_limit": "a movement into the upper stop",
}
OTHERWISE = "a second load, a wider range of motion or faster movements"


COMBINATION = "the combination"
MOVED = "moment arms, masses and tendons of the subject, which the model's do not seem to be"


class Finding(NamedTuple):
    """Something that the recording leaves open.

    Attributes
    ----------
    rows : tuple of int
        Rows of the parameter table concerned.
    message : str
        What is left open.
    advice : str
        What would help; empty where the message says it all.
    """

    rows: tuple
    message: str
    advice: str = ""

    def __str__(self):
        return f"{self.message} (would need {self.advice})" if self.advice else self.message


def label(row):
    """How a parameter is named in messages: owner/name."""
    return f"{row.owner}/{row.name}"


def is_combination(finding):
    """Whether it is about parameters together: each by itself may be narrower than its prior."""
    return finding.message.startswith(COMBINATION)


def weak_directions(free, information):
    """Combinations of parameters that the data leave to the prior.

    Parameters
    ----------
    free : FreeParameters
    information : ndarray (n_raw, n_raw)
        Data information in units of the prior (see `Identification`).

    Returns
    -------
    list of Finding
    """
    values, vectors = np.linalg.eigh(information)
    findings = []
    for value, vector in zip(values, vectors.T, strict=True):
        if value > WEAK_INFORMATION:
            break
        members = [c for c in np.argsort(-np.abs(vector)) if abs(vector[c]) > LOADING]
        rows = [free.index[free.coordinate == c].tolist() for c in members]  # some stand for several muscles
        names = [f"{vector[c]:+.2f} {label(free.table.rows[r[0]])}" for c, r in zip(members, rows, strict=True)]
        if len(members) > 1:
            advice = ADVICE.get(free.table.rows[rows[0][0]].name, OTHERWISE)
            findings.append(Finding(tuple(sum(rows, [])), f"{COMBINATION} {' '.join(names)}", advice))
    return findings


def unlearnt(model, covariance):
    """Free parameters whose posterior is hardly narrower than their prior, as list of Finding."""
    free = FreeParameters(model.parameters)
    wide = free.narrowing(covariance) > NOT_NARROWER
    rows = [int(free.index[i]) for i in np.flatnonzero(wide)]
    table = model.parameters.rows
    return [Finding((r,), label(table[r]), ADVICE.get(table[r].name, OTHERWISE)) for r in rows]


def moved_by_others(identification):
    """Free parameters that the recording narrows if what is not free is as the model says, but which lie no closer than
    their prior says where it is not, as list of Finding.
    """
    free = FreeParameters(identification.model.parameters)
    narrow = free.narrowing(known_otherwise(identification)) <= NOT_NARROWER
    wide = narrow & (free.narrowing(identification.covariance) > 1.0)
    table = identification.model.parameters.rows
    return [Finding((int(free.index[i]),), label(table[free.index[i]]), MOVED) for i in np.flatnonzero(wide)]


def known_otherwise(identification):
    """Covariance (n_free, n_free) of the free parameters, were the others known: what the recording tells of them."""
    if identification.given_fixed is None:
        return identification.covariance
    return identification.given_fixed


def degenerate_scale(model):
    """All maximal forces and a joint's inertia free at once: forces and inertia may then grow together.

    Not where the centre of mass is free, too: its prior, the subject's anthropometry, is then the scale, and its width
    is in what is said of each force.
    """
    rows = model.parameters.rows
    if any(row.free for row in rows if row.name == "center_of_mass"):
        return []
    names = {"max_isometric_force", "moment_of_inertia"}
    concerned = [i for i, row in enumerate(rows) if row.name in names]
    if not all(rows[i].free for i in concerned):
        return []
    advice = "moment_of_inertia fixed from anthropometry, or a second known load"
    return [Finding(tuple(concerned), "the common scale of all maximal forces and the inertia", advice)]


def uninformative_channels(model, excitation):
    """EMG channels that are constant or copies of one another.

    Parameters
    ----------
    model : MusculoskeletalModel
    excitation : ndarray (n_frames, n_muscles)

    Returns
    -------
    list of Finding
    """
    rows, findings = model.parameters.rows, []
    rows_of = lambda muscle: tuple(i for i, r in enumerate(rows) if r.free and r.owner == muscle)
    driven = zip(model.muscle_names, model.channel_names, excitation.T, strict=True)
    # A stated mixture may well equal the column that it is made of; that says nothing about the electrodes.
    channels = {channel: signal for muscle, channel, signal in driven if muscle not in model.synthesized_muscles}
    largest = max(excitation.max(initial=0.0), -excitation.min(initial=0.0))
    flat = [name for name, signal in channels.items() if np.std(signal) <= 1e-6 * largest]
    still = [muscle for muscle, own in zip(model.muscle_names, model.channel_names, strict=True) if own in flat]
    if still:
        concerned = tuple(i for muscle in still for i in rows_of(muscle))
        what = f"the parameters of {' and '.join(still)}, whose EMG is constant (check the electrode)"
        findings.append(Finding(concerned, what))
    varying = [name for name in channels if name not in flat]
    for i, first in enumerate(varying):
        for second in varying[i + 1 :]:
            if np.corrcoef(channels[first], channels[second])[0, 1] > COPY_CORRELATION:
                muscles = [
                    m for m, c in zip(model.muscle_names, model.channel_names, strict=True) if c in (first, second)
                ]
                concerned = tuple(i for m in muscles for i in rows_of(m))
                what = f"{' and '.join(muscles)} apart, whose EMG channels are copies of one another"
                findings.append(Finding(concerned, what, "one column for each muscle"))
    return findings


def assess(identification, excitation):
    """All findings about an identification.

    Parameters
    ----------
    identification : Identification
    excitation : ndarray (n_frames, n_muscles)
        Excitations of the training trials.

    Returns
    -------
    list of Finding
        Empty where the recording determines every free parameter.
    """
    model = identification.model
    free = FreeParameters(model.parameters)
    findings = [
        *degenerate_scale(model),
        *uninformative_channels(model, excitation),
        *unlearnt(model, known_otherwise(identification)),
        *moved_by_others(identification),
        *weak_directions(free, identification.information),
    ]
    return [finding for finding in findings if finding.rows]


def summary(findings, model):
    """The findings in two lines of at most `LINE` characters.

    Parameters
    ----------
    findings : sequence of Finding
        At least one.
    model : MusculoskeletalModel

    Returns
    -------
    str
        Single parameters are counted by name, as in ``optimal_fiber_length (4)``; combinations are told where nothing
        else is.
    """
    findings = [finding for finding in findings if finding.advice != MOVED] or findings
    rows = model.parameters.rows
    single_rows = {row for finding in findings if not is_combination(finding) for row in finding.rows}
    n_open = len(single_rows or {row for finding in findings for row in finding.rows})
    single = [f for f in findings if len(f.rows) == 1 and f.message == label(rows[f.rows[0]])]
    names = Counter(rows[f.rows[0]].name for f in single)
    owners = {name: [rows[f.rows[0]].owner for f in single if rows[f.rows[0]].name == name] for name in names}
    counted = [f"{n} ({c})" if c > 1 else f"{owners[n][0]}/{n}" for n, c in names.items()]
    whole = [f.message for f in findings if f not in single and not is_combination(f)]
    what = [*whole, *counted] or [f.message for f in findings]
    n_free = len({*map(int, model.parameters.free_index)} | {row for finding in findings for row in finding.rows})
    first = f"The recording does not determine {n_open} of {n_free} free parameters: "
    end = " See `parameters_`, column `reason`; their values are the prior's."
    advice = list(dict.fromkeys(f.advice for f in findings if f.advice))
    needed = f"Would need {fitting_in(advice, LINE - len(end) - 12)}." if advice else ""
    return f"{first}{fitting_in(what, LINE - len(first) - 1)}.\n{(needed + end).strip()}"


# What muscles of one side share where a recording does not tell them apart: subset selection on its information.
#
# Activation dynamics (delay, time constants, shape of the EMG) and the curve of passive fibers differ less between the
# muscles of one side of a joint than a recording can tell. Where it does not narrow such a parameter's prior by a
# tenth, the others free, too, the muscle shares it with the one on its side that is determined next worst (backward
# elimination, as in the regression's subset selection; of sensitivities: Brun, Reichert and Künsch 2001, Water
# Resources Research 37(4), 1015-1030; CEINMS calibrates these parameters for all muscles together: Pizzolato et al.
# 2015, J. Biomechanics 48(14), 3929-3936). Nothing is fixed: parameters at their prior's centre, together, would be
# missing in the fit.
#
# On 24 knee records (70 % of each, the rest predicted by simulation) that left the error as it was (geometric mean
# 9.05 against 9.00 deg); fixing what is undetermined made it 9.63, muscles of a side with a common factor on their
# forces, too, 9.18.
SHARED = (
    "emg_shape_factor",
    "activation_time_constant",
    "deactivation_time_constant",
    "first_filter_time_constant",
    "second_filter_time_constant",
    "electromechanical_delay",
    "passive_fiber_strain_at_one_norm_force",
)


def units_of(information, kinds):
    """Raw coordinates that are one unknown.

    Parameters
    ----------
    information : ndarray (n_raw, n_raw)
        Of the data, in units of the prior (see `Identification`).
    kinds : sequence
        Coordinates of the same kind may share one value; None: with no other.

    Returns
    -------
    list of tuple of int
        Every coordinate once.
    """
    units = [(k,) for k in range(len(information))]
    while True:
        part = _narrowing(information, units)
        by_kind = defaultdict(list)
        for k, unit in enumerate(units):
            by_kind[kinds[unit[0]]].append(k)
        open_ = [
            k
            for kind, mine in by_kind.items()
            for k in mine
            if kind is not None and len(mine) > 1 and part[k] > NOT_NARROWER
        ]
        if not open_:
            return units
        worst = max(open_, key=lambda k: part[k])
        mates = [k for k in by_kind[kinds[units[worst][0]]] if k != worst]
        mate = max(mates, key=lambda k: part[k])
        units[mate] = tuple(sorted(units[mate] + units[worst]))
        units.pop(worst)


def _narrowing(information, units):
    """Posterior over prior standard deviation of each unit's value, the others free, too, ndarray (n_units,)."""
    share = np.zeros((len(information), len(units)))
    for k, unit in enumerate(units):
        share[list(unit), k] = 1.0
    precision = share.T @ information @ share + np.eye(len(units))
    return np.sqrt(np.diag(np.linalg.inv(precision)))


def sharing(model, information):
    """The model whose muscles share what a recording does not tell apart.

    Parameters
    ----------
    model : MusculoskeletalModel
        Whose free parameters were identified.
    information : ndarray (n_raw, n_raw)
        As of `Identification`.

    Returns
    -------
    MusculoskeletalModel
        `model` itself where nothing is to be shared.
    """
    free, rows = FreeParameters(model.parameters), model.parameters.rows
    members = [[int(i) for i in free.index[free.coordinate == k]] for k in range(free.n_raw)]
    ways = _ways(model)
    units = units_of(information, [_kind(ways, [rows[i] for i in mine]) for mine in members])
    changes = {}
    for unit in units:
        if len(unit) > 1:
            mine = [rows[members[k][0]] for k in unit]
            group = "+".join(row.owner for row in mine) + "/" + mine[0].name
            changes |= {(row.owner, row.name): {"group": group} for row in mine}
    return model.with_rows(changes) if changes else model


def _ways(model):
    """Which way each muscle pulls the joints amid their ranges, dict from its name to a tuple of signs."""
    p = model.parameters.as_dict()
    middle = 0.5 * (p["lower_limit"] + p["upper_limit"])[None]
    given = {name: np.zeros((1, 3)) for name in model.prescribed_names}
    signs = np.sign(np.round(model.length_and_moment_arm(middle, exogenous=given)[1][0], 4))
    return dict(zip(model.muscle_names, map(tuple, signs.T), strict=True))


def _kind(ways, rows):
    """What may be shared: the same parameter of muscles that pull the joints the same way; None: nothing."""
    if len(rows) > 1 or rows[0].name not in SHARED:
        return None
    return rows[0].name, ways[rows[0].owner]
