"""Streams: time of a push, causal beside zero-lag prediction, faults, and the way over the Lab Streaming Layer.

Results are kept in results/streaming.json and written as tables to results/streaming.md. --parts says what is run anew.
"""

import argparse
import contextlib
import json
import os
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from _protocols import KNEE_MODELS, SUBJECTS
from _tables import environment, markdown
from scipy.signal import butter, sosfilt, sosfilt_zi
from sklearn.pipeline import make_pipeline

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import fetch_knee_emg, make_elbow_flexion
from sk_bionic.model_selection import blocked_train_test_split
from sk_bionic.preprocessing import EMGEnvelope
from sk_bionic.streaming._batch import CausalPrediction

RESULTS = Path(__file__).parent / "results" / "streaming"
PARTS = ("push", "control", "causal", "faults", "lsl")
COVERED = 1.645  # standard deviations of a 90 % band
LARGEST_DELAY = 0.5  # s
LAGS = (0.1, 0.2)  # s
LSL_RATE = 100.0  # Hz


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--parts", nargs="*", default=list(PARTS), choices=PARTS)
    add("--subjects", nargs="+", default=list(SUBJECTS), choices=SUBJECTS, metavar="SUBJECT")
    add("--predictions", nargs="+", default=["simulation", "hybrid"], choices=["simulation", "hybrid"])
    add("--n-networks", type=int, default=3, help="of each kind, in the hybrid")
    add("--frames", type=int, default=100_000, help="pushed")
    add("--real-time", action="store_true", help="push at real-time priority: what other programs do matters less")
    add("--minutes", type=float, default=1.0, help="of the Lab Streaming Layer")
    add("--data-home", help="folder of the recordings (default: SK_BIONIC_DATA, else the cache)")
    return parser.parse_args()


def fitted_elbow(prediction):
    X, y = make_elbow_flexion(n_trials=4, duration=4.0, random_state=0, return_X_y=True)
    return PhysicsInformedMSKRegressor("elbow", prediction=prediction, random_state=0).fit(X[:1200], y[:1200]), X[1200:]


def resident():
    """Resident memory of this process [MB]."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


@contextlib.contextmanager
def in_real_time(wanted):
    """Ahead of all usual programs of the machine, as a program that must keep time asks to be (Linux; needs the right
    to).
    """
    if not wanted:
        yield
        return
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def push_times(stream, values, n, real_time):
    """Times of n pushes [us]: of the clock, and of this thread's processor time."""
    wall, own = np.full(n, np.nan), np.full(n, np.nan)  # in memory before it is measured
    for k in range(2000):
        stream.push(values[k % len(values)])
    before = resident()
    with in_real_time(real_time):
        for k in range(n):
            frame = values[k % len(values)]
            t, c = time.perf_counter_ns(), time.thread_time_ns()
            stream.push(frame)
            own[k], wall[k] = time.thread_time_ns() - c, time.perf_counter_ns() - t
    return wall / 1e3, own / 1e3, resident() - before


def push(given):
    rows = []
    for prediction in given.predictions:
        regressor, X = fitted_elbow(prediction)
        values = X.to_numpy()
        raw = np.random.default_rng(0).normal(size=(8000, 2)) * np.repeat(values, 20, axis=0)
        envelope = EMGEnvelope(causal=True, sampling_rate=2000.0).fit(raw)
        cases = {"envelopes, 100 Hz": (regressor.stream(100.0), values)}
        cases["raw EMG, 2000 Hz in, 100 Hz out"] = regressor.stream(2000.0, envelope=envelope), raw
        for name, (stream, frames) in cases.items():
            wall, own, grown = push_times(stream, frames, given.frames, given.real_time)
            row = {"prediction": prediction, "frames": name}
            for q in (50, 99, 99.9):
                row[f"{q:g} % [us]"], row[f"{q:g} %, processor [us]"] = np.percentile(wall, q), np.percentile(own, q)
            rows.append({**row, "memory grown [MB]": grown})
    rows.append(sixteen_channels(given))
    return rows


