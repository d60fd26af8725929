"""Check the shape of the code: imports point down, nothing is oversized, the public surface is documented.

Run ``python scripts/checks/architecture.py`` for a list of violations; the test suite runs the same rules.
"""

from __future__ import annotations

import ast
import graphlib
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

#: Where each package stands, lowest first. A module may import from its own row and the rows before it.
LEVELS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("core", ("xlagrad.core",)),
    ("ops", ("xlagrad.ops",)),
    ("layers", ("xlagrad.layers",)),
    ("train", ("xlagrad.train",)),
    ("leaving", ("xlagrad.export", "xlagrad.serve", "xlagrad.graph")),
    (
        "faces",
        (
            "xlagrad.standard",
            "xlagrad.torch",
            "xlagrad.keras",
            "xlagrad.tensorflow",
            "xlagrad.cli",
            "xlagrad.__main__",
        ),
    ),
)

#: Optional packages and those that are slow to import: a function may import these when it needs them.
LATE_PACKAGES = frozenset(
    {"flax", "grain", "msgpack", "orbax", "rich", "safetensors", "tensorstore", "treescope"}  # slow
    | {"IPython", "datasets", "einops", "keras", "matplotlib", "onnx", "onnxruntime", "ray"}  # optional
    | {"tensorboardX", "tensorflow", "tokenizers", "transformers"}
)

#: Functions that import the module whose name is their first argument.
IMPORTERS = frozenset({"__import__", "import_module", "importorskip", "need"})

#: The folders with code and the package that each is installed as.
FOLDERS = {
    "xlagrad": "xlagrad",
    "layers": "xlagrad.layers",
    "train": "xlagrad.train",
    "scripts": "",
    "tests": "",
}

MAX_FILE_LINES = 500
MAX_MEDIAN_LINES = 200
MAX_FUNCTION_LINES = 60

#: Methods whose meaning their class's docstring gives.
SELF_EXPLAINING = frozenset({"forward", "extra_repr", "setup"})

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One Python file: where it is, the name it is imported under (empty outside the package), its tree."""

    path: str
    module: str
    text: str
    tree: ast.Module

    @property
    def lines(self) -> int:
        """The number of lines."""
        return len(self.text.splitlines())


@dataclass(frozen=True)
class Import:
    """One imported module: its full name, the line, and when the statement runs, if ever."""

    name: str
    line: int
    local: bool
    typing_only: bool


def load(root: Path) -> list[Source]:
    """Return every Python file of the package, ``scripts`` and ``tests``, each once."""
    sources = []
    for folder, prefix in FOLDERS.items():
        for path in _walk(root / folder):
            module = _module_name(path.relative_to(root / folder), prefix) if prefix else ""
            name, text = path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")
            sources.append(Source(name, module, text, ast.parse(text, filename=name)))
    return sources


def _walk(folder: Path) -> Iterator[Path]:
    """Yield the Python files below a folder without following links to other folders."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.is_symlink() or path.name == "__pycache__":
            continue
        if path.is_dir():
            yield from _walk(path)
        elif path.suffix == ".py":
            yield path


def _module_name(relative: Path, prefix: str) -> str:
    """Return the dotted name of a file below the folder that is installed as ``prefix``."""
    parts = relative.with_suffix("").parts
    return ".".join((prefix, *(parts[:-1] if parts[-1] == "__init__" else parts)))


def level(module: str) -> int | None:
    """Return the row of ``LEVELS`` that a module belongs to, or None where the table has no place for it."""
    if module == "xlagrad":
        return len(LEVELS) - 1
    for row, (_, packages) in enumerate(LEVELS):
        if any(module == package or module.startswith(package + ".") for package in packages):
            return row
    return None


