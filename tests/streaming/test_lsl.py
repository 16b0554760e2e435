"""The Lab Streaming Layer, with a simulated amplifier in the same process."""

import threading
import time

import numpy as np
import pytest

from sk_bionic import save
from sk_bionic.cli import main

lsl = pytest.importorskip("sk_bionic.streaming.lsl")
pytest.importorskip("pylsl", exc_type=ImportError)

RATE = 100.0


class Amplifier:
    """A device that sends EMG, chunk by chunk, on a clock of its own, and may fall silent."""

    def __init__(self, name, values, labels, offset=0.0, silent=(0, 0)):
        pylsl = lsl.layer()
        info = pylsl.StreamInfo(name, "EMG", len(labels), RATE, pylsl.cf_float32, f"amplifier {name}")
        info.set_channel_labels(list(labels))
        self.pylsl, self.info, self.outlet = pylsl, info, pylsl.StreamOutlet(info, chunk_size=1)
        self.values, self.offset, self.silent, self.sent = values, offset, silent, []
        self.thread = threading.Thread(target=self._send)

    def _send(self):
        self.outlet.wait_for_consumers(10.0)
        start = self.pylsl.local_clock()
        for k, values in enumerate(self.values):
            time.sleep(max(0.0, start + k / RATE - self.pylsl.local_clock()))
            if not self.silent[0] <= k < self.silent[1]:
                self.outlet.push_sample(values.tolist(), start + k / RATE + self.offset)
                self.sent.append(k)


def served(simulation, name, amplifier, duration, **options):
    found = []
    amplifier.thread.start()
    counts = lsl.serve(
        simulation, name, name + " out", duration=duration, on_frame=lambda frame, _: found.append(frame), **options
    )
    amplifier.thread.join()
    return counts, found


def test_what_comes_over_the_layer_is_what_the_stream_says(simulation, frames):
    values = frames.to_numpy()[:120]
    amplifier = Amplifier("emg one", values[:, ::-1], ["triceps", "biceps"])
    counts, found = served(simulation, "emg one", amplifier, 2.0)
    assert counts["samples"] == counts["frames"] == 120 and counts["flagged"] == 0
    expected = simulation.stream(RATE)
    angle = [expected.push(frame).angle[0] for frame in values.astype(np.float32)]
    assert np.abs([frame.angle[0] for frame in found] - np.array(angle)).max() < 0.02


def test_a_silence_is_a_gap_and_is_survived(simulation, frames):
    amplifier = Amplifier("emg two", frames.to_numpy()[:150], ["biceps", "triceps"], offset=1000.0, silent=(60, 85))
    counts, found = served(simulation, "emg two", amplifier, 2.3)
    assert counts["samples"] == 125
    flags = np.array([frame.flags for frame in found])
    assert flags[60] and not flags[:60].any() and found[60].angle_std[0] > found[59].angle_std[0]


def test_an_amplifier_that_is_switched_off_and_on_is_heard_again(simulation, frames):
    """The same device, by its source_id, under a new outlet: nothing raises, and the pause is flagged."""
    first, second = (Amplifier("emg six", part, ["biceps", "triceps"]) for part in np.split(frames.to_numpy()[:160], 2))
    found = []

    def switch():
        first._send()
        time.sleep(0.2)  # what was sent last is on its way
        first.outlet = None
        time.sleep(0.5)
        second.outlet = lsl.layer().StreamOutlet(second.info, chunk_size=1)
        second._send()

    second.outlet = None
    first.thread = threading.Thread(target=switch)
    first.thread.start()
    counts = lsl.serve(simulation, "emg six", "six", duration=7.0, on_frame=lambda frame, _: found.append(frame))
    first.thread.join()
    assert counts["samples"] == 160 and len(second.sent) == 80
    flags = np.array([frame.flags for frame in found])
    assert flags[80] and not flags[:80].any() and np.isfinite([frame.angle[0] for frame in found]).all()


def test_predictions_are_published(simulation, frames):
    pylsl = lsl.layer()
    amplifier = Amplifier("emg three", frames.to_numpy()[:150], ["biceps", "triceps"])
    received = []

    def listen():
        info = pylsl.resolve_byprop("name", "emg three out", 1, 5.0)[0]
        inlet = pylsl.StreamInlet(info)
        labels = inlet.info(5.0).get_channel_labels()
        end = time.monotonic() + 2.0
        while time.monotonic() < end:
            sample, _ = inlet.pull_sample(timeout=0.1)
            if sample is not None:
                received.append(dict(zip(labels, sample, strict=True)))

    listener = threading.Thread(target=listen)
    listener.start()
    served(simulation, "emg three", amplifier, 2.0)
    listener.join()
    assert len(received) > 10
    assert {"biceps_force", "biceps_force_std", "flags"} <= set(received[0])


def test_streams_that_do_not_fit_are_named(simulation, frames):
    with pytest.raises(TimeoutError, match="no such amplifier"):
        lsl.serve(simulation, "no such amplifier", "out", timeout=0.2)
    amplifier = Amplifier("emg four", np.zeros((1, 3)), ["a", "b", "c"])
    with pytest.raises(ValueError, match="3 channels .*biceps"):
        lsl.serve(simulation, "emg four", "out", timeout=5.0)
    assert amplifier.sent == []
    with pytest.raises(ValueError, match="scope"):
        lsl.layer("everywhere")


def test_the_command_streams_a_saved_model(simulation, frames, tmp_path, capsys):
    path = tmp_path / "elbow.skb"
    save(simulation, path)
    amplifier = Amplifier("emg five", frames.to_numpy()[:60], ["biceps", "triceps"])
    amplifier.thread.start()
    status = main(["stream", str(path), "--inlet", "emg five", "--outlet", "motion five", "--duration", "1.5"])
    amplifier.thread.join()
    assert status == 0
    assert "60 samples read, 60 frames published" in capsys.readouterr().out
