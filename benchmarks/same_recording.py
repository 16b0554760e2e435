"""The same recording through every format: are the tables equal?

Prints its table and keeps it in results/same_recording.md. Needs the extras [mne] and [xdf].
"""

import tempfile
import warnings
from pathlib import Path

import pandas as pd
from _recording_formats import FORMATS, difference, recording
from _tables import environment, markdown

from sk_bionic.inspection import check_recording

RESULT = Path(__file__).parent / "results" / "same_recording.md"
PAGE = """\
# One recording in every format

Command: `python benchmarks/same_recording.py`. {environment}

Raw EMG of two muscles, 5 s at 2000 Hz, written in each format and read again, as numbers of double precision and as
whole counts of an amplifier of 16 bits (0.1 uV). Largest difference of a value relative to the largest value, and of a
time in seconds. "check": `check_recording` finds the same as in the table that was written.

{table}
"""


def main():
    rows = []
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("error")
        for name, through, _, lost in FORMATS:
            place = Path(folder)
            any_numbers, time = difference(through(recording(), place), recording())
            counts = recording(counts=True)
            found = through(counts, place)
            same = check_recording(found).findings["kind"].tolist() == check_recording(counts).findings["kind"].tolist()
            row = {"format": name, "any numbers": any_numbers, "counts": difference(found, counts)[0], "time [s]": time}
            rows.append({**row, "check": "same" if same else "differs", "cannot hold": lost})
    table = markdown(pd.DataFrame(rows), default=".1e")
    page = PAGE.format(table=table, environment=environment())
    print(page)
    RESULT.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