def sixteen_channels(given):
    """An hour of frames at 100 Hz through a simulation with 16 muscles."""
    names = [f"muscle_{k}" for k in range(16)]
    rng = np.random.default_rng(0)
    time_of = np.arange(400) / 100.0
    emg = 0.2 * (1.0 + np.sin(time_of[:, None] * rng.uniform(1, 4, 16) + rng.uniform(0, 6, 16)))
    X = pd.DataFrame(emg, columns=names, index=pd.MultiIndex.from_product([["a"], time_of], names=["trial", "time"]))
    y = pd.Series(0.5 + 0.3 * np.sin(2.0 * time_of), index=X.index)
    regressor = PhysicsInformedMSKRegressor("auto", prediction="simulation", identify=["goniometer_offset"]).fit(X, y)
    wall, own, grown = push_times(
        regressor.stream(100.0), emg, 360_000 if given.frames >= 100_000 else given.frames, given.real_time
    )
    row = {"prediction": "simulation", "frames": "16 muscles, an hour at 100 Hz"}
    for q in (50, 99, 99.9):
        row[f"{q:g} % [us]"], row[f"{q:g} %, processor [us]"] = np.percentile(wall, q), np.percentile(own, q)
    return {**row, "memory grown [MB]": grown}


class Control:
    """Always the same work, as long as a push of a simulation: what its times scatter by is the machine's doing."""

    def __init__(self):
        self.matrix = np.random.default_rng(0).normal(size=(56, 56))

    def push(self, frame):
        self.matrix @ self.matrix @ self.matrix


def control(given):
    wall, own, grown = push_times(Control(), np.zeros((1, 1)), min(given.frames, 50_000), given.real_time)
    row = {"what": "product of three matrices"}
    for q in (50, 99, 99.9):
        row[f"{q:g} % [us]"], row[f"{q:g} %, processor [us]"] = np.percentile(wall, q), np.percentile(own, q)
    return [row]


def delay_of(predicted, measured, rate):
    """How long after the measured angle the predicted one comes [ms], by the largest cross-correlation."""
    a, b = predicted - predicted.mean(), measured - measured.mean()
    n = int(LARGEST_DELAY * rate)
    lags = np.arange(-n, n + 1)
    values = [np.dot(a[max(k, 0) : len(a) + min(k, 0)], b[max(-k, 0) : len(b) + min(-k, 0)]) for k in lags]
    return 1e3 * lags[int(np.argmax(values))] / rate


def rmse(predicted, measured):
    return float(np.rad2deg(np.sqrt(np.nanmean((predicted - measured) ** 2))))


def low_passed(angle, cutoff, rate):
    """What a causal Butterworth filter of second order makes of an angle."""
    sos = butter(2, cutoff, fs=rate, output="sos")
    return sosfilt(sos, angle, zi=sosfilt_zi(sos) * angle[0])[0]


def records(given):
    for subject in given.subjects:
        for task, model in KNEE_MODELS.items():
            X, y = fetch_knee_emg(
                subjects=[subject], tasks=[task], envelope=False, sampling_rate=None, data_home=given.data_home,
                return_X_y=True,
            )  # fmt: skip
            yield f"{subject}_{task}", model, blocked_train_test_split(X, y, 0.7)


def pipeline_of(model, prediction, causal, given):
    """Envelopes and regressor; a filter that has only the past is late, the less the wider and the simpler it is."""
    envelope = EMGEnvelope(causal=True, low_pass=8.0, order=2) if causal else EMGEnvelope()
    options = {"prediction": prediction, "random_state": 0, "n_networks": given.n_networks}
    return make_pipeline(envelope.set_output(transform="pandas"), PhysicsInformedMSKRegressor(model, **options))


