"""The page of `public_files.py`."""

import pandas as pd
from _tables import environment, markdown

OUTCOMES = ["equal", "different", "refused by both", "refused by us alone", "refused by the other alone"]
PAGE = """\
# Public files

{environment} Beside OpenSim {opensim}, ezc3d {ezc3d}, c3d {c3d}.

{n_files} files of {n_repositories} public repositories (`public_files_list.csv`: repository, commit, path and id of the
content; none twice, none of 4 MiB and more), each read by `sk_bionic.io` (or `read_osim`) and by an independent reader. "Equal": the
same names, times and values (relative 1e-12, models 1e-9, C3D 1e-6, the single precision of its numbers), raw for .sto and .mot; of
a model, coordinates with motion type, default and range, and the muscles' parameters.

{table}

{summary}

## Further checks

Files that state `inDegrees=yes`, converted by `read_sto(..., model=)` and by OpenSim with a model of the same repository; lengths
of the paths that `read_osim` knows without OpenSim, at three postures.

{checks}

## Different from an independent reader

{different}

## Refused by us alone

{refused}

## Not compared

{lost}
"""


def page(listed, records, versions):
    """The whole page, in Markdown."""
    read = records[records["check"].isna()].assign(kind=_kinds(records["file"]))
    checks = records[records["check"].notna()]
    table = pd.crosstab([read["kind"], read["rival"]], read["outcome"]).reindex(columns=OUTCOMES, fill_value=0)
    table.insert(0, "files", table.sum(axis=1))
    table.index = [f"{kind}, {rival}" for kind, rival in table.index]
    return PAGE.format(
        environment=environment(),
        **versions,
        n_files=len(listed),
        n_repositories=listed["repository"].nunique(),
        table=markdown(table, dict.fromkeys(table, "d"), index_name="kind, beside"),
        summary=_summary(read),
        checks=_check_table(checks),
        different=_named(records[records["outcome"] == "different"], read),
        refused=_named(records[records["outcome"] == "refused by us alone"], read),
        lost=_named(checks[checks["outcome"] == "not compared"], read),
    )


def _kinds(files):
    return "." + files.str.lower().str.rsplit(".", n=1).str[-1]


def _summary(read):
    """A file counts once: what its readers say of it together."""
    by_file = read.groupby("file")["outcome"].agg(set)
    n = len(by_file)
    equal = by_file.map(lambda found: "equal" in found)
    ours = by_file.map(lambda found: "refused by us alone" in found)
    different = by_file.map(lambda found: "different" in found)
    neither = by_file.map(lambda found: found == {"refused by both"})
    alone = by_file.map(lambda found: found == {"refused by the other alone"})
    return (
        f"Of {n} files: {equal.sum()} read equal to an independent reader, {neither.sum()} refused by all, {alone.sum()} read by us "
        f"alone, **{ours.sum()} refused by us alone ({ours.mean():.2%})**, **{(different & ~equal).sum()} of values that no "
        f"independent reader has**, {(different & equal).sum()} on which the independent readers differ and ours agrees with one."
    )


def _check_table(checks):
    if checks.empty:
        return "None."
    table = pd.crosstab(checks["check"], checks["outcome"])
    return markdown(table, dict.fromkeys(table, "d"), index_name="check")


def _named(records, read):
    if records.empty:
        return "None."
    return "\n".join(_line(row, read) for row in records.itertuples())


def _line(row, read):
    others = read[(read["file"] == row.file) & (read["rival"] != row.rival)]
    beside = "; ".join(f"{other.rival}: {other.outcome}" for other in others.itertuples())
    who = row.rival if isinstance(row.rival, str) else row.check
    return f"- `{row.file}`, {who}: {row.reason}" + (f" ({beside})" if beside else "")
