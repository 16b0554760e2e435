"""What the command makes of models, without the Lab Streaming Layer."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from sk_bionic import save
from sk_bionic.cli import main
from sk_bionic.cli._stream import envelope_of
from sk_bionic.preprocessing import EMGEnvelope
from sk_bionic.streaming import StreamFrame


def test_filters_of_a_configuration_and_the_pipelines_scale_make_one_envelope(simulation, frames):
    raw = np.random.default_rng(0).normal(size=(4000, 2)) * [1.0, 3.0]
    filters = EMGEnvelope(causal=True, normalize=None, rest=None, sampling_rate=2000.0)
    normalisation = EMGEnvelope(band=None, low_pass=None).fit(filters.fit_transform(raw))
    made = envelope_of(make_pipeline(normalisation, simulation), filters)
    expected = normalisation.transform(filters.transform(raw)).reshape(200, 20, 2).mean(axis=1)
    found = simulation.stream(2000.0, envelope=made).push_chunk(raw)
    other = simulation.stream(100.0).push_chunk(expected)
    assert isinstance(found[0], StreamFrame)
    assert np.allclose([one.angle for one in found], [one.angle for one in other], atol=1e-9)


def test_other_steps_cannot_be_streamed(simulation):
    envelope = EMGEnvelope()
    assert envelope_of(make_pipeline(envelope, simulation), None) is envelope
    with pytest.raises(ValueError, match="other steps"):
        envelope_of(make_pipeline(EMGEnvelope(), EMGEnvelope(), simulation), None)


def test_without_the_extra_the_command_says_what_to_install(simulation, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pylsl", None)
    path = tmp_path / "elbow.skb"
    save(simulation, path)
    assert main(["stream", str(path), "--inlet", "EMG", "--outlet", "Motion"]) == 2
    assert "sk_bionic[lsl]" in " ".join(capsys.readouterr().err.split())
