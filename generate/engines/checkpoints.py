"""What can be told of a model without loading it: how it cuts text into tokens, and its size."""

import importlib.util
import json
import math
from collections.abc import Sequence
from pathlib import Path

from svlaw.generate.engines.protocol import Model

_CHARACTERS_PER_TOKEN = 4


def count_tokens(model: Model, prompts: Sequence[str]) -> tuple[int, bool]:
    """Tokens of prompts, chat template aside, and whether they were counted.

    Nothing is downloaded: without the package transformers, or a tokenizer on this machine, a token
    is taken for four characters.
    """
    if prompts and importlib.util.find_spec("transformers") is not None:
        from transformers import AutoTokenizer

        try:
            tokenizer = AutoTokenizer.from_pretrained(
                model.name, revision=model.revision, local_files_only=True
            )
            return sum(len(ids) for ids in tokenizer(list(prompts))["input_ids"]), True
        except (OSError, ValueError):
            pass
    return sum(map(len, prompts)) // _CHARACTERS_PER_TOKEN, False


def count_parameters(model: Model) -> int | None:
    """Parameters of a model, from the headers of its safetensors files; None if there are none."""
    folder = Path(model.name)
    # Some folders hold the same weights a second time, in the form of another library.
    files = sorted(folder.glob("model*.safetensors")) or sorted(folder.glob("*.safetensors"))
    sizes = [size for file in files for size in _tensor_sizes(file)]
    return sum(sizes) or None


def _tensor_sizes(file: Path) -> list[int]:
    """Sizes of the tensors in a file; the header's form is documented by safetensors."""
    with file.open("rb") as content:
        length = int.from_bytes(content.read(8), "little")
        header = json.loads(content.read(length))
    return [math.prod(at["shape"]) for name, at in header.items() if name != "__metadata__"]
