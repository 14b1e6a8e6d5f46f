"""Datasets of the Hugging Face hub: downloaded at a revision, and their files found in the folder.

A dataset is a folder of data files, whose card (`README.md`) may say which of them belong to which
subset (a "config" on the hub) and split. Downloading is apart from finding, so that a folder copied
to a machine without network is used in the same way.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from svlaw.data.errors import BadInputError, first_line
from svlaw.generate.problem_files import SUFFIXES

DATASET_ID: Final = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
"""Form of a dataset's id."""

_CARD: Final = "README.md"
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_NO_DATA: Final = frozenset(("dataset_info.json", "dataset_infos.json", "state.json"))
_SHARD: Final = re.compile(r"[-_.]\d+(?:-of-\d+)?(?:-[0-9a-f]{16})?$")
_SPLITS: Final = {
    word: split
    for split, words in {
        "train": "train training",
        "validation": "validation valid val dev",
        "test": "test testing eval evaluation",
    }.items()
    for word in words.split()
}

_Configs = dict[str, dict[str, list[str]]]
"""Patterns of files, by subset and split."""


def fetch_dataset(
    dataset: str,
    revision: str,
    *,
    subset: str | None = None,
    split: str | None = None,
    pattern: str | None = None,
) -> list[Path]:
    """Download those files of a dataset that hold a subset and split, and find them.

    Args:
        dataset: Its id, `owner/name`.
        revision: Commit, tag or branch.
        subset: Subset, where there are several.
        split: Split, where there are several.
        pattern: The file or files, where their names are known.

    Raises:
        BadInputError: huggingface_hub is not installed, the dataset cannot be had, or it is not
            clear which files are meant.
    """
    if pattern is not None:
        return find_files(download_dataset(dataset, revision, [pattern]), pattern=pattern)
    folder = download_dataset(dataset, revision, [_CARD])
    if _COMMIT.fullmatch(folder.name):
        revision = folder.name  # a branch may move between two downloads
    configs = _read_card(folder)
    wanted = [f"*{suffix}" for suffix in SUFFIXES]
    if configs:
        wanted = _choose(configs, subset, split, dataset)
    folder = download_dataset(dataset, revision, [_CARD, *wanted])
    return find_files(folder, subset=subset, split=split, source=dataset)


