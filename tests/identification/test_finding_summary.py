"""A warning of everything that a recording leaves open is two lines that a person reads."""

import pytest

from sk_bionic.exceptions import LINE, fitting_in
from sk_bionic.identification.identifiability import Finding, label, summary
from sk_bionic.musculoskeletal import knee


def findings_about(rows, free):
    single = [Finding((int(i),), label(rows[i]), "a wider range of motion") for i in free]
    combination = Finding(tuple(int(i) for i in free), "the combination " + " ".join(label(rows[i]) for i in free), "x")
    return [*single, *[combination] * 9]


@pytest.mark.parametrize("n", [1, 2, 8, 40])
def test_two_lines_however_much_is_left_open(n):
    model = knee("seated")
    rows, free = model.parameters.rows, model.parameters.free_index
    lines = summary(findings_about(rows, free[:n]), model).split("\n")
    assert len(lines) == 2 and max(map(len, lines)) <= LINE
    assert f"{min(n, len(free))} of {len(free)} free" in lines[0]
    assert rows[free[0]].name in lines[0] and "`reason`" in lines[1]


def test_what_does_not_fit_is_counted():
    assert fitting_in(["a", "b"], 10) == "a; b"
    assert fitting_in(["first", "second" * 9, "third"], 20) == "first; and 2 more"
    assert len(fitting_in(["x" * 99], 20)) == 20
