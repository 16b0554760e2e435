"""A sample of the generated tables of benchmarks/property_tests.py: nothing undocumented comes out."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "benchmarks"))
from property_tests import batch

SEEDS = range(50_000, 50_060)
IN_ONE = 20


@pytest.mark.parametrize("first", SEEDS[::IN_ONE])
def test_generated_tables_are_answered_rightly_or_refused_by_name(first):
    results = batch(range(first, first + IN_ONE))
    assert not [(seed, changes, faults) for seed, faults, _, changes, _ in results if faults]
    assert {"all", "refused"} <= {how for _, _, how, _, _ in results}