def download_dataset(dataset: str, revision: str, patterns: Sequence[str]) -> Path:
    """Download files of a dataset, or find them in the hub's cache on this machine.

    Args:
        dataset: Its id.
        revision: Commit, tag or branch.
        patterns: Names or patterns of the files.

    Returns:
        The folder that holds them; it may lack files that the dataset does not have.

    Raises:
        BadInputError: huggingface_hub is not installed, or the files cannot be had.
    """
    try:
        from huggingface_hub import errors, snapshot_download
    except ImportError as error:
        raise BadInputError(
            f"{dataset}: datasets of the hub need the package huggingface_hub; run"
            " pip install 'svlaw[hub]', or give a local file"
        ) from error
    where = f"dataset {dataset} at {revision}"
    try:
        folder = snapshot_download(
            dataset, repo_type="dataset", revision=revision, allow_patterns=list(patterns)
        )
    except errors.GatedRepoError as error:
        raise BadInputError(
            f"{where}: access has to be granted; accept its terms on"
            f" https://huggingface.co/datasets/{dataset} and set HF_TOKEN"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise BadInputError(f"{where}: there is no such revision") from error
    except errors.RepositoryNotFoundError as error:
        raise BadInputError(
            f"{where}: no such dataset, or a private one; check the id, or set HF_TOKEN"
        ) from error
    except errors.LocalEntryNotFoundError as error:
        raise BadInputError(
            f"{where}: the hub cannot be reached, and the files are not in its cache here; download"
            " them elsewhere and give the file or folder as source"
        ) from error
    except (errors.HfHubHTTPError, errors.HFValidationError, OSError) as error:
        raise BadInputError(f"{where}: cannot be downloaded ({first_line(error)})") from error
    return Path(folder)


def find_files(
    folder: Path,
    *,
    subset: str | None = None,
    split: str | None = None,
    pattern: str | None = None,
    source: str | None = None,
) -> list[Path]:
    """Find the data files of a subset and split in a dataset's folder, in the order of their names.

    Where the card lists subsets and splits, it counts; else the names of files and folders do
    (`test.jsonl`, `data/test-00000-of-00001.parquet`, `subset/test.csv`).

    Args:
        folder: The dataset.
        subset: Subset, where there are several.
        split: Split, where there are several.
        pattern: The file or files, where their names are known; nothing else counts then.
        source: What to call the dataset in an error; the folder, by default.

    Raises:
        BadInputError: No file fits, or it is not clear which are meant.
    """
    source = source or str(folder)
    if pattern is not None:
        files = sorted(path for path in folder.glob(pattern) if path.is_file())
        if not files:
            raise BadInputError(f"{source}: holds no file {pattern}")
        return files
    configs = _read_card(folder)
    if configs:
        patterns = _choose(configs, subset, split, source)
        files = sorted({path for name in patterns for path in folder.glob(name) if path.is_file()})
        if not files:
            raise BadInputError(
                f"{source}: its card names {', '.join(patterns)}, which are missing"
            )
        return files
    return _guess(folder, subset, split, source)


def _read_card(folder: Path) -> _Configs:
    """Read subsets and splits from the card; empty where it lists none.

    Source: the hub's documentation, "Manual Configuration" of datasets.
    """
    card = folder / _CARD
    if not card.is_file():
        return {}
    parts = re.split(
        r"^---[ \t]*$", card.read_text("utf-8", errors="replace"), maxsplit=2, flags=re.M
    )
    if len(parts) < 3 or parts[0].strip():
        return {}
    try:
        head = yaml.safe_load(parts[1])
    except yaml.YAMLError:
        return {}
    listed = head.get("configs") if isinstance(head, dict) else None
    if not isinstance(listed, list):
        return {}
    configs: _Configs = {}
    default = None
    for config in listed:
        if not isinstance(config, dict):
            continue
        name = str(config.get("config_name", "default"))
        splits = _read_splits(config.get("data_files"))
        if splits:
            configs[name] = splits
        if config.get("default"):
            default = name
    if default in configs:
        configs = {default: configs.pop(default), **configs}
    return configs


def _read_splits(data_files: Any) -> dict[str, list[str]]:
    """Read `data_files` of a card: a pattern, several, or patterns by split."""
    if isinstance(data_files, str):
        return {"train": [data_files]}
    if isinstance(data_files, dict):
        data_files = [{"split": name, "path": path} for name, path in data_files.items()]
    splits: dict[str, list[str]] = {}
    for entry in data_files if isinstance(data_files, list) else []:
        fields = entry if isinstance(entry, dict) else {"path": entry}
        paths = fields.get("path")
        patterns = [
            path.removeprefix("./")
            for path in (paths if isinstance(paths, list) else [paths])
            if isinstance(path, str) and _is_inside(path)
        ]
        if patterns:
            splits.setdefault(str(fields.get("split", "train")), []).extend(patterns)
    return splits


def _is_inside(pattern: str) -> bool:
    """Tell whether a pattern stays in the dataset's folder; a card may say anything."""
    return not pattern.startswith("/") and ".." not in pattern.split("/")


def _choose(configs: _Configs, subset: str | None, split: str | None, source: str) -> list[str]:
    splits = configs[_only("subset", list(configs), subset, source)]
    return splits[_only("split", list(splits), split, source)]


def _only(what: str, names: list[str], wanted: str | None, source: str) -> str:
    """Choose the name that is wanted, or the only one."""
    listed = ", ".join(names)
    if wanted is not None:
        if wanted not in names:
            raise BadInputError(f"{source}: there is no {what} '{wanted}'; there are {listed}")
        return wanted
    if len(names) > 1:
        raise BadInputError(f"{source}: holds several {what}s; give one of {listed} under {what}")
    return names[0]


def _guess(folder: Path, subset: str | None, split: str | None, source: str) -> list[Path]:
    """Go by the names of files and folders."""
    found = sorted(path for path in folder.rglob("*") if _is_data(path, folder))
    if not found:
        raise BadInputError(f"{source}: holds no data files ({', '.join(SUFFIXES)})")
    if subset is not None:
        inside = [path for path in found if subset in (*path.relative_to(folder).parts, path.stem)]
        if not inside:
            names = ", ".join(str(path.relative_to(folder)) for path in found[:10])
            raise BadInputError(f"{source}: no file is of subset '{subset}'; there are {names}")
        found = inside
    groups: dict[str, list[Path]] = {}
    for path in found:
        groups.setdefault(_split_of(path.relative_to(folder)), []).append(path)
    if split is None and len(groups) == 1:
        split = next(iter(groups))
    files = groups[_only("split", list(groups), split, source)]
    tables = sorted({_table_of(path.relative_to(folder)) for path in files})
    if len(tables) > 1:
        raise BadInputError(
            f"{source}: holds several tables: {', '.join(tables[:10])}; give the file as source, or"
            " a subset"
        )
    return files


def _is_data(path: Path, folder: Path) -> bool:
    relative = path.relative_to(folder)
    return (
        path.suffix.lower() in SUFFIXES
        and path.name not in _NO_DATA
        and not any(part.startswith(".") for part in relative.parts)
        and path.is_file()
    )


def _split_of(path: Path) -> str:
    """The split that a name speaks of; `train` where it speaks of none, as on the hub."""
    words = re.split(r"[^a-z0-9]+", str(path.with_suffix("")).lower())
    return next((_SPLITS[word] for word in reversed(words) if word in _SPLITS), "train")


def _table_of(path: Path) -> str:
    """A file's name without the number of its part."""
    return str(path.with_name(_SHARD.sub("", path.stem) + path.suffix))
