"""Runs the benchmarks named on the command line, or all: each module here with a `run` is one."""

import importlib
import pkgutil
import sys

import benchmarks


def main(wanted: list[str]) -> int:
    """Prints each benchmark's table; 2 for a name that is none."""
    names = [module.name for module in pkgutil.iter_modules(benchmarks.__path__) if not module.name.startswith("_")]
    unknown = sorted(set(wanted) - set(names))
    if unknown:
        print(f"No benchmark is called {', '.join(unknown)}; there are: {', '.join(names)}.", file=sys.stderr)
        return 2
    for name in wanted or names:
        module = importlib.import_module(f"benchmarks.{name}")
        print(f"\n## {name}: {(module.__doc__ or '').splitlines()[0]}\n", flush=True)
        print(module.run(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
