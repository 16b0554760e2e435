"""The report: complete, self-contained, escaped, written wholly or not at all."""

import html.parser
import re

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

import sk_bionic
from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.inspection import report
from sk_bionic.preprocessing import EMGEnvelope

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
    for heading in ("Recording quality", "Fit", "Muscle parameters", "Muscle forces", "Residual"):
        assert f"<h2>{heading}" in text
    assert text.count("<img ") == 4
    assert "flat" in text and "Check electrode" in text
    assert all(muscle in text for muscle in fitted.muscle_names_)
    assert "electromechanical delay" in text and "what it means" in text
    assert f"sk_bionic {sk_bionic.__version__}" in text


def test_it_is_well_formed_and_needs_nothing_from_outside(text):
    page = Nesting()
    page.feed(text)
    assert not page.open
    assert "script" not in page.tags and "link" not in page.tags
    sources = [value for name, value in page.attributes if name in ("src", "href", "srcset")]
    assert sources and all(source.startswith("data:image/svg+xml;base64,") for source in sources)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert not re.search(r"url\(|@import", text)


def test_what_users_wrote_is_escaped(text):
    assert "<script" not in text
    assert "Subject &lt;script&gt;alert(1)&lt;/script&gt; &amp; co" in text


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


def test_other_regressors_get_what_they_can_fill(envelopes, tmp_path):
    X, y = (part.loc[["trial_02"]] for part in envelopes)
    y = y.copy()
    y.iloc[:50] = np.nan
    model = LinearRegression().fit(X.iloc[50:], y.iloc[50:])
    text = report(model, X, y, tmp_path / "a.html").read_text(encoding="utf-8")
    assert "<h2>Fit" in text and "<h2>Muscle" not in text
