"""Starting vLLM: its arguments, its silence, and what went wrong where it does not start.

vLLM computes in processes of its own, and what goes wrong there is told in their output alone. So
their output goes to a log file, which is read when something is wrong and removed when nothing was.
Whoever sets VLLM_LOGGING_LEVEL sees it all on standard error instead.
"""

import dataclasses
import difflib
import logging
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from svlaw.data.errors import BadInputError, SvlawError, first_line
from svlaw.generate.engines import orphans
from svlaw.generate.engines.protocol import Model, Sampling

NAME: Final = "vllm"

_ENVIRONMENT: Final = {
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_LOGGING_STREAM": "ext://sys.stderr",
    "VLLM_WORKER_MULTIPROC_METHOD": "spawn",  # a fork would copy the locks of our threads
    orphans.MARK: "1",
}
_REFUSED: Final = {
    "model": "it is the configuration's model",
    "revision": "it is the configuration's revision",
    "skip_tokenizer_init": "svlaw needs the tokenizer",
    "runner": "svlaw generates text",
}
_CAUSE: Final = re.compile(r"(?:^|[\s\]])((?:\w+\.)*\w*(?:Error|Exception)): (\S.*)$", re.MULTILINE)
_NO_CAUSES: Final = (
    "Engine core initialization failed",
    "EngineCore encountered an issue",
    "WorkerProc initialization failed",
    "Executor failed",
    "cancelled",
)
_MEMORY: Final = re.compile(
    "out of memory|OutOfMemory|memory utilization|free memory|available memory|KV cache memory",
    re.IGNORECASE,
)
_MORE_ROOM: Final = (
    "give it room: a smaller engine_options.max_model_len or max_num_seqs, more GPUs by"
    " tensor_parallel_size, another gpu_memory_utilization, or fewer other programs on the GPU"
)


@dataclass(frozen=True)
class Started:
    """A running vLLM.

    Attributes:
        llm: Its `AsyncLLM`.
        tokenizer: A tokenizer of our own, apart from vLLM's threads.
        version: Version of vLLM.
        log: The output of its processes.
    """

    llm: Any
    tokenizer: Any
    version: str
    log: "EngineLog"

    @property
    def context(self) -> int:
        """Most tokens of a prompt and its output."""
        return int(self.llm.vllm_config.model_config.max_model_len)

    @property
    def capacity(self) -> int:
        """Samples computed at once, on all GPUs."""
        config = self.llm.vllm_config
        return int(config.scheduler_config.max_num_seqs * config.parallel_config.data_parallel_size)


class EngineLog:
    """The output of vLLM's processes, in a file of its own.

    Attributes:
        path: The file; None where the user wants to see the output.
    """

    def __init__(self) -> None:
        self.path: Path | None = None
        self._read = 0
        self._named = False
        self._handler: logging.Handler | None = None
        if "VLLM_LOGGING_LEVEL" not in os.environ:
            handle, name = tempfile.mkstemp(prefix="svlaw-vllm-", suffix=".log")
            os.close(handle)
            self.path = Path(name)

    @contextmanager
    def capture(self) -> Iterator[None]:
        """Take what this process and those it starts write, within the block, off the terminal.

        Processes that are started in the block write to the log as long as they live.
        """
        target = os.dup(2) if self.path is None else os.open(self.path, os.O_WRONLY | os.O_APPEND)
        _flush()
        saved = [(number, os.dup(number)) for number in (1, 2)]
        try:
            for number, _ in saved:
                os.dup2(target, number)
            yield
        finally:
            _flush()
            for number, copy in saved:
                os.dup2(copy, number)
                os.close(copy)
            os.close(target)

    def take_logger(self) -> None:
        """Let vLLM's logger in this process, which it sets up now and then, write to the log."""
        if self.path is None:
            return
        logger = logging.getLogger("vllm")
        for handler in [one for one in logger.handlers if type(one) is logging.StreamHandler]:
            logger.removeHandler(handler)
        if self._handler not in logger.handlers:
            self._handler = logging.FileHandler(self.path, encoding="utf-8")
            self._handler.setFormatter(logging.Formatter("%(levelname)s %(asctime)s %(message)s"))
            logger.addHandler(self._handler)

    def mark(self) -> None:
        """What is in the log so far is no cause of what goes wrong later."""
        self._read = self.path.stat().st_size if self.path else 0

    def failure(self, what: str, error: BaseException) -> SvlawError:
        """The error to raise for one of vLLM's, with its root cause; the log is kept."""
        self._named = True
        cause = self._cause() or _told(error)
        advice = f"; {_MORE_ROOM}" if _MEMORY.search(cause) else ""
        seen = f"its log is {self.path}" if self.path else "its log is above"
        return SvlawError(f"engine {NAME}: {what}: {cause.rstrip('. ')}{advice} ({seen})")

    def close(self) -> None:
        """Remove the file, unless an error has named it."""
        if self._handler is not None:
            logger = logging.getLogger("vllm")
            logger.removeHandler(self._handler)
            logger.addHandler(logging.NullHandler())  # else the last words go to standard error
            self._handler.close()
            self._handler = None
        if self.path is not None and not self._named:
            self.path.unlink(missing_ok=True)

    def _cause(self) -> str | None:
        if self.path is None:
            return None
        with self.path.open(encoding="utf-8", errors="replace") as file:
            file.seek(self._read)
            text = file.read()
        for name, message in _CAUSE.findall(text):
            if not any(phrase in message for phrase in _NO_CAUSES):
                return f"{name.rpartition('.')[2]}: {message.strip()}"
        return None


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()


