"""Dask runs the fits of a cohort: the same bits, and nothing lost with a worker."""

import os
import signal
import threading
import time

import joblib
import pandas as pd
import pytest
from test_cohort import REGRESSOR, recordings

from sk_bionic.cohort import fit_subjects

distributed = pytest.importorskip("dask.distributed", reason="needs the extra [dask]")
pytestmark = [
    pytest.mark.filterwarnings("ignore::sk_bionic.exceptions.IdentifiabilityWarning"),
    pytest.mark.skipif(os.name == "nt", reason="SIGKILL"),
]


def kill_a_busy_worker(cluster, pids, killed):
    """Once a fit is finished and another one runs, kill the process that runs it."""
    seen = set()
    while not killed:
        tasks = {key: task for key, task in list(cluster.scheduler.tasks.items()) if "_begun" in str(key)}
        seen |= tasks.keys()
        running = [task for task in tasks.values() if task.state == "processing"]
        finished = len(seen - {task.key for task in tasks.values() if task.state != "memory"})
        if running and finished:
            worker = running[0].processing_on
            if worker is not None:
                os.kill(pids[worker.address], signal.SIGKILL)
                killed.append(worker.address)
        time.sleep(0.005)


def test_a_killed_worker_costs_time_and_nothing_else():
    X, y, _ = recordings(6, n_trials=1)
    serial = fit_subjects(REGRESSOR, X, y)
    cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None)
    with cluster, distributed.Client(cluster) as client:
        client.wait_for_workers(2, timeout=300)
        pids, killed = client.run(os.getpid), []
        killer = threading.Thread(target=kill_a_busy_worker, args=(cluster, pids, killed), daemon=True)
        killer.start()
        with joblib.parallel_config(backend="dask"):
            cohort = fit_subjects(REGRESSOR, X, y)
        assert killed, "no worker was killed, so this has shown nothing"
    assert list(cohort.estimators_) == list(serial.estimators_) and cohort.failures_ == {}
    pd.testing.assert_frame_equal(cohort.parameters_, serial.parameters_, check_exact=True)
    for name, estimator in serial.estimators_.items():
        own = X.index.get_level_values("trial").str.startswith(name)
        assert (estimator.predict(X[own]) == cohort.estimators_[name].predict(X[own])).all()
