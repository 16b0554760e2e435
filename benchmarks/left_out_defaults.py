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
from _tables import environment, markdown

from sk_bionic import PhysicsInformedMSKRegressor

HERE = Path(__file__).parent / "results"
RESULT, KEPT, RIVALS = HERE / "left_out_defaults.md", HERE / "left_out_defaults.json", HERE / "recorded_emg.json"
PROTOCOLS = ("A", "B")
SETTINGS = {
    "as it is": {},
    "input_noise=1": {"input_noise": 1.0},
    "lr=0.03": {"lr": 0.03},
    "lr=0.08": {"lr": 0.08},
    "max_epochs=110": {"max_epochs": 110},
    "max_epochs=440": {"max_epochs": 440},
    "forest=False": {"forest": False},
    "ode_weight=0": {"ode_weight": 0},
}
N_BOOTSTRAP = 4000
PAGE = """\
# Defaults chosen by leaving subjects out

Command: `python benchmarks/left_out_defaults.py`. {environment} Seed 0.

Protocols of `recorded_emg.py`: {protocols}. Twelve men's knees, sitting and standing. Every setting of the default
regressor by itself; the error of each record (RMSE of a test part) over the error with the settings as they are,
geometric mean with a 95 % bootstrap interval over subjects; how many of the twelve men would get the setting if it
were chosen by the errors of the other eleven (A and B together). The settings as they are were, when
these errors were kept, `max_epochs=150`, `lr=0.03`, all frames in every step of the training and 200 trees.

{settings}

What predicts a man chosen on the other men alone, against the settings as they are, and against the best baseline
(that with the smallest geometric mean of the errors of all in `recorded_emg.md`, median of its seeds):

{nested}
"""


def fitted_error(part, name):
    """RMSE [deg] of one setting on one part."""
    torch.set_num_threads(1)
    regressor = PhysicsInformedMSKRegressor(part.model, random_state=0, **SETTINGS[name])
    error = regressor.fit(part.X_train, part.y_train).predict(part.X_test) - part.y_test.to_numpy()
    return float(np.rad2deg(np.sqrt(np.mean(np.square(error)))))


def run(data_home, n_jobs):
    """Errors by setting, protocol and record, dict; saved as they come."""
    kept = {tuple(key): value for *key, value in json.loads(KEPT.read_text())} if KEPT.exists() else {}
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
                lines = ",\n".join(json.dumps([*key, value]) for key, value in sorted(kept.items()))
                KEPT.with_suffix(".part").write_text(f"[\n{lines}\n]\n")
                KEPT.with_suffix(".part").replace(KEPT)
    return kept


def ratio(numerator, denominator):
    """Geometric mean of the ratios of two Series by record, with its 95 % interval over subjects, and the worst."""
    logs = np.log(numerator / denominator)
    subjects = logs.groupby(subject_of).agg(["sum", "size"])
    draws = np.random.default_rng(0).integers(len(subjects), size=(N_BOOTSTRAP, len(subjects)))
    total, size = (subjects[column].to_numpy()[draws].sum(axis=1) for column in ("sum", "size"))
    low, high = np.exp(np.quantile(total / size, [0.025, 0.975]))
    worst = logs.idxmax()
    return {
        "ratio": f"{np.exp(logs.mean()):.3f}", "from": f"{low:.2f}", "to": f"{high:.2f}",
        "wins [%]": f"{100 * (logs < 0).mean():.0f}", "worst": f"{np.exp(logs.max()):.2f}", "worst record": worst,
    }  # fmt: skip


def best_baseline(protocol, records):
    """Name and errors by record of the best baseline of recorded_emg.py."""
    rows = pd.DataFrame(json.loads(RIVALS.read_text())["scores"])
    rows = rows[(rows["protocol"] == protocol) & rows["record"].isin(records)]
    rows = rows[~rows["method"].isin(["hybrid", "network_alone", "simulation"])]
    error = rows.groupby(["method", "record"])["rmse_deg"].median().unstack()
    error = error.dropna()
    best = np.log(error).mean(axis=1).idxmin()
    return best, error.loc[best]


def page(kept):
    """The tables, as text."""
    errors = pd.Series(kept).unstack(0)[list(SETTINGS)]  # (protocol, record) x setting
    logs = np.log(errors)
    subject = np.array([subject_of(record) for _, record in errors.index])
    # Both protocols count alike for every man, whatever records he has.
    choice = {man: logs[subject != man].groupby(level=0).mean().mean().idxmin() for man in dict.fromkeys(subject)}
    settings, nested = [], []
    for name in SETTINGS:
        row = {"setting": f"`{name}`" if SETTINGS[name] else name}
        for protocol in PROTOCOLS:
            of = errors.loc[protocol]
            found = ratio(of[name], of["as it is"])
            row[protocol] = f"{found['ratio']} [{found['from']}, {found['to']}]"
        settings.append(row | {"men who would get it": str(sum(chosen == name for chosen in choice.values()))})
    for protocol in PROTOCOLS:
        of = errors.loc[protocol]
        chosen = pd.Series({record: of.loc[record, choice[subject_of(record)]] for record in of.index})
        best, rival = best_baseline(protocol, of.index)
        against = {"settings as they are": of["as it is"], f"best baseline ({best})": rival.reindex(of.index)}
        nested += [{"protocol": protocol, "against": name, **ratio(chosen, of_it)} for name, of_it in against.items()]
    described = "; ".join(f"{name}: {DESCRIPTIONS[name]}" for name in PROTOCOLS)
    tables = {"settings": markdown(pd.DataFrame(settings)), "nested": markdown(pd.DataFrame(nested))}
    return PAGE.format(environment=environment(), protocols=described, **tables)


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