def start(model: Model, sampling: Sampling, options: Mapping[str, object]) -> Started:
    """Start vLLM with a model.

    Args:
        model: A folder, or a model on the hub.
        sampling: How it will sample.
        options: Engine arguments of vLLM, by name.

    Raises:
        BadInputError: An option is wrong, the model cannot be found, or it has no chat template.
        SvlawError: vLLM is missing, or does not start.
    """
    _refuse_missing_model(model)
    log = EngineLog()
    try:
        with log.capture(), _environment(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            started = _start(model, sampling, options, log)
    except BaseException:
        log.close()
        raise
    log.mark()
    return started


def _start(
    model: Model, sampling: Sampling, options: Mapping[str, object], log: EngineLog
) -> Started:
    try:
        import vllm
        from vllm.usage.usage_lib import UsageContext
        from vllm.v1.engine.async_llm import AsyncLLM
    except ImportError as error:
        raise SvlawError(
            f"engine {NAME}: {first_line(error)}; pip install 'svlaw[vllm]'"
        ) from error
    log.take_logger()
    arguments = _arguments(model, sampling, options)
    try:
        config = arguments.create_engine_config(UsageContext.LLM_CLASS)
        tokenizer = _tokenizer(config)
    except Exception as error:  # of vLLM, pydantic, transformers or the hub
        raise BadInputError(
            f"engine {NAME}: model {model.name} cannot be loaded: {_told(error)}"
        ) from error
    check_chat_template(model, tokenizer)
    try:
        llm = AsyncLLM.from_vllm_config(
            config, usage_context=UsageContext.LLM_CLASS, disable_log_stats=True
        )
    except Exception as error:
        raise log.failure(f"model {model.name} cannot be started", error) from error
    finally:
        log.take_logger()
    return Started(llm, tokenizer, str(vllm.__version__), log)


def _arguments(model: Model, sampling: Sampling, options: Mapping[str, object]) -> Any:
    """The arguments of the engine, as vLLM has them.

    Raises:
        BadInputError: An option is not one of them, or its value is wrong.
    """
    from vllm import AsyncEngineArgs
    from vllm.platforms import current_platform

    known = {field.name for field in dataclasses.fields(AsyncEngineArgs)}
    for name in options:
        if name in _REFUSED:
            raise BadInputError(f"engine_options: cannot set {name}: {_REFUSED[name]}")
    unknown = [name for name in options if name not in known]
    if unknown:
        near = difflib.get_close_matches(unknown[0], known, n=1)
        hint = f"; did you mean {near[0]}?" if near else "; they are vLLM's engine arguments"
        raise BadInputError(f"engine_options: vLLM knows no {', '.join(unknown)}{hint}")
    arguments: dict[str, object] = {
        "model": model.name,
        "revision": model.revision,
        "tokenizer_revision": model.revision,
        "max_logprobs": max(20, sampling.logprobs),
        "logprobs_mode": "raw_logprobs",
        "enable_prefix_caching": True,
        "use_tqdm_on_load": False,
    }
    if current_platform.is_cpu():
        # vLLM 0.32 rewinds a seeded generator after a chunk, which those on the CPU cannot do.
        arguments["enable_chunked_prefill"] = False
    try:
        return AsyncEngineArgs(**(arguments | dict(options)))
    except Exception as error:
        raise BadInputError(f"engine_options: {_told(error)}") from error


def _tokenizer(config: Any) -> Any:
    from copy import deepcopy

    from vllm.tokenizers import cached_tokenizer_from_config

    return deepcopy(cached_tokenizer_from_config(config.model_config))


def check_chat_template(model: Model, tokenizer: Any) -> None:
    """Raise where prompts cannot be put into the model's chat template.

    Raises:
        BadInputError: It has none, or the template refuses them.
    """
    if not model.chat:
        return
    try:
        tokenizer.apply_chat_template(model.messages("2 + 2 = ?"), add_generation_prompt=True)
    except Exception as error:  # of the template's own making, too
        raise BadInputError(
            f"model {model.name}: its chat template cannot be applied: {first_line(error)} Set"
            " chat to false to send prompts as they are"
        ) from error


def _refuse_missing_model(model: Model) -> None:
    """Raise for a name that can only be a path, and leads nowhere; hub ids are OWNER/NAME."""
    path = Path(model.name)
    local = path.is_absolute() or model.name.startswith((".", "~")) or len(path.parts) > 2
    if path.is_dir() or not local:
        return
    raise BadInputError(
        f"model {model.name}: there is no such folder; give the path of a folder with a model in"
        " it, or the name of a model on the Hugging Face hub"
    )


def _told(error: BaseException) -> str:
    """The line of an error that says what is wrong."""
    if type(error).__name__ == "EngineDeadError":
        return "one of its processes was ended from outside; was the machine's memory short?"
    details = getattr(error, "errors", None)
    if callable(details):  # pydantic
        first = details()[0]
        where = ".".join(map(str, first["loc"]))
        message = str(first["msg"]).removeprefix("Value error, ").strip()
        return (f"{where}: " if where else "") + message.splitlines()[0]
    return first_line(error) if isinstance(error, Exception) else type(error).__name__


@contextmanager
def _environment() -> Iterator[None]:
    """Variables for the processes that are started in the block, where the user has set none."""
    added = {name: value for name, value in _ENVIRONMENT.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)
