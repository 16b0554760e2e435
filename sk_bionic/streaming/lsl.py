"""Streams of the Lab Streaming Layer: EMG from one, predictions to another."""

import time

import numpy as np

from ._stream import MotionStream

__all__ = ["read_labels", "serve"]

SCOPES = ("machine", "link", "site")
WAIT = 0.2  # s for samples, after which the loop looks around
JITTER = 0.05  # s, of time stamps
CONFIGURATION = """\
[multicast]
ResolveScope = {scope}
{addresses}[lab]
KnownPeers = {{127.0.0.1}}
[ports]
IPv6 = disable
"""
_configured = None


def layer(scope="machine"):
    """The module pylsl, configured to look no further than asked for.

    Parameters
    ----------
    scope : {"machine", "link", "site"}
        "machine": nothing is sent beyond this computer's loopback.
    """
    global _configured
    try:
        import pylsl
    except (ImportError, RuntimeError) as error:
        raise ImportError("The Lab Streaming Layer needs pylsl: pip install 'sk_bionic[lsl]'.") from error
    if scope not in SCOPES:
        raise ValueError(f"`scope` must be one of {', '.join(SCOPES)}. Got {scope!r}.")
    if _configured is None:
        addresses = (
            "MachineAddresses = {127.0.0.1}\nLinkAddresses = {}\nSiteAddresses = {}\n" if scope == "machine" else ""
        )
        pylsl.set_config_content(CONFIGURATION.format(scope=scope, addresses=addresses))
        _configured = scope
    elif _configured != scope:
        raise ValueError(
            f"This process has looked for streams in the scope {_configured!r} already; start another one "
            f"for {scope!r}."
        )
    return pylsl


def read_labels(info):
    """Labels of a stream's channels.

    Parameters
    ----------
    info : pylsl.StreamInfo
        With its description, as an inlet has it.

    Returns
    -------
    list of str
        Empty where the description does not name all of them.

    Examples
    --------
    >>> from sk_bionic.streaming.lsl import read_labels
    >>> class Info:
    ...     def get_channel_labels(self):
    ...         return ["biceps", "triceps"]
    >>> read_labels(Info())
    ['biceps', 'triceps']
    """
    labels = info.get_channel_labels() or []
    return [label or "" for label in labels]


def _columns(labels, n_channels, names, stream_name):
    """Which channel holds each column: by label, or by order where there are no labels."""
    if set(names) <= set(labels):
        return [labels.index(name) for name in names]
    if n_channels != len(names):
        raise ValueError(
            f"The stream {stream_name!r} has {n_channels} channels ({', '.join(labels) or 'without labels'}), and the "
            f"model needs {len(names)}: {', '.join(names)}. Name the channels as the columns of the training."
        )
    return list(range(n_channels))


def _outlet(pylsl, stream, name):
    """Outlet for the predictions of a stream."""
    labels, units = labels_of(stream)
    info = pylsl.StreamInfo(name, "Motion", len(labels), stream.frame_rate, pylsl.cf_double64, f"sk_bionic {name}")
    info.set_channel_labels(labels)
    info.set_channel_units(units)
    return pylsl.StreamOutlet(info)


def labels_of(stream):
    """Labels and units of what is published."""
    labels, units = [], []
    parts = (("angle", "rad", stream.coordinate_names), ("force", "N", stream.muscle_names))
    for quantity, unit, names in (*parts, ("moment", "N m", stream.coordinate_names)):
        for suffix in ("", "_std"):
            labels += [f"{name}_{quantity}{suffix}" for name in names]
            units += [unit] * len(names)
    return [*labels, "flags"], [*units, "1"]


def serve(
    estimator, inlet, outlet, *, envelope=None, duration=None, timeout=10.0, scope="machine", on_frame=None, **options
):
    """Predict what comes from one stream of the Lab Streaming Layer, and publish it as another.

    Stamps are put on this computer's clock, and their jitter is taken off causally. A device that stops and starts
    again is waited for.

    Parameters
    ----------
    estimator : PhysicsInformedMSKRegressor
        Fitted.
    inlet, outlet : str
        Names of the streams. Channels are found by their labels, which must be the columns' names, or taken in order
        where there are as many as columns.
    envelope : EMGEnvelope, optional
        Fitted: the stream holds raw EMG.
    duration : float, optional
        After which to end [s]. Default: at an interrupt.
    timeout : float, default=10.0
        How long to wait for the stream [s].
    scope : {"machine", "link", "site"}, default="machine"
        How far to look for streams, and to be seen; "machine": nothing is sent beyond this computer.
    on_frame : callable, optional
        Called with every StreamFrame and the EMG of the sample.
    **options
        Of `MotionStream`: `frame_rate`, `lag`.

    Returns
    -------
    dict
        Numbers of samples read, frames published, and frames with flags.

    Raises
    ------
    ImportError
        Without the extra `lsl`.
    TimeoutError
        When there is no such stream.
    ValueError
        When its channels or its rate do not fit.
    """
    pylsl = layer(scope)
    found = pylsl.resolve_byprop("name", inlet, 1, timeout)
    if not found:
        raise TimeoutError(
            f"There is no stream {inlet!r} of the Lab Streaming Layer within {timeout:g} s (scope {scope})."
        )
    source = pylsl.StreamInlet(found[0], max_buflen=10, processing_flags=pylsl.proc_clocksync, recover=True)
    info = source.info(timeout)
    rate = info.nominal_srate()
    if not rate > 0:
        raise ValueError(f"The stream {inlet!r} states no sampling rate: a stream of EMG must be regular.")
    names = list(getattr(estimator, "feature_names_in_", [str(k) for k in range(estimator.n_features_in_)]))
    columns = _columns(read_labels(info), info.channel_count(), names, inlet)
    stream = MotionStream(estimator, rate, envelope=envelope, jitter=JITTER, **options)
    stream.push(np.full(stream.n_features, 0.0))  # compiled before the first sample waits
    stream.reset()
    return _loop(source, _outlet(pylsl, stream, outlet), stream, columns, duration, on_frame)


def _loop(source, sink, stream, columns, duration, on_frame):
    """Read, predict and publish until the time is over."""
    counts = {"samples": 0, "frames": 0, "flagged": 0}
    end = np.inf if duration is None else time.monotonic() + duration
    try:
        while time.monotonic() < end:
            samples, stamps = source.pull_chunk(timeout=WAIT, max_samples=64, min_samples=1, as_numpy=True)
            for sample, stamp in zip(np.asarray(samples, dtype=np.float64), stamps, strict=True):
                counts["samples"] += 1
                values = sample[columns]
                frame = stream.push(values, stamp)
                if frame is None:
                    continue
                sink.push_sample([*np.concatenate(frame[1:7]).tolist(), float(frame.flags)], frame.time)
                counts["frames"] += 1
                counts["flagged"] += frame.flags != 0
                if on_frame is not None:
                    on_frame(frame, values)
    except KeyboardInterrupt:
        pass
    return counts
