"""Refresh README.md and docs/validation.md: run the example and show what comes out, copy the benchmark's tables.

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


def refreshed(path, tables, n_examples=0):
    """The text of a page with its tables, by name, and its first example anew."""
    text = (ROOT / path).read_text()
    text, n_found = EXAMPLE.subn(with_output, text, count=1) if n_examples else (text, 0)
    found = [n_found]
    for name, lines in tables.items():
        text, n_found = with_table(text, name, lines)
        found.append(n_found)
    if found != [n_examples, *[1] * len(tables)]:
        raise SystemExit(f"{path} needs {n_examples} example(s) and one table of each: {', '.join(tables)}.")
    return text


def main():
    simulated = first_table("elbow_and_knee.md")
    pages = {
        "README.md": refreshed("README.md", {"recorded": recorded(), "table": simulated}, n_examples=1),
        "docs/validation.md": refreshed("docs/validation.md", {"recorded": recorded()}),
    }
    for path, text in pages.items():
        (ROOT / path).write_text(text)
        print(f"{path}: refreshed.")


if __name__ == "__main__":
    main()
