"""Every kind of fault, planted into a clean recording, is found where it was planted; clean recordings give nothing."""

import warnings

import numpy as np
import pandas as pd
import pytest

from sk_bionic.datasets import fetch_knee_emg
from sk_bionic.inspection import check_recording

TRIAL = "trial_01"


def rows_of(X, trial=TRIAL):
    return np.flatnonzero(X.index.get_level_values("trial") == trial)


def changed(X, column, rows, values):
    out = X.copy()
    out.iloc[rows, out.columns.get_loc(column)] = values
    return out


def only(quality, kind):
    """The one row of that kind."""
    rows = quality.findings[quality.findings["kind"] == kind]
    assert len(rows) == 1, quality
    return rows.iloc[0]


def assert_found(quality, kind, channel, start, stop, *, tolerance=0.15):
    row = only(quality, kind)
    assert (row.channel, row.trial) == (channel, TRIAL)
    assert row.start == pytest.approx(start, abs=tolerance) and row.stop == pytest.approx(stop, abs=tolerance)
    assert row.meaning and row.advice


@pytest.mark.parametrize("kind", ["envelopes", "raw"])
def test_clean_recordings_give_no_findings(kind, request):
    X, y = request.getfixturevalue(kind)
    quality = check_recording(X, y)
    assert len(quality) == 0 and quality.ok, quality
    assert quality.signal == kind.rstrip("s")
    assert quality.explained > 0.5 > quality.explained_by_chance


def test_missing_values(raw):
    X = changed(raw[0], "triceps", rows_of(raw[0])[1000:1500], np.nan)
    assert_found(check_recording(X), "missing", "triceps", 1.0, 1.5)


def test_a_channel_that_dies(raw):
    X = changed(raw[0], "biceps", rows_of(raw[0])[2000:3000], 0.0)
    assert_found(check_recording(X), "flat", "biceps", 2.0, 3.0)


def test_an_envelope_that_sticks_is_told_from_one_at_rest(envelopes):
    X = envelopes[0]
    rows = rows_of(X)
    high = int(np.argmax(X["biceps"].to_numpy()[rows[:250]]))
    stuck = rows[high : high + 100]
    quality = check_recording(changed(X, "biceps", stuck, X["biceps"].iloc[stuck[0]]))
    assert_found(quality, "flat", "biceps", high / 100, high / 100 + 1.0)


def test_a_saturated_amplifier(raw):
    X = raw[0]
    signal = X["biceps"].to_numpy()[rows_of(X)]
    rail = 0.6 * np.abs(signal).max()
    quality = check_recording(changed(X, "biceps", rows_of(X), signal.clip(-rail, rail)))
    over = np.flatnonzero(np.abs(signal) > rail) / 1000
    row = only(quality, "clipped")
    assert (row.channel, row.trial) == ("biceps", TRIAL)
    assert over[0] <= row.start < row.stop <= over[-1]


@pytest.mark.parametrize("seconds", [0.004, 0.08])
def test_motion_artefacts_of_raw_emg(raw, seconds):
    X = raw[0]
    rows = rows_of(X)
    quiet = X["triceps"].iloc[rows[500:3500]].rolling(400).std().argmin() + 300
    part = rows[quiet : quiet + int(1000 * seconds)]
    swing = np.sin(np.linspace(0.1, np.pi - 0.1, len(part))) * 8.0 * X["triceps"].std()
    quality = check_recording(changed(X, "triceps", part, X["triceps"].iloc[part] + swing))
    assert_found(quality, "artefact", "triceps", quiet / 1000, quiet / 1000 + seconds)


def test_spikes_of_envelopes_and_angles(envelopes):
    X, y = envelopes
    part = rows_of(X)[200:203]
    assert_found(check_recording(changed(X, "biceps", part, 1.5)), "artefact", "biceps", 2.0, 2.02)
    y = y.copy()
    y.iloc[part] += np.deg2rad(25.0)
    quality = check_recording(X, y)
    assert_found(quality, "angle_artefact", "elbow_flexion", 2.0, 2.02)
    assert only(quality, "angle_artefact").value == pytest.approx(25.0, abs=4.0)


