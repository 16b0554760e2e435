"""Refresh README.md: run its example and show what comes out, copy the benchmark's table.

The example is the README's first Python block and its output the text block after it; the table is
the overview of results/elbow_and_knee.md, between the comments that frame it.
"""

import contextlib
import io
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "elbow_and_knee.md"
EXAMPLE = re.compile(r"```python\n(.*?)```\n\n```text\n.*?```", re.DOTALL)
TABLE = re.compile(r"(<!-- table -->\n).*?(<!-- /table -->)", re.DOTALL)


def with_output(match):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(match[1], {})
    return f"```python\n{match[1]}```\n\n```text\n{printed.getvalue()}```"


def overview():
    """Lines of the first table of the benchmark's results."""
    lines = RESULTS.read_text().splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("|"))
    last = next(i for i in range(first, len(lines)) if not lines[i])
    return "\n".join(lines[first:last])


def main():
    text = (ROOT / "README.md").read_text()
    text, n_examples = EXAMPLE.subn(with_output, text, count=1)
    text, n_tables = TABLE.subn(lambda match: f"{match[1]}{overview()}\n{match[2]}", text)
    if (n_examples, n_tables) != (1, 1):
        raise SystemExit(f"README.md: {n_examples} example and {n_tables} table, needed 1 each.")
    (ROOT / "README.md").write_text(text)
    print("README.md: example run, table copied.")


if __name__ == "__main__":
    main()
