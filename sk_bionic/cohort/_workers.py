"""Jobs in worker processes, of which some may die: what the others have finished is kept, and the lost job is named."""

import os
import tempfile
from concurrent.futures import BrokenExecutor
from contextlib import suppress
from pathlib import Path

from sklearn.utils.parallel import Parallel, delayed


class WorkerDied(RuntimeError):
    """The process that worked on a job has ended, twice: killed, out of memory, or by a crash of compiled code."""


def outcomes_of(function, jobs, *, n_jobs, verbose):
    """Results of `function(job)` by the jobs' keys, through joblib.

    Parameters
    ----------
    function : callable
    jobs : dict
        Independent jobs by key.
    n_jobs, verbose : int or None
        Of joblib.

    Returns
    -------
    dict
        In the order of `jobs`: results, or a WorkerDied for a job whose process ended when it was alone in it.
    """
    done, names = {}, {str(position): key for position, key in enumerate(jobs)}
    with tempfile.TemporaryDirectory() as folder:
        while waiting := {name: key for name, key in names.items() if key not in done}:
            error = _run(function, jobs, waiting, done, folder, n_jobs=n_jobs, verbose=verbose)
            if error is None:
                break
            # One of those that had begun took its process along; none is tried beside others again.
            suspects = [name for name in waiting if waiting[name] not in done and (Path(folder) / name).exists()]
            for name in suspects or [name for name in waiting if waiting[name] not in done]:
                error = _run(function, jobs, {name: names[name]}, done, folder, n_jobs=2, verbose=0)
                if error is not None:
                    done[names[name]] = WorkerDied(
                        "the process that fitted it has ended, twice: killed, out of memory, or by a crash of "
                        "compiled code"
                    )
                    done[names[name]].__cause__ = error
    return {key: done[key] for key in jobs}


def _run(function, jobs, waiting, done, folder, *, n_jobs, verbose):
    """Run the jobs of `waiting` into `done`; what broke the workers, or None."""
    # One job a batch: whatever ends a worker takes one job along.
    parallel = Parallel(n_jobs=n_jobs, verbose=verbose, batch_size=1, return_as="generator_unordered")
    try:
        for key, result in parallel(
            delayed(_begun)(function, jobs[key], key, Path(folder) / name) for name, key in waiting.items()
        ):
            done[key] = result
    except (BrokenExecutor, *_killed_by_dask()) as error:
        return error
    return None


def _begun(function, job, key, mark):
    with suppress(OSError):  # on another machine the folder is not there
        os.close(os.open(mark, os.O_CREAT | os.O_WRONLY))
    return key, function(job)


def _killed_by_dask():
    try:
        from distributed import KilledWorker
    except ImportError:
        return ()
    return (KilledWorker,)
