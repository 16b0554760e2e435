"""The house before and after: rooms, floors, loose modules, files and depth of a traced fit, lines, functions.

    python benchmarks/house.py path/to/a/clone/of/e85e493

Writes `results/house.md`. A room is a folder of the package, or a module that lies loose in its root; a floor is a
layer of the imports between rooms (those within functions, too): the longest way down, rooms that import one another
counting as one.
"""

import argparse
import ast
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "house.md"
COMPREHENSIONS = {"<listcomp>", "<genexpr>", "<dictcomp>", "<setcomp>", "<lambda>"}
GOALS = {
    "rooms": "20", "floors": "9", "loose modules in the root": "3", "files of a traced fit and predict": "30",
    "depth of it": "9", "lines": "fewer",
}  # fmt: skip
PAGE = """\
# The house before and after

Command: `python benchmarks/house.py CLONE`. {environment} Before: commit e85e493.

A room is a folder of the package or a module loose in its root; floors are the layers of the imports between rooms,
rooms that import one another counting as one. Traced: a hybrid fit and `predict(return_std=True)` of two short trials
behind a first one, by the profiler's calls of the package's functions; comprehensions and lambdas are no depth of
their own. Function length: lines from `def` to the last, without the docstring.

{table}

Longest functions now: {longest}.
"""


def room_of(path):
    """Top folder of a file, or the loose module itself."""
    return path.parts[0] if len(path.parts) > 1 else path.stem


def imports(tree, path):
    """Rooms that a module imports, set."""
    package, found = list(path.parts[:-1]), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            if node.level:
                base = package[: len(package) - node.level + 1]
                names = (node.module or "").split(".") if node.module else []
                whole = base + names
                found |= {whole[0]} if whole else {alias.name for alias in node.names}
            elif (node.module or "").split(".")[0] == "sk_bionic":
                whole = node.module.split(".")[1:]
                found |= {whole[0]} if whole else {alias.name for alias in node.names}
    return found


def floors(edges):
    """Longest way down through the rooms, where those that reach one another are one; how many these are at most."""
    reach = {room: {room} for room in edges}
    for _ in edges:
        for room, next_rooms in edges.items():
            for other in next_rooms:
                reach[room] |= reach[other]
    together = {room: frozenset(other for other in reach[room] if room in reach[other]) for room in edges}
    height = {}

    def of(group):
        if group not in height:
            below = {together[other] for room in group for other in edges[room]} - {group}
            height[group] = 1 + max((of(other) for other in below), default=0)
        return height[group]

    return max(of(group) for group in together.values()), max(map(len, together.values()))


def functions(tree, path):
    """(lines without docstring, name) of every function of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = node.end_lineno - node.lineno + 1
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(getattr(first, "value", None), ast.Constant):
                lines -= first.end_lineno - first.lineno + 1
            yield lines, f"{path}:{node.name}"


def counted(repository):
    """What the sources say, dict, and the longest functions."""
    import numpy as np

    root = repository / "sk_bionic"
    files = {file.relative_to(root): file.read_text(encoding="utf-8") for file in sorted(root.rglob("*.py"))}
    trees = {path: ast.parse(text) for path, text in files.items()}
    rooms = {room_of(path) for path in files} - {"__init__"}
    edges = {room: set() for room in rooms}
    for path, tree in trees.items():
        if room_of(path) in rooms:
            edges[room_of(path)] |= (imports(tree, path) & rooms) - {room_of(path)}
    lengths = sorted(pair for path, tree in trees.items() for pair in functions(tree, path))
    numbers = [length for length, _ in lengths]
    n_floors, ring = floors(edges)
    return {
        "rooms": len(rooms), "floors": n_floors, "rooms that import one another, at most": ring,
        "loose modules in the root": sum(len(path.parts) == 1 and path.stem != "__init__" for path in files),
        "files": len(files), "lines": sum(text.count("\n") for text in files.values()),
        "lines a file, median": float(np.median([text.count("\n") for text in files.values()])),
        "functions": len(numbers), "lines a function, median": float(np.median(numbers)),
        "lines a function, 90 %": float(np.percentile(numbers, 90)), "longest function": numbers[-1],
    }, lengths[:-6:-1]  # fmt: skip


class Trace:
    """Files of the package that a call enters, and how many of its functions are within one another."""

    def __init__(self, root):
        self.root, self.files, self.depth, self._stack = root, set(), 0, []

    def __call__(self, frame, event, argument):
        code = frame.f_code
        if not code.co_filename.startswith(self.root) or code.co_name in COMPREHENSIONS:
            return
        if event == "call":
            self._stack.append(code)
            self.files.add(code.co_filename)
            self.depth = max(self.depth, len(self._stack))
        elif event == "return" and self._stack:
            self._stack.pop()

    def of(self, function):
        """What the function returns, traced."""
        sys.setprofile(self)
        try:
            return function()
        finally:
            sys.setprofile(None)


def traced():
    """In a process of either version: files and depth, printed as JSON."""
    import sk_bionic
    from sk_bionic import PhysicsInformedMSKRegressor
    from sk_bionic.datasets import make_elbow_flexion

    warnings.simplefilter("ignore")
    X, y = make_elbow_flexion(2, duration=2.0, sampling_rate=50, random_state=0, return_X_y=True)
    options = {"max_epochs": 3, "n_networks": 1, "hidden_layer_sizes": (8,), "random_state": 0}
    build = lambda: PhysicsInformedMSKRegressor("elbow", **options)
    build().fit(X, y).predict(X, return_std=True)  # what is compiled or imported once is no part of the way
    trace = Trace(str(Path(sk_bionic.__file__).parent))
    regressor = trace.of(lambda: build().fit(X, y))
    trace.of(lambda: regressor.predict(X, return_std=True))
    print(json.dumps({"files of a traced fit and predict": len(trace.files), "depth of it": trace.depth}))


def of_version(repository):
    """All numbers of one version, dict, and its longest functions."""
    variables = {**os.environ, "PYTHONPATH": str(repository), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(Path(__file__).resolve()), "--worker"]
    done = subprocess.run(command, env=variables, cwd="/", capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{repository}: {done.stderr}")
    numbers, longest = counted(repository)
    return numbers | json.loads(done.stdout.splitlines()[-1]), longest


def main():
    """Count both versions and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clone", type=Path, help="a clone at e85e493")
    given = parser.parse_args()
    import pandas as pd
    from _tables import environment, markdown

    (now, longest), (before, _) = of_version(HERE.parent), of_version(given.clone.resolve())
    rows = [
        {"what": name, "before": f"{before[name]:,.0f}", "now": f"{now[name]:,.0f}", "goal": GOALS.get(name, "-")}
        for name in now
    ]
    names = ", ".join(f"`{name}` ({length})" for length, name in longest)
    text = PAGE.format(environment=environment(), table=markdown(pd.DataFrame(rows)), longest=names)
    RESULT.write_text(text)
    print(text)


if __name__ == "__main__":
    traced() if sys.argv[1:2] == ["--worker"] else main()
