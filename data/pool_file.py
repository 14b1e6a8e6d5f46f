"""`pool.json`: the version of a pool, its verifiers, and where it comes from."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, get_args

from svlaw.data.errors import BadInputError
from svlaw.data.schema import SCHEMA_VERSION, Calls
from svlaw.data.storage.files import write_json
from svlaw.data.storage.object_stores import storage_errors

POOL_FILE: Final = "pool.json"
_FORMAT: Final = "svlaw-pool"
_DIGEST: Final = "digest"


def write_pool_file(
    root: Path,
    verifiers: Sequence[str],
    metadata: Mapping[str, Any],
    shared_calls: Collection[str] = (),
) -> None:
    """Write the file of a pool by atomic rename, with a digest of what it says.

    Args:
        root: The pool's folder.
        verifiers: Names of its verifiers.
        metadata: Provenance.
        shared_calls: Those of the verifiers whose calls are shared.
    """
    described = {name: {"calls": "shared"} for name in verifiers if name in shared_calls}
    document = {
        "format": _FORMAT,
        "schema_version": SCHEMA_VERSION,
        "verifiers": list(verifiers),
        **({"verifier_settings": described} if described else {}),
        "metadata": dict(metadata),
    }
    write_json(root / POOL_FILE, {**document, _DIGEST: _digest(document)})


def read_pool_file(root: Path) -> dict[str, Any]:
    """The file of a pool, with what it lacks of `verifiers`, `shared_calls` and `metadata`.

    `shared_calls` names the verifiers with shared calls.

    Raises:
        BadInputError: There is none, it is no pool's, or this release does not know its version.
        StorageError: The object store does not give it.
    """
    file = root / POOL_FILE
    try:
        with storage_errors(root):
            document = json.loads(file.read_text("utf-8"))
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise BadInputError(
            f"{root}: not a pool (no {POOL_FILE}); make one with 'svlaw import'"
        ) from None
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInputError(f"{file}: not valid JSON ({error}); import the pool again") from error
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise BadInputError(f"{file}: not a pool file (format is not '{_FORMAT}')")
    found = document.pop(_DIGEST, None)
    if found is not None and found != (expected := _digest(document)):
        raise BadInputError(
            f"{file}: damaged or edited: its content has the digest '{expected}', not {found!r};"
            f" put a sound copy in its place, or take out '{_DIGEST}' if the change is yours"
        )
    version = document.get("schema_version")
    if not isinstance(version, int) or version < 1:
        raise BadInputError(f"{file}: schema_version {version!r} is not a positive whole number")
    if version > SCHEMA_VERSION:
        raise BadInputError(
            f"{file}: schema_version {version} is newer than {SCHEMA_VERSION}, the newest this"
            " release reads; upgrade svlaw"
        )
    verifiers, metadata = document.get("verifiers", []), document.get("metadata", {})
    if not isinstance(verifiers, list) or not all(isinstance(name, str) for name in verifiers):
        raise BadInputError(f"{file}: verifiers {verifiers!r} is not a list of names")
    if not isinstance(metadata, dict):
        raise BadInputError(f"{file}: metadata is not an object; write {{}} if there is none")
    shared = _read_shared_calls(document.get("verifier_settings", {}), verifiers, file)
    return {**document, "verifiers": verifiers, "shared_calls": shared, "metadata": metadata}


def _read_shared_calls(settings: Any, verifiers: Sequence[str], file: Path) -> frozenset[str]:
    """Names of the verifiers whose calls are shared.

    Raises:
        BadInputError: The settings name no verifier of the pool, or calls of an unknown kind.
    """
    if not isinstance(settings, dict) or not all(isinstance(v, dict) for v in settings.values()):
        raise BadInputError(f"{file}: verifier_settings is not an object of objects, by verifier")
    for name, described in settings.items():
        if name not in verifiers:
            raise BadInputError(f"{file}: verifier_settings: '{name}' is none of the verifiers")
        calls = described.get("calls", "independent")
        if calls not in get_args(Calls):
            raise BadInputError(
                f"{file}: calls of '{name}' are {calls!r}; use {' or '.join(get_args(Calls))}"
            )
    return frozenset(name for name, one in settings.items() if one.get("calls") == "shared")


def _digest(document: Mapping[str, Any]) -> str:
    """Digest of what a pool's file says, whatever its spacing."""
    text = json.dumps(document, sort_keys=True, ensure_ascii=True)
    return hashlib.blake2b(text.encode()).hexdigest()[:16]