def imports(source: Source, modules: frozenset[str]) -> list[Import]:
    """Return what a file imports; ``from a import b`` counts as ``a.b`` where that is one of ``modules``."""
    found: list[Import] = []

    def names(node: ast.AST) -> list[str]:
        if isinstance(node, ast.Import):
            return [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            base = node.module or ""
            return [f"{base}.{a.name}" if f"{base}.{a.name}" in modules else base for a in node.names]
        if isinstance(node, ast.Call) and _called(node) in IMPORTERS and node.args:
            target = node.args[0]
            if isinstance(target, ast.Constant) and isinstance(target.value, str):
                return [target.value]
        return []

    def visit(node: ast.AST, local: bool, typing_only: bool) -> None:
        found.extend(Import(name, node.lineno, local, typing_only) for name in names(node))  # type: ignore[attr-defined]
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            for child in node.body:
                visit(child, local, True)
            for child in node.orelse:
                visit(child, local, typing_only)
            return
        inside = local or isinstance(node, Function | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            visit(child, inside, typing_only)

    visit(source.tree, False, False)
    return found


def _called(node: ast.Call) -> str:
    """Return the last part of the name that a call goes to."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _package(sources: Sequence[Source]) -> list[Source]:
    """Return the files that are installed."""
    return [source for source in sources if source.module]


def _modules(sources: Sequence[Source]) -> frozenset[str]:
    """Return the names of the installed modules."""
    return frozenset(source.module for source in _package(sources))


def upward_imports(sources: Sequence[Source]) -> list[str]:
    """Report modules without a place in the table and imports of a module that stands higher."""
    modules, found = _modules(sources), []
    for source in _package(sources):
        own = level(source.module)
        if own is None:
            found.append(f"{source.path}:1: {source.module} has no row in the table of levels")
            continue
        for item in imports(source, modules):
            if item.name.split(".")[0] != "xlagrad":
                continue
            other, where = level(item.name), f"{source.path}:{item.line}: "
            if other is None:
                found.append(f"{where}{item.name} has no row in the table of levels")
            elif other > own:
                found.append(f"{where}{LEVELS[own][0]} imports {item.name} of {LEVELS[other][0]}, above it")
    return found


def import_cycles(sources: Sequence[Source]) -> list[str]:
    """Report a cycle among the imports that run when modules load."""
    modules, graph = _modules(sources), {}
    for source in _package(sources):
        loaded = {i.name for i in imports(source, modules) if not i.local and not i.typing_only}
        graph[source.module] = (loaded & modules) - {source.module}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return ["import cycle: " + " <- ".join(error.args[1])]
    return []


def import_style(sources: Sequence[Source]) -> list[str]:
    """Report relative imports and, in the package, imports that a function need not postpone."""
    modules, found = _modules(sources), []
    for source in sources:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ImportFrom) and node.level:
                found.append(f"{source.path}:{node.lineno}: relative import")
        for item in imports(source, modules) if source.module else ():
            if item.local and item.name.split(".")[0] not in LATE_PACKAGES:
                found.append(f"{source.path}:{item.line}: {item.name} imported inside a function")
    return found


def functions(source: Source) -> Iterator[tuple[str, Function, bool]]:
    """Yield each function with its dotted name and whether it belongs to the public surface."""

    def visit(node: ast.AST, prefix: str, public: bool) -> Iterator[tuple[str, Function, bool]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, Function):
                yield prefix + child.name, child, public and _is_public(child)
                yield from visit(child, f"{prefix}{child.name}.", False)
            elif isinstance(child, ast.ClassDef):
                yield from visit(child, f"{prefix}{child.name}.", public and not child.name.startswith("_"))
            else:
                yield from visit(child, prefix, public)

    hidden = any(part.startswith("_") for part in source.module.split(".")[1:])
    yield from visit(source.tree, "", bool(source.module) and not hidden)


def _is_public(node: Function) -> bool:
    """Tell whether a function is part of the surface: named without an underscore, or a constructor."""
    return not node.name.startswith("_") or node.name in ("__init__", "__call__")


def sizes(sources: Sequence[Source]) -> list[str]:
    """Report files and functions that are too long, and a package whose median file is."""
    found = []
    for source in sources:
        if source.lines > MAX_FILE_LINES:
            found.append(f"{source.path}:1: {source.lines} lines, at most {MAX_FILE_LINES}")
        for name, node, _ in functions(source):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MAX_FUNCTION_LINES:
                where = f"{source.path}:{node.lineno}: "
                found.append(f"{where}{name} has {length} lines, at most {MAX_FUNCTION_LINES}")
    median = statistics.median([source.lines for source in _package(sources)] or [0])
    if median > MAX_MEDIAN_LINES:
        found.append(f"median file of the package: {median:g} lines, at most {MAX_MEDIAN_LINES}")
    return found


def public_surface(sources: Sequence[Source]) -> list[str]:
    """Report public functions and classes without a docstring, and public arguments without an annotation."""
    found = []
    for source in _package(sources):
        for node in source.tree.body:
            if isinstance(node, ast.ClassDef) and node.name[0] != "_" and not ast.get_docstring(node):
                found.append(f"{source.path}:{node.lineno}: class {node.name} has no docstring")
        for name, function, public in functions(source):
            lacking = _lacking(function, name) if public else ()
            found += [f"{source.path}:{function.lineno}: {name} {what}" for what in lacking]
    return found


def _lacking(node: Function, name: str) -> Iterator[str]:
    """Yield what a public function lacks."""
    decorators = {ast.unparse(d).split("(")[0].split(".")[-1] for d in node.decorator_list}
    explained = node.name.startswith("__") or node.name in SELF_EXPLAINING
    if not explained and not decorators & {"overload", "override", "setter"} and not ast.get_docstring(node):
        yield "has no docstring"
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    bound = "." in name and "staticmethod" not in decorators
    extra = [a for a in (node.args.vararg, node.args.kwarg) if a is not None]
    for argument in [*(arguments[1:] if bound else arguments), *extra]:
        if argument.annotation is None:
            yield f"has no annotation for {argument.arg}"
    if node.returns is None:
        yield "has no annotation for its result"


RULES = (upward_imports, import_cycles, import_style, sizes, public_surface)


def check(root: Path) -> list[str]:
    """Return every violation in the tree below ``root``."""
    sources = load(root)
    return [violation for rule in RULES for violation in rule(sources)]


if __name__ == "__main__":
    violations = check(ROOT)
    print("\n".join(violations) or "no violations")
    sys.exit(bool(violations))