def causal(given, kept):
    """Zero-lag and causal predictions of each record, by models of zero-lag and of causal envelopes."""
    rows = {(row["record"], row["prediction"]): row for row in kept}
    for record, model, (X, X_test, y, y_test) in records(given):
        for prediction in given.predictions:
            if (record, prediction) not in rows:
                rows[record, prediction] = causal_row(record, model, prediction, X, X_test, y, y_test, given)
                print(rows[record, prediction], flush=True)
                yield list(rows.values())
    yield list(rows.values())


def causal_row(record, model, prediction, X, X_test, y, y_test, given):
    """Predictions of the whole record, as a stream that has run before the test part begins; scores of that part."""
    whole, n = pd.concat([X, X_test]), len(X)
    measured = y_test.to_numpy()
    rate = 1.0 / np.median(np.diff(X_test.index.get_level_values("time")))
    zero_lag = pipeline_of(model, prediction, False, given).fit(X, y).predict(whole)[n:]
    pipeline = pipeline_of(model, prediction, True, given).fit(X, y)
    angle, std = pipeline.predict(whole, return_std=True, causal=True)
    row = {"record": record, "prediction": prediction, "n_networks": given.n_networks}
    row |= {"zero lag": rmse(zero_lag, measured), "causal": rmse(angle[n:], measured)}
    row |= {"causal envelope, zero-lag prediction": rmse(pipeline.predict(whole)[n:], measured)}
    row |= {"delay of zero lag [ms]": delay_of(zero_lag, measured, rate)}
    row |= {"delay [ms]": delay_of(angle[n:], measured, rate)}
    row["coverage"] = float(np.mean(np.abs(angle[n:] - measured) <= COVERED * std[n:]))
    row["smallest delay of a muscle [ms]"] = 1e3 * float(pipeline[-1].electromechanical_delay_.min())
    if prediction == "hybrid":
        predictor = pipeline[-1].predictor_
        cutoff = predictor.learners.usual_cutoff(predictor.held_out.cutoff)
        filtered = low_passed(angle, cutoff, rate)[n:] if np.isfinite(cutoff) else angle[n:]
        row |= {"cut-off [Hz]": cutoff, "causal low-pass": rmse(filtered, measured)}
        row |= {"delay of low-pass [ms]": delay_of(filtered, measured, rate)}
        envelopes = pipeline[:-1].transform(whole)
        for lag in LAGS:
            late = CausalPrediction(pipeline[-1], envelopes, envelopes.to_numpy(), lag).angle[n:, 0]
            later = int(round(lag * rate))
            row[f"causal, {lag:g} s later"] = rmse(late[later:], measured[: len(measured) - later])
    return row