@pytest.mark.parametrize("mains", [50.0, 60.0])
def test_hum(raw, mains):
    X = raw[0]
    rows = rows_of(X)
    signal = X["triceps"].to_numpy()[rows]
    hum = 0.4 * signal.std() * np.sqrt(2) * np.sin(2 * np.pi * mains * np.arange(len(rows)) / 1000)
    quality = check_recording(changed(X, "triceps", rows, signal + hum))
    assert_found(quality, "mains", "triceps", 0.0, 4.0)
    row = only(quality, "mains")
    assert row.unit == f"{mains:g} Hz" and row.severity == "severe"
    assert row.value == pytest.approx(100 * 0.4 / np.hypot(1.0, 0.4), rel=0.2)


def test_drift_of_both_signals(raw, envelopes):
    for X, size in ((raw[0], 5.0 * raw[0]["biceps"].std()), (envelopes[0], 0.4)):
        rows = rows_of(X)
        ramp = size * np.linspace(0.0, 1.0, len(rows))
        quality = check_recording(changed(X, "biceps", rows, X["biceps"].iloc[rows] + ramp))
        assert_found(quality, "drift", "biceps", 0.0, 4.0)


def test_copies_of_channels_and_trials(envelopes):
    X = envelopes[0].copy()
    rows = rows_of(X)
    X.iloc[rows, 1] = 0.5 * X.iloc[rows, 0]
    row = only(check_recording(X), "duplicated")
    assert (row.channel, row.unit, row.trial) == ("triceps", "biceps", TRIAL)
    X = envelopes[0].copy()
    X.iloc[rows_of(X, "trial_03")] = X.iloc[rows].to_numpy()
    row = only(check_recording(X), "duplicated_trial")
    assert (row.trial, row.unit) == ("trial_03", TRIAL)


def with_times(X, times):
    index = X.index.to_frame(index=False)
    index.loc[rows_of(X), "time"] = times
    return X.set_axis(pd.MultiIndex.from_frame(index))


def test_a_dead_channel_of_raw_emg_is_flat_and_nothing_else(raw):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        findings = check_recording(raw[0].assign(dead=0.0), raw[1]).findings
    assert set(findings.query("channel == 'dead'")["kind"]) == {"flat"}


def test_gaps_and_rates(envelopes):
    X = envelopes[0]
    time = X.index.get_level_values("time")[rows_of(X)].to_numpy()
    gap = only(check_recording(with_times(X, np.where(time >= 2.0, time + 0.5, time))), "irregular_time")
    assert gap.trial == TRIAL and gap.start == pytest.approx(1.99) and gap.value == pytest.approx(51.0)
    late = sum(0.015 * (time >= place) for place in (0.5, 1.2, 1.9, 2.6, 3.3))
    many = only(check_recording(with_times(X, time + late)), "irregular_time")  # one finding for the trial
    assert many.trial == TRIAL and many.value == pytest.approx(2.5) and "in 5 places" in many.meaning
    assert many.start == pytest.approx(0.49) and many.stop == pytest.approx(3.3 + 5 * 0.015)
    slow = only(check_recording(with_times(X, 2.0 * time)), "sampling_rate")
    assert slow.trial == TRIAL and slow.value == pytest.approx(50.0)
    stated = check_recording(X, sampling_rate=1000.0).findings
    assert len(stated) == 5 and set(stated["kind"]) == {"sampling_rate"}


def test_raw_emg_that_was_sampled_too_slowly_and_milliseconds(raw, envelopes):
    kept = np.concatenate([rows_of(raw[0], f"trial_0{k}")[::4] for k in range(3)])
    findings = check_recording(raw[0].iloc[kept]).findings
    assert set(findings.loc[findings["kind"] == "aliasing", "channel"]) == {"biceps", "triceps"}
    X = envelopes[0]
    milliseconds = X.index.to_frame(index=False)
    milliseconds["time"] *= 1000
    quality = check_recording(X.set_axis(pd.MultiIndex.from_frame(milliseconds)))
    assert "time_unit" in set(quality.findings["kind"])


