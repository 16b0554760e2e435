"""Defaults chosen by leaving subjects out: what the learners' settings are worth on men who had no say in them.

    python benchmarks/left_out_defaults.py

Every setting of the default regressor is changed by itself, and fitted on protocols A and B of recorded_emg.py. For
each man, the setting is taken that errs least on the others' test parts, and scored on his: no test part has a say in
what predicts it. Scores are kept in results/left_out_defaults.json, and what is there is not run again.
"""

import argparse
import json
import time
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import torch
from _comparison import default_n_jobs
from _protocols import DESCRIPTIONS, SUBJECTS, parts, subject_of
from _recorded_tables import BEST, best_baselines, comparisons, frame
from _scores import LEARNERS
from _tables import environment, markdown

from sk_bionic import PhysicsInformedMSKRegressor

HERE = Path(__file__).parent / "results"
RESULT, KEPT, RIVALS = HERE / "left_out_defaults.md", HERE / "left_out_defaults.json", HERE / "recorded_emg.json"
PROTOCOLS = ("A", "B")
AS_IT_IS, CHOSEN = "as it is", "chosen by the other men"
SETTINGS = {
    AS_IT_IS: {},
    "input_noise=1": {"input_noise": 1.0},
    "lr=0.03": {"lr": 0.03},
    "lr=0.08": {"lr": 0.08},
    "max_epochs=110": {"max_epochs": 110},
    "max_epochs=440": {"max_epochs": 440},
    "forest=False": {"forest": False},
    "ode_weight=0": {"ode_weight": 0},
}
PAGE = """\
# Defaults chosen by leaving subjects out

Command: `python benchmarks/left_out_defaults.py`. {environment} Seed 0.

Protocols of `recorded_emg.py`: {protocols}. Twelve men's knees, sitting and standing. Every setting of the default
regressor by itself; the error of each record (RMSE of a test part) over the error with the settings as they are,
geometric mean with a 95 % bootstrap interval over subjects; how many of the twelve men would get the setting if it
were chosen by the errors of the other eleven (A and B together). As they are: {defaults}.

{settings}

What predicts a man chosen on the other men alone, against the settings as they are, and against the best baseline
({best}: the smallest geometric mean of the errors of all in `recorded_emg.md`, median of its seeds):

{nested}
"""


def fitted_error(part, name):
    """RMSE [deg] of one setting on one part."""
    torch.set_num_threads(1)
    regressor = PhysicsInformedMSKRegressor(part.model, random_state=0, **SETTINGS[name])
    error = regressor.fit(part.X_train, part.y_train).predict(part.X_test) - part.y_test.to_numpy()
    return float(np.rad2deg(np.sqrt(np.mean(np.square(error)))))


def defaults():
    """The defaults that the settings change one by one: errors that were kept of others are of no use."""
    return {name: str(value) for name, value in PhysicsInformedMSKRegressor().get_params().items()}


def run(data_home, n_jobs):
    """Errors by setting, protocol and record, dict; saved as they come."""
    before = json.loads(KEPT.read_text()) if KEPT.exists() else {"defaults": None}
    kept = {tuple(key): value for *key, value in before["errors"]} if before["defaults"] == defaults() else {}
    todo = [(part, name) for part in parts(PROTOCOLS, SUBJECTS, data_home) for name in SETTINGS]
    todo = [(part, name) for part, name in todo if (name, part.protocol, part.records[0]) not in kept]
    start = time.perf_counter()
    with joblib.parallel_config("loky", n_jobs=n_jobs, inner_max_num_threads=1):
        parallel = joblib.Parallel(return_as="generator")
        errors = parallel(joblib.delayed(fitted_error)(*task) for task in todo)
        for n, ((part, name), error) in enumerate(zip(todo, errors, strict=True), 1):
            kept[name, part.protocol, part.records[0]] = error
            print(
                f"{n}/{len(todo)} {time.perf_counter() - start:.0f} s {part.records[0]} {name} {error:.2f}", flush=True
            )
            if n % 20 == 0 or n == len(todo):
                save(kept)
    return kept


def save(kept):
    """Keep the errors, beside the defaults that they are of; an interrupted run leaves the file whole."""
    errors = ",\n".join(json.dumps([*key, value]) for key, value in sorted(kept.items()))
    KEPT.with_suffix(".part").write_text(f'{{"defaults": {json.dumps(defaults())},\n"errors": [\n{errors}\n]}}\n')
    KEPT.with_suffix(".part").replace(KEPT)


def chosen_by_others(errors):
    """Setting of each man that errs least on the others' records, both protocols counting alike, dict."""
    logs, subjects = np.log(errors), errors.index.get_level_values("record").map(subject_of)
    return {
        man: logs[subjects != man].groupby(level="protocol").mean().mean().idxmin() for man in dict.fromkeys(subjects)
    }


def page(kept):
    """The tables, as text."""
    errors = pd.Series(kept).rename_axis(["setting", "protocol", "record"]).unstack(0)
    choice = chosen_by_others(errors)
    errors[CHOSEN] = [errors.loc[key, choice[subject_of(key[1])]] for key in errors.index]
    long = errors.rename_axis(columns="method").stack().rename("rmse_deg").reset_index()
    rivals = pd.DataFrame(json.loads(RIVALS.read_text())["scores"])
    rivals = rivals[rivals["method"].isin(LEARNERS) & rivals["protocol"].isin(PROTOCOLS)]
    scores = frame(pd.concat([rivals, long.assign(task=long["record"].str.split("_").str[1])]))
    of_both = lambda method, rival: [row for row in comparisons(scores, method, rival) if row["task"] == "both"]
    settings, nested = [], []
    for name in SETTINGS:
        found = {row["protocol"]: "{ratio:.3f} [{from:.2f}, {to:.2f}]".format(**row) for row in of_both(name, AS_IT_IS)}
        given = sum(own == name for own in choice.values())
        settings.append({"setting": f"`{name}`" if SETTINGS[name] else name, **found, "men who would get it": given})
    for rival in (AS_IT_IS, BEST):
        nested += [{"against": rival, **row} for row in of_both(CHOSEN, rival)]
    best = ", ".join(f"{protocol}: {name}" for protocol, name in best_baselines(scores).items())
    described = "; ".join(f"{name}: {DESCRIPTIONS[name]}" for name in PROTOCOLS)
    tables = {
        "settings": markdown(pd.DataFrame(settings), {"men who would get it": "d"}),
        "nested": markdown(pd.DataFrame(nested).drop(columns="task"), {"records": "d", "wins [%]": ".0f"}),
    }
    changed = sorted({option for options in SETTINGS.values() for option in options})
    given = ", ".join(f"`{option}={defaults()[option]}`" for option in changed)
    return PAGE.format(environment=environment(), protocols=described, best=best, defaults=given, **tables)


def main():
    """Run what is missing and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-home", help="folder of the recordings (default: SK_BIONIC_DATA, else the cache)")
    parser.add_argument("--jobs", type=int, default=default_n_jobs(), help="processes")
    given = parser.parse_args()
    text = page(run(given.data_home, given.jobs))
    RESULT.write_text(text)
    print(text)


if __name__ == "__main__":
    import warnings

    warnings.simplefilter("ignore")
    main()