def faulty(values, times, kind, rng):
    """Frames and times with a fault put in."""
    values, times = values.copy(), times.copy()
    n = len(values)
    if kind == "NaN 1 %":
        values[rng.random(values.shape) < 0.01] = np.nan
    elif kind == "bursts of NaN, 200 ms":
        for start in range(100, n - 20, 200):
            values[start : start + 20, rng.integers(values.shape[1])] = np.nan
    elif kind == "lost frames, 5 %":
        kept = rng.random(n) >= 0.05
        kept[0] = True
        return values[kept], times[kept], kept
    elif kind == "dead channel":
        values[n // 3 :, 0] = 0.0
    elif kind == "drift of the clock, 100 ppm":
        times = times * (1.0 + 1e-4)
    elif kind == "jitter of 20 ms":
        times = times + 0.02 * rng.uniform(-0.5, 0.5, n)
    return values, times, np.ones(n, bool)


def faults(given):
    rows = []
    kinds = ("clean", "NaN 1 %", "bursts of NaN, 200 ms", "lost frames, 5 %", "dead channel")
    kinds += ("drift of the clock, 100 ppm", "jitter of 20 ms")
    X, y = make_elbow_flexion(n_trials=9, duration=6.0, mismatch=1, random_state=1, return_X_y=True)
    train, test = slice(0, 1800), slice(1800, None)
    for prediction in given.predictions:
        regressor = PhysicsInformedMSKRegressor(
            "elbow", prediction=prediction, random_state=0, n_networks=given.n_networks
        ).fit(X[train], y[train])
        rng = np.random.default_rng(0)
        for kind in kinds:
            error, std, flagged, measured = [], [], [], []
            for _, trial in X[test].groupby(level="trial"):
                stream = regressor.stream(100.0, jitter=0.05 if kind.startswith("jitter") else 0.0)
                frames, times, kept = faulty(trial.to_numpy(), np.arange(len(trial)) / 100.0, kind, rng)
                found = [stream.push(frame, t) for frame, t in zip(frames, times, strict=True)]
                truth = y[trial.index].to_numpy()[kept]
                error += [one.angle[0] - true for one, true in zip(found, truth, strict=True)]
                std += [one.angle_std[0] for one in found]
                flagged += [one.flags != 0 for one in found]
                measured += truth.tolist()
            error, std = np.array(error), np.array(std)
            rows.append({
                "prediction": prediction, "fault": kind, "error [deg]": np.rad2deg(np.sqrt(np.mean(error**2))),
                "coverage of the 90 % band": np.mean(np.abs(error) <= COVERED * std),
                "median std [deg]": np.rad2deg(np.median(std)), "flagged": np.mean(flagged),
            })  # fmt: skip
    return rows


def lsl(given):
    """One amplifier, two beside each other, and one that is switched off for two seconds and on again."""
    rows = [{"case": "one amplifier", **row} for row in over_the_layer(given.minutes, ["one"])]
    rows += [{"case": "two amplifiers", **row} for row in over_the_layer(given.minutes, ["left", "right"])]
    restarted = over_the_layer(min(given.minutes, 1.0), ["restarted"], restart=True)
    return rows + [{"case": "switched off and on", **row} for row in restarted]


def over_the_layer(minutes, names, restart=False):
    """Rows of amplifiers that send for so long, each with a prediction and a listener of its own."""
    from sk_bionic.streaming.lsl import layer, serve

    pylsl, n = layer(), int(60 * minutes * LSL_RATE)
    regressor, X = fitted_elbow("simulation")
    found = {name: {"latency": [], "received": 0, "silence": 0.0, "rest": None} for name in names}
    heard = {name: threading.Event() for name in names}
    ends = time.monotonic() + 60 * minutes + (25.0 if restart else 10.0)

    def send(name):
        outlet = amplifier(pylsl, name, X.columns)
        heard[name].wait(60.0)
        start, values = pylsl.local_clock(), X.to_numpy()
        for k in range(n):
            if restart and k == n // 2:
                del outlet
                time.sleep(2.0)
                outlet = amplifier(pylsl, name, X.columns)
                outlet.wait_for_consumers(60.0)
                start = pylsl.local_clock() - k / LSL_RATE
            time.sleep(max(0.0, start + k / LSL_RATE - pylsl.local_clock()))
            outlet.push_sample(values[k % len(values)].tolist(), pylsl.local_clock())
        time.sleep(2.0)  # what was sent last is on its way

    def listen(name):
        inlet, last = pylsl.StreamInlet(pylsl.resolve_byprop("name", f"motion {name}", 1, 60.0)[0]), None
        inlet.open_stream(30.0)
        heard[name].set()
        while time.monotonic() < ends:
            _, stamp = inlet.pull_sample(timeout=0.5)
            if stamp is not None:
                now = pylsl.local_clock()
                found[name]["latency"].append(now - stamp)
                found[name]["received"] += 1
                found[name]["silence"] = max(found[name]["silence"], 0.0 if last is None else now - last)
                last = now

    def predict(name):
        left = ends - time.monotonic() - 1.0
        found[name]["rest"] = serve(regressor, f"amplifier {name}", f"motion {name}", duration=left, timeout=30.0)

    threads = [threading.Thread(target=f, args=(name,)) for name in names for f in (send, predict, listen)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = []
    for one in found.values():
        row = {"minutes": minutes, "sent": n, "read": one["rest"]["samples"], "published": one["rest"]["frames"]}
        row |= {"received": one["received"], "flagged": one["rest"]["flagged"], "longest silence [s]": one["silence"]}
        rows.append(row | {f"latency {q:g} % [ms]": 1e3 * np.percentile(one["latency"], q) for q in (50, 99, 99.9)})
    return rows


def amplifier(pylsl, name, channels):
    """An outlet of EMG, always the same device."""
    labels = list(channels)
    info = pylsl.StreamInfo(f"amplifier {name}", "EMG", len(labels), LSL_RATE, pylsl.cf_float32, f"benchmark {name}")
    info.set_channel_labels(labels)
    return pylsl.StreamOutlet(info, chunk_size=1)


def summary_of_causal(rows):
    table = pd.DataFrame(rows)
    out = []
    for prediction, part in table.groupby("prediction", sort=False):
        row = {"prediction": prediction, "records": len(part)}
        for name in ("zero lag", "causal", *(f"causal, {lag:g} s later" for lag in LAGS), "causal low-pass",
                     "causal envelope, zero-lag prediction"):  # fmt: skip
            if name in part and part[name].notna().any():
                row[f"{name} [deg]"] = part[name].median()
                row[f"{name} / zero lag"] = float(np.exp(np.log(part[name] / part["zero lag"]).mean()))
        for name in ("delay of zero lag [ms]", "delay [ms]", "delay of low-pass [ms]", "coverage"):
            if name in part:
                row[name] = part[name].median()
        out.append(row)
    return pd.DataFrame(out).drop(columns="zero lag / zero lag", errors="ignore").set_index("prediction").T


TITLES = {
    "push": "Time of a push, one core, at real-time priority (`--real-time`) on an idle machine: of the clock, and of "
    "the thread's own processor time. At usual priority other programs interrupt every few milliseconds where they use "
    "the machine, too, and the one or two pushes after find the caches empty",
    "control": "The same work again and again, measured in the same way on the same machine: its tail is the machine's",
    "causal": "Causal beside zero-lag prediction, recorded knees, first 70 % of a record to its last 30 %, the record "
    "predicted from its beginning and scored in the last part. Medians over records and geometric means of their "
    "error ratios to zero lag (zero-lag envelopes and prediction). Causal: envelopes of a "
    "second-order filter at 8 Hz, forward only, in training and test. Causal low-pass: what a Butterworth filter of "
    "second order, forward only, at the cut-off of the zero-lag prediction, makes of the causal angle",
    "faults": "Faults put into trials of a simulated elbow that differs from the model",
    "lsl": "Over the Lab Streaming Layer's loopback: amplifiers, predictions and listeners in one process of a machine "
    "that others used too. Latency: from the amplifier's stamp to the listener, prediction included. Flagged: frames "
    "that came in a burst after the amplifier's own thread had waited for the machine",
}


def write(results):
    RESULTS.with_suffix(".json").write_text(json.dumps(results, indent=1) + "\n")
    lines = ["# Streams", "", results["environment"], ""]
    for part in PARTS:
        rows = results.get(part)
        if rows:
            lines += [f"{TITLES[part]}:", ""]
            if part == "causal":
                lines += [markdown(summary_of_causal(rows), index_name="prediction", default=".3g"), ""]
                lines += [f"Networks of each kind in the hybrid: {max(row['n_networks'] for row in rows)}.", ""]
            lines += [markdown(pd.DataFrame(rows), default=".3g"), ""]
    RESULTS.with_suffix(".md").write_text("\n".join(lines))


def main():
    given = arguments()
    warnings.simplefilter("ignore")
    path = RESULTS.with_suffix(".json")
    results = json.loads(path.read_text()) if path.exists() else {}
    results["environment"] = environment()
    for part in given.parts:
        if part == "causal":
            for rows in causal(given, results.get(part, [])):
                results[part] = rows
                write(results)
        else:
            results[part] = globals()[part](given)
        write(results)
    print(RESULTS.with_suffix(".md").read_text())


if __name__ == "__main__":
    main()