def test_envelopes_below_zero_angles_in_degrees_and_held_postures(envelopes):
    X, y = envelopes
    findings = check_recording(X - 0.1, np.rad2deg(y)).findings
    assert {"not_rectified", "angle_unit"} <= set(findings["kind"])
    held = y.copy()
    held.loc[TRIAL] = 0.5
    assert only(check_recording(X, held), "no_motion").trial == TRIAL


def test_channels_exchanged_in_one_trial(envelopes):
    X, y = envelopes
    swapped = X.copy()
    rows = rows_of(X)
    swapped.iloc[rows] = X.iloc[rows, [1, 0]].to_numpy()
    row = only(check_recording(swapped, y), "swapped")
    assert row.trial == TRIAL and {row.channel, row.unit} == {"biceps", "triceps"}


@pytest.mark.parametrize("seconds", [-0.8, 0.8])
def test_emg_out_of_step_in_all_trials(envelopes, seconds):
    X, y = envelopes
    late = X.groupby(level="trial").shift(round(100 * seconds)).groupby(level="trial").bfill()
    late = late.groupby(level="trial").ffill()
    row = only(check_recording(late, y), "lag")
    assert row.trial is None or pd.isna(row.trial)
    assert row.value == pytest.approx(-seconds, abs=0.25)


def test_emg_out_of_step_in_one_trial(envelopes):
    X, y = envelopes
    late = X.copy()
    late.loc[TRIAL] = X.loc[TRIAL].shift(50).bfill().to_numpy()
    row = only(check_recording(late, y), "lag")
    assert row.trial == TRIAL and row.value == pytest.approx(-0.5, abs=0.15)


def test_emg_of_other_trials_does_not_explain_the_motion(envelopes):
    X, y = envelopes
    other = X.copy()
    other.iloc[:] = np.roll(X.to_numpy(), 400, axis=0)
    quality = check_recording(other, y)
    assert "unexplained" in set(quality.findings["kind"]) and not quality.ok
    assert quality.explained < 0.3


def test_arrays_need_a_rate_and_give_the_same_findings(envelopes):
    X = changed(envelopes[0], "biceps", rows_of(envelopes[0])[100:150], np.nan)
    trial = X.index.get_level_values("trial").to_numpy()
    quality = check_recording(X.to_numpy(), sampling_rate=100.0, trial=trial)
    row = only(quality, "missing")
    assert (row.channel, row.trial, row.start) == ("x0", TRIAL, 1.0)
    with pytest.raises(ValueError, match="Nothing tells the time"):
        check_recording(X.to_numpy())


def test_columns_that_are_no_emg_are_left_out(envelopes):
    X = envelopes[0].assign(hand_load_kg=0.9, marker=0.0)
    assert set(check_recording(X).findings["channel"]) == {"marker"}
    assert check_recording(X, exclude=["marker"]).ok
    with pytest.raises(ValueError, match="no EMG column"):
        check_recording(X[["hand_load_kg"]])


def test_what_users_see(envelopes):
    X = changed(envelopes[0], "biceps", rows_of(envelopes[0])[100:150], np.nan)
    X = X.rename(columns={"biceps": "<b>biceps</b>"})
    quality = check_recording(X)
    assert "severe" in repr(quality) and "1.00 to 1.49 s" in repr(quality)
    html = quality._repr_html_()
    assert "&lt;b&gt;biceps" in html and "<b>biceps" not in html
    assert list(quality.findings["severity"]) == sorted(
        quality.findings["severity"], key=["severe", "warning", "note"].index
    )


def test_hum_of_60_hz_in_recorded_emg():
    try:
        X, y = fetch_knee_emg(
            subjects=["N01"], tasks=["sitting"], envelope=False, sampling_rate=None,
            download_if_missing=False, return_X_y=True,
        )  # fmt: skip
    except OSError:
        pytest.skip("recordings are not in the cache")
    quality = check_recording(X, y)
    hum = quality.findings[quality.findings["kind"] == "mains"]
    # Recorded in Colombia, whose mains have 60 Hz.
    assert len(hum) and set(hum["unit"]) == {"60 Hz"}
    assert quality.explained > 0.8
