"""The report: complete, self-contained, escaped, written wholly or not at all."""

import base64
import hashlib
import html.parser
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

import sk_bionic
from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.inspection import RawEMGDisplay, report
from sk_bionic.inspection._held_out import seen_frames
from sk_bionic.inspection._raw_emg import outline
from sk_bionic.inspection._words import interval
from sk_bionic.preprocessing import EMGEnvelope
from sk_bionic.trials import find_trials

pytest.importorskip("matplotlib")
TITLE = "Subject <script>alert(1)</script> & co"
VOID = {"meta", "img", "br", "link"}


class Nesting(html.parser.HTMLParser):
    """Collects tags and checks that they are closed in order."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.attributes = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def text(fitted, envelopes, tmp_path_factory):
    """A report on a recording with a channel that sticks."""
    X, y = (part.loc[["trial_02", "trial_03"]] for part in envelopes)
    X = X.copy()
    X.iloc[100:180, 0] = 0.9
    path = tmp_path_factory.mktemp("report") / "subject.html"
    assert report(fitted, X, y, path, title=TITLE) == path
    assert [p.name for p in path.parent.iterdir()] == ["subject.html"]
    return path.read_text(encoding="utf-8")


def test_it_has_every_section_and_number(text, fitted):
    headings = ("Predicted and measured angle", "Recording quality", "Muscle parameters", "Muscle forces", "Residual")
    for heading in headings:
        assert f"<h2>{heading}" in text
    assert text.count("<svg ") == 7 and "Raw EMG" not in text
    assert "flat" in text and "Check electrode" in text
    assert all(muscle in text for muscle in fitted.muscle_names_)
    assert "electromechanical delay" in text and "what it means" in text
    assert f"sk_bionic {sk_bionic.__version__}" in text


def test_it_is_well_formed_and_needs_nothing_from_outside(text):
    page = Nesting()
    page.feed(text)
    assert not page.open and "link" not in page.tags
    named = [value for name, value in page.attributes if name == "id"]
    assert len(named) == len(set(named))
    asked = [value for name, value in page.attributes if name in ("src", "href", "srcset", "xlink:href")]
    assert asked and {value[1:] for value in asked if value.startswith("#")} <= set(named)
    assert all(value.startswith(("#", "data:image/")) for value in asked)
    assert set(re.findall(r"url\((.*?)\)", text)) <= {f"#{name}" for name in named} and "@import" not in text
    assert not [name for name, _ in page.attributes if name.startswith("on")]


def test_its_own_script_alone_may_run(text):
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in text
    assert "fetch" not in script and "innerHTML" not in script


def test_what_users_wrote_is_escaped(text):
    assert text.count("<script") == 1
    assert "Subject &lt;script&gt;alert(1)&lt;/script&gt; &amp; co" in text


def drawings(text):
    """Roots of the drawings of a page."""
    return [ElementTree.fromstring(one) for one in re.findall(r"<svg .*?</svg>", text, re.DOTALL)]


def test_a_reader_who_points_at_a_curve_is_told_what_was_predicted(fitted, envelopes, tmp_path):
    """Places of a drawing turn into times and angles by what it says of its axes."""
    X, y = (part.loc[["trial_02"]] for part in envelopes)
    text = report(fitted, X, y, tmp_path / "a.html").read_text(encoding="utf-8")
    (axes,) = [one for one in drawings(text)[0].iter() if "data-box" in one.attrib]
    left, top, width, height = map(float, axes.get("data-box").split())
    (x0, x1), (y0, y1) = (map(float, axes.get(f"data-{name}").split()) for name in "xy")
    (curve,) = [one for one in axes.iter() if one.get("data-series") == "predicted"]
    path = next(one for one in curve.iter() if one.get("d"))
    points = np.array(re.findall(r"[ML] (\S+) (\S+)", path.get("d")), dtype=float)
    time = x0 + (points[:, 0] - left) / width * (x1 - x0)
    angle = y0 + (top + height - points[:, 1]) / height * (y1 - y0)
    known, predicted = X.index.get_level_values("time"), np.rad2deg(fitted.predict(X))
    np.testing.assert_allclose(np.interp(time, known, predicted), angle, atol=0.01 * np.ptp(predicted))
    assert axes.get("data-axes") == "time [s]|elbow flexion [deg]"


def first_fact(text):
    return re.search(r'<div class="first">(.*?)</div>', text, re.DOTALL)[1]


def test_what_is_told_first_is_the_error_on_what_the_model_has_not_seen(text, fitted, envelopes, tmp_path):
    assert "held-out error" in first_fact(text) and "none of which it was fitted to" in first_fact(text)
    X, y = envelopes
    mixed = report(fitted, X, y, tmp_path / "mixed.html").read_text(encoding="utf-8")
    new = X.index.get_level_values("trial") > "trial_01"
    error = np.rad2deg(np.sqrt(np.mean((fitted.predict(X) - y)[new] ** 2)))
    assert f"<b>{error:.1f}° of" in first_fact(mixed) and "that it was not fitted to" in first_fact(mixed)
    assert mixed.count("<td>yes</td>") == 2 and mixed.count("<td>no</td>") == 3  # seen in the fit


@pytest.mark.parametrize(
    "rows, seen", [(slice(0, 400), True), (slice(37, 331), True), (slice(203, 400), True), (slice(800, 1200), False)]
)
def test_frames_of_the_training_are_known_again_wherever_they_begin(fitted, envelopes, rows, seen):
    X = envelopes[0].iloc[rows]
    assert (seen_frames(fitted, X, find_trials(X)) == seen).all()


def test_of_the_trainings_own_trials_parts_are_held_out_or_the_error_is_called_that_of_the_fit(
    fitted, envelopes, tmp_path
):
    X, y = (part.loc[["trial_00", "trial_01"]] for part in envelopes)
    apart = report(fitted, X, y, tmp_path / "apart.html").read_text(encoding="utf-8")
    errors = [
        fitted.__class__(**fitted.get_params()).fit(X.loc[[a]], y.loc[[a]]).predict(X.loc[[b]]) - y.loc[b].to_numpy()
        for a, b in (("trial_00", "trial_01"), ("trial_01", "trial_00"))
    ]
    assert f"<b>{np.rad2deg(np.sqrt(np.mean(np.square(errors)))):.1f}° of" in first_fact(apart)
    assert "2 parts of the recording" in first_fact(apart)
    quick = report(fitted, X, y, tmp_path / "quick.html", held_out=False).read_text(encoding="utf-8")
    assert "error of the fit" in first_fact(quick) and "none were held out" in first_fact(quick)


def test_the_pattern_shows_what_was_determined(text, fitted):
    pattern = re.search(r'<table class="pattern">(.*?)</table>', text, re.DOTALL)[1]
    frame = fitted.parameters_
    assert pattern.count('class="bound"') == frame["at_bound"].sum()
    assert pattern.count('class="undetermined"') == (~frame["identifiable"] & ~frame["at_bound"]).sum()
    assert pattern.count("<abbr") >= len(frame)


def test_no_interval_leaves_the_parameters_bounds(fitted):
    row = next(fitted.parameters_.itertuples())._replace(value=80.0, std_err=60.0, lower=25.0, upper=5000.0)
    assert interval(row) == "80.0 (25.0 to 200)"
    assert interval(row._replace(std_err=10.0)) == "80 ± 20"


def test_any_name_of_a_trial_is_reported(fitted, envelopes, tmp_path):
    X, y = (part.loc[["trial_02"]].rename({"trial_02": "$a$ \\frac{ \x01"}, level="trial") for part in envelopes)
    page = report(fitted, X, y, tmp_path / "odd.html").read_text(encoding="utf-8")
    assert "$a$ \\frac{ " in page


def test_it_refuses_to_overwrite_unless_asked(fitted, envelopes, tmp_path):
    X, y = (part.loc[["trial_02"]] for part in envelopes)
    path = tmp_path / "a.html"
    path.write_text("mine")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        report(fitted, X, y, path)
    assert path.read_text() == "mine"
    with pytest.raises(FileNotFoundError, match="does not exist. Create it first"):
        report(fitted, X, y, tmp_path / "no" / "a.html")
    report(fitted, X, y, path, overwrite=True)
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_failure_leaves_neither_half_a_file_nor_the_old_one_harmed(fitted, envelopes, tmp_path, monkeypatch):
    path = tmp_path / "a.html"
    path.write_text("mine")
    X, y = (part.loc[["trial_02"]] for part in envelopes)
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        report(fitted, X, y, path, overwrite=True)
    assert [p.name for p in tmp_path.iterdir()] == ["a.html"] and path.read_text() == "mine"


def test_pipelines_are_judged_on_their_raw_emg(raw, tmp_path):
    X, y = (part.loc[["trial_00"]] for part in raw)
    pipeline = make_pipeline(
        EMGEnvelope().set_output(transform="pandas"),
        PhysicsInformedMSKRegressor("elbow", prediction="simulation", identify=[]),
    )
    text = report(pipeline.fit(X, y), X, y, tmp_path / "a.html").read_text(encoding="utf-8")
    assert "raw EMG" in text and "Nothing was identified" in text
    assert "<h3>Raw EMG and its spectrum" in text


def test_a_drawing_of_raw_emg_has_its_peaks_and_its_frequency():
    time = np.arange(20_000) / 2000.0
    signal = 1e-4 * np.sin(2 * np.pi * 80.0 * time)
    signal[[5_001, 12_345]] = 3e-3, -2e-3
    shorter, kept = outline(time, signal)
    assert len(kept) < 2000 and (np.diff(shorter) > 0).all()
    assert kept.max() == signal.max() and kept.min() == signal.min()
    display = RawEMGDisplay.from_recording(signal[:, None], sampling_rate=2000.0)
    frequency, power = display.ax_[0, 1].lines[-1].get_data()
    assert abs(frequency[np.argmax(power)] - 80.0) < 1.5
    with pytest.raises(ValueError, match="Nothing tells the time"):
        RawEMGDisplay.from_recording(signal[:, None])


def test_other_regressors_get_what_they_can_fill(envelopes, tmp_path):
    X, y = (part.loc[["trial_02"]] for part in envelopes)
    y = y.copy()
    y.iloc[:50] = np.nan
    model = LinearRegression().fit(X.iloc[50:], y.iloc[50:])
    text = report(model, X, y, tmp_path / "a.html").read_text(encoding="utf-8")
    assert "<h2>Predicted and measured" in text and "<h2>Muscle" not in text
