"""Public files of many laboratories: does `sk_bionic.io` read what they hold?

Each file of results/public_files_list.csv (repository, commit, path, content's id) goes through our reader and through
others: OpenSim for .sto, .mot, .trc and .osim, ezc3d and the pure-Python c3d for .c3d. Repositories come from
`--mirror`, a folder of git directories ``owner+name``; what it lacks is cloned from GitHub. Needs the extras [opensim]
and [test]. Prints its page and keeps it, with a line a file, in results/public_files.md and results/public_files.csv.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pandas as pd
from _public_page import page
from _public_sources import KINDS, list_files, models_near, write_files

HERE = Path(__file__).parent
RESULTS = HERE / "results"
LIST, RECORDS = RESULTS / "public_files_list.csv", RESULTS / "public_files.csv"
PATIENCE = 300.0  # s for a file, until its reader counts as hanging
BATCH = 100
COLUMNS = ["file", "rival", "check", "outcome", "reason"]


def compared(items, folder):
    """Records of the worker, a batch at a time, whatever happens to it."""
    for start in range(0, len(items), BATCH):
        batch = items[start : start + BATCH]
        records = _batch(batch, folder)
        # OpenSim carries the <defaults> of a model over to those after it: one that differs is read once more, alone.
        again = {r["file"] for r in records if r["outcome"] == "different" and r["file"].lower().endswith(".osim")}
        records = [record for record in records if record["file"] not in again]
        records += [record for item in batch if item["path"] in again for record in _batch([item], folder)]
        print(f"{min(start + BATCH, len(items))} of {len(items)} files", file=sys.stderr, flush=True)
        yield records


def _batch(todo, folder):
    records = []
    while todo:
        lines, end = _work(todo, folder)
        records += [line for line in lines if "outcome" in line]
        done = {line["file"] for line in lines if "done" in line}
        todo = [item for item in todo if item["path"] not in done]
        if todo and end is not None:
            stage = next((line["stage"] for line in reversed(lines) if "stage" in line), "start")
            records.append(_lost(todo[0]["path"], stage, end))
            todo = todo[1:]
    return records


def _work(todo, folder):
    """What the worker wrote, and how it ended before its time (None: it did not)."""
    batch, out = folder / "batch.json", folder / "records.jsonl"
    batch.write_text(json.dumps(todo))
    out.write_text("")
    command = [sys.executable, str(HERE / "_public_worker.py"), str(batch), str(out)]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as worker:
        while worker.poll() is None and time.time() - out.stat().st_mtime < PATIENCE:
            time.sleep(0.5)
        stuck = worker.poll() is None
        if stuck:
            worker.kill()
    end = "did not come back" if stuck else f"ended the process with status {worker.returncode}"
    return [json.loads(line) for line in out.read_text().splitlines()], end if stuck or worker.returncode else None


def _lost(path, stage, end):
    if stage in ("conversion by a model", "lengths of paths"):
        return {"file": path, "check": stage, "outcome": "not compared", "reason": end}
    ours = stage in ("we", "start")
    outcome = "refused by us alone" if ours else "refused by the other alone"
    return {"file": path, "rival": stage, "outcome": outcome, "reason": end}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mirror", type=Path, required=True, help="repositories owner+name; filled where empty")
    parser.add_argument("--make-list", action="store_true", help="list the mirror's files anew")
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), help="extensions to read; other results are kept")
    parser.add_argument("--resume", action="store_true", help="keep what an interrupted run has, read the rest")
    arguments = parser.parse_args()
    arguments.mirror.mkdir(parents=True, exist_ok=True)
    if arguments.make_list:
        list_files(arguments.mirror).to_csv(LIST, index=False)
    listed = pd.read_csv(LIST)
    known = pd.read_csv(RECORDS) if RECORDS.exists() else pd.DataFrame(columns=COLUMNS)
    if not arguments.resume:
        known = known[~known["file"].str.lower().str.endswith(tuple(arguments.kinds))]
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "files"
        write_files(arguments.mirror, listed, root)
        for records in compared(list(_items(listed, root, arguments.kinds, set(known["file"]))), Path(name)):
            new = pd.DataFrame(records).reindex(columns=COLUMNS)
            for column in ("file", "reason"):
                new[column] = new[column].astype(object).str.replace(f"{root}/", "", regex=False)
            known = pd.concat([known, new], ignore_index=True) if len(known) else new
            known = known.sort_values(["file", "check", "rival"], na_position="first", kind="stable", ignore_index=True)
            known.to_csv(RECORDS, index=False)
    text = page(listed, known, {name: _version(name) for name in ("opensim", "ezc3d", "c3d")})
    print(text)
    (RESULTS / "public_files.md").write_text(text)


def _items(listed, root, kinds, known):
    """Files to read, with the models that lie near them."""
    for row in listed[listed["path"].str.lower().str.endswith(tuple(kinds))].itertuples():
        if f"{row.repository}/{row.path}" not in known:
            models = [str(root / row.repository / path) for path in models_near(listed, row)]
            yield {"path": str(root / row.repository / row.path), "models": models}


def _version(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


if __name__ == "__main__":
    main()
