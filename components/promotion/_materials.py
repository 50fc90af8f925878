"""The bill of materials: which software made and judged a model, as CycloneDX 1.6."""

import hashlib
import json
import platform
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

from components.errors import StorageError

_RECORD = "RECORD"


def write_bill_of_materials(path: Path, version: str) -> Path:
    """Writes what is installed beside this program, and gives the file.

    Each component's hash is the SHA-256 of its RECORD, the list of its installed files with their hashes.

    Args:
        path: a JSON file.
        version: of radloop.
    """
    components = sorted(_components(), key=lambda component: str(component["name"]).lower())
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {"type": "application", "name": "radloop", "version": version},
            "properties": [
                {"name": "python", "value": platform.python_version()},
                {"name": "platform", "value": f"{platform.system()} {platform.machine()}"},
            ],
        },
        "components": components,
    }
    try:
        path.write_text(json.dumps(bill, indent=1) + "\n")
    except OSError as error:
        raise StorageError(f"The bill of materials cannot be written: {error.strerror}.") from None
    return path


def _components() -> Iterator[dict[str, Any]]:
    """One component a distribution; of two with one name, the one that Python imports."""
    seen = set()
    for found in distributions():
        name = found.name
        if name and name not in seen and name != "radloop":
            seen.add(name)
            yield _component(name, found)


def _component(name: str, found: Distribution) -> dict[str, Any]:
    component: dict[str, Any] = {
        "type": "library",
        "name": name,
        "version": found.version,
        "purl": f"pkg:pypi/{name.lower().replace('_', '-')}@{found.version}",
    }
    if "License-Expression" in found.metadata:
        component["licenses"] = [{"expression": found.metadata["License-Expression"]}]
    if (record := found.read_text(_RECORD)) is not None:
        component["hashes"] = [{"alg": "SHA-256", "content": hashlib.sha256(record.encode()).hexdigest()}]
    return component
