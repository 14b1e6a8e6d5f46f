"""Text files as they lie around: compressed, with a byte order mark, in UTF-16, or only a pointer.

Content comes as UTF-8 bytes, whatever the file holds; what it is, its first bytes say.
"""

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

from svlaw.data.errors import BadInputError, first_line
from svlaw.data.storage.files import refuse_missing

_CHUNK: Final = 1 << 16
_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_COMPRESSIONS: Final = (".gz", ".zst")
_POINTER: Final = b"version https://git-lfs.github.com/spec/"
_OID: Final = re.compile(rb"oid sha256:([0-9a-f]{8})")
_MARKS: Final = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
)


def kind_of_file(path: Path) -> str:
    """The ending that says what a file is, in lower case; one of compression left out."""
    suffix = path.suffix.lower()
    return Path(path.stem).suffix.lower() if suffix in _COMPRESSIONS else suffix


def refuse_pointer(path: Path) -> None:
    """Raise where Git LFS has left a pointer in place of a file.

    Raises:
        BadInputError: It is a pointer.
    """
    with path.open("rb") as file:
        head = file.read(200)
    if head.startswith(_POINTER):
        found = _OID.search(head)
        named = f" (sha256 {found[1].decode()}...)" if found else ""
        raise BadInputError(
            f"{path}: is a Git LFS pointer{named}, not the file itself; fetch it ('git lfs pull')"
        )


def is_encoded(path: Path) -> bool:
    """Tell whether a file is compressed, or in other bytes than plain UTF-8, by its first bytes."""
    with path.open("rb") as file:
        head = file.read(4)
    return head.startswith((_GZIP, _ZSTD)) or _encoding(head) is not None


def read_content(path: Path) -> bytes:
    """The whole content of a file as UTF-8 bytes, without a byte order mark.

    Raises:
        BadInputError: The file is missing, empty, a Git LFS pointer, or cannot be decoded.
    """
    with open_content(path) as content, decoding_errors(path):
        return content.read()


@contextmanager
def open_content(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading UTF-8 bytes, whole or line by line.

    Raises:
        BadInputError: The file is missing, empty, a Git LFS pointer, or cannot be decoded.
    """
    refuse_missing(path)
    refuse_pointer(path)
    with decoding_errors(path), _open_plain(path) as plain:
        encoding = _encoding(plain.peek(4)[:4])
        if encoding is None:
            yield plain
        else:
            yield io.BufferedReader(_Recoded(plain, encoding))


@contextmanager
def decoding_errors(path: Path) -> Iterator[None]:
    """Turn what decompressing and decoding say into one line about the file.

    Raises:
        BadInputError: The file is damaged.
    """
    try:
        yield
    except UnicodeDecodeError as error:
        encoding = error.encoding.upper()
        raise BadInputError(f"{path}: not {encoding} text ({error.reason})") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BadInputError(
            f"{path}: damaged gzip file ({first_line(error)}); was the file cut off?"
        ) from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise BadInputError(
            f"{path}: damaged zstd file ({first_line(error)}); was the file cut off?"
        ) from error


class _Recoded(io.RawIOBase):
    """The bytes of a file in another encoding, as UTF-8."""

    def __init__(self, plain: io.BufferedReader, encoding: str) -> None:
        self._text = io.TextIOWrapper(plain, encoding=encoding, newline="")
        self._left = b""

    def readable(self) -> bool:
        """As any file for reading."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Put what is next into a buffer; 0 at the end."""
        if not self._left:
            self._left = self._text.read(_CHUNK).encode("utf-8", "surrogatepass")
        part, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


def _open_plain(path: Path) -> io.BufferedReader:
    with path.open("rb") as file:
        head = file.read(4)
    if head.startswith(_GZIP):
        return io.BufferedReader(gzip.open(path))
    if head.startswith(_ZSTD):
        import pyarrow as pa  # noqa: PLC0415  slow to import, and rarely needed

        stream = pa.input_stream(str(path), compression="zstd")
        return io.BufferedReader(stream)
    return path.open("rb")


def _encoding(head: bytes) -> str | None:
    """The encoding of a text by its first four bytes; None for plain UTF-8."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if len(head) == 4 and head[1] == head[3] == 0 != head[0]:
        return "utf-16-le"
    if len(head) == 4 and head[0] == head[2] == 0 != head[1]:
        return "utf-16-be"
    return None
