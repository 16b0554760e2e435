"""Public files of many laboratories: does `sk_bionic.io` read what they hold?

Each file of results/public_files_list.csv (repository, commit, path, content's id) goes through our reader and through
others: OpenSim for .sto, .mot, .trc and .osim, ezc3d and the pure-Python c3d for .c3d. Repositories come from `--mirror`,
a folder of git directories ``owner+name``; what it lacks is cloned from GitHub. Needs the extras [opensim] and [test].
Prints its page and keeps it, with a line a file, in results/public_files.md and results/public_files.csv.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pandas as pd
from _public_page import page
from _public_sources import list_files, models_near, write_files

HERE = Path(__file__).parent
RESULTS = HERE / "results"
LIST, RECORDS = RESULTS / "public_files_list.csv", RESULTS / "public_files.csv"
PATIENCE = 300.0  # s for a file, until its reader counts as hanging
BATCH = 200


def compared(items, folder):
    """Records of the worker for all items, whatever happens to it."""
    records, out = [], folder / "records.jsonl"
    for start in range(0, len(items), BATCH):
        todo = items[start : start + BATCH]
        while todo:
            out.unlink(missing_ok=True)
            end = _work(todo, folder, out)
            lines = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
            records += [line for line in lines if "outcome" in line]
            done = {line["file"] for line in lines if "done" in line}
            rest = [item for item in todo if item["path"] not in done]
            if rest and end is not None:
                stage = next((line["stage"] for line in reversed(lines) if "stage" in line), "start")
                records.append(_lost(rest[0]["path"], stage, end))
                rest = rest[1:]
            todo = rest
        print(f"{min(start + BATCH, len(items))} of {len(items)} files", file=sys.stderr, flush=True)
    return records


def _work(todo, folder, out):
    """None, or how the worker ended before its time."""
    batch = folder / "batch.json"
    batch.write_text(json.dumps(todo))
    command = [sys.executable, str(HERE / "_public_worker.py"), str(batch), str(out)]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=PATIENCE * len(todo))
    except subprocess.TimeoutExpired:
        return "did not come back"
    return None if done.returncode == 0 else f"ended the process with status {done.returncode}"


def _lost(path, stage, end):
    if stage in ("conversion by a model", "lengths of paths"):
        return {"file": path, "check": stage, "outcome": "not compared", "reason": end}
    ours = stage in ("we", "start")
    outcome = "refused by us alone" if ours else "refused by the other alone"
    return {"file": path, "rival": stage, "outcome": outcome, "reason": end}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--mirror", type=Path, required=True, help="folder of repositories, owner+name; filled where empty"
    )
    parser.add_argument("--make-list", action="store_true", help="list the mirror's files anew")
    parser.add_argument(
        "--kinds",
        nargs="*",
        default=[".sto", ".mot", ".trc", ".c3d", ".osim"],
        help="extensions to read; the others' results are kept",
    )
    parser.add_argument("--sample", type=int, help="so many files only, drawn at random")
    arguments = parser.parse_args()
    arguments.mirror.mkdir(parents=True, exist_ok=True)
    if arguments.make_list:
        list_files(arguments.mirror).to_csv(LIST, index=False)
    listed = pd.read_csv(LIST)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_files(arguments.mirror, listed, folder / "files")
        chosen = listed[listed["path"].str.lower().str.endswith(tuple(arguments.kinds))]
        if arguments.sample:
            chosen = chosen.sample(arguments.sample, random_state=0)
        root = folder / "files"
        items = [
            {
                "path": str(root / row.repository / row.path),
                "models": [str(root / row.repository / path) for path in models_near(listed, row)],
            }
            for row in chosen.itertuples()
        ]
        records = pd.DataFrame(compared(items, folder)).reindex(columns=["file", "rival", "check", "outcome", "reason"])
        for column in ("file", "reason"):
            records[column] = records[column].str.replace(f"{root}/", "", regex=False)
    if not arguments.sample:
        records = _kept(records, arguments.kinds)
        records.to_csv(RECORDS, index=False)
        chosen = listed
    text = page(chosen, records, {name: _version(name) for name in ("opensim", "ezc3d", "c3d")})
    print(text)
    if not arguments.sample:
        (RESULTS / "public_files.md").write_text(text)


def _kept(records, kinds):
    """These and those of other kinds from an earlier run, in the order of files."""
    if RECORDS.exists():
        earlier = pd.read_csv(RECORDS)
        records = pd.concat([earlier[~earlier["file"].str.lower().str.endswith(tuple(kinds))], records])
    return records.sort_values(["file", "check", "rival"], na_position="first", kind="stable")


def _version(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


if __name__ == "__main__":
    main()
