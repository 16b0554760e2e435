"""Refresh README.md: run its example and show what comes out, copy the benchmark's table.

The example is the README's first Python block and its output the text block after it; the tables are
the medians over all knees of results/recorded_emg.md and the overview of results/elbow_and_knee.md,
between the comments that frame them.
"""

import contextlib
import io
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
EXAMPLE = re.compile(r"```python\n(.*?)```\n\n```text\n.*?```", re.DOTALL)
N_COLUMNS = 5  # of the medians over the knees: method, protocols A and B


def with_output(match):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(match[1], {})
    return f"```python\n{match[1]}```\n\n```text\n{printed.getvalue()}```"


def first_table(name, section=""):
    """Lines of the first table in a section of a benchmark's results."""
    text = (RESULTS / name).read_text()
    lines = text[text.index(section) :].splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("|"))
    last = next(i for i in range(first, len(lines)) if not lines[i])
    return lines[first:last]


def recorded():
    """Medians over all recorded knees on the protocols A and B."""
    lines = first_table("recorded_emg.md", "## Knee, all subjects")
    return ["|".join(line.split("|")[: N_COLUMNS + 1]) + "|" for line in lines]


def with_table(text, name, lines):
    """Text with a table between the comments of that name, and how often they were there."""
    frame = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    return frame.subn(lambda match: match[1] + "\n".join(lines) + "\n" + match[2], text)


def main():
    text = (ROOT / "README.md").read_text()
    text, n_examples = EXAMPLE.subn(with_output, text, count=1)
    text, n_recorded = with_table(text, "recorded", recorded())
    text, n_simulated = with_table(text, "table", first_table("elbow_and_knee.md"))
    if (n_examples, n_recorded, n_simulated) != (1, 1, 1):
        raise SystemExit("README.md needs one example, one table 'recorded' and one 'table'.")
    (ROOT / "README.md").write_text(text)
    print("README.md: example run, tables copied.")


if __name__ == "__main__":
    main()
