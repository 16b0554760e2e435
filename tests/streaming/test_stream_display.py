"""The live view shows the last seconds, and marks what is flagged."""

import numpy as np
import pytest

from sk_bionic.streaming import StreamDisplay

pytest.importorskip("matplotlib")


def test_the_last_seconds_are_shown(simulation, elbow):
    stream = simulation.stream(100.0)
    display = StreamDisplay(stream, elbow[0].columns, seconds=2.0)
    display.draw()  # nothing yet
    frames = []
    for emg in elbow[0].to_numpy()[:450]:
        frames.append(stream.push(emg))
        display.update(frames[-1], emg)
    display.update(None, emg)
    angle_lines = display.draw().ax_[1].get_lines()
    shown = angle_lines[0].get_ydata()
    assert len(shown) == 200
    assert np.allclose(shown, np.rad2deg([frame.angle[0] for frame in frames[-200:]]))
    labels = [text.get_text() for text in display.ax_[2].get_legend().get_texts()]
    assert labels == ["biceps", "triceps"]


def test_flagged_frames_are_marked_and_a_restart_begins_anew(simulation, elbow):
    stream = simulation.stream(100.0)
    display = StreamDisplay(stream, elbow[0].columns)
    values = elbow[0].to_numpy().copy()
    values[120:140] = np.nan
    for k, emg in enumerate(values[:200]):
        display.update(stream.push(emg, k / 100.0), emg)
    labels = [text.get_text() for text in display.draw().ax_[0].get_legend().get_texts()]
    assert "flagged" in labels
    for k, emg in enumerate(values[:30]):
        display.update(stream.push(emg, k / 100.0), emg)
    assert len(display.draw().ax_[1].get_lines()[0].get_ydata()) == 30
