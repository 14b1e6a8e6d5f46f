"""Batches under way in many requests at once: cut into pieces, and put together as these land."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from typing import Final

from svlaw.data.errors import SvlawError
from svlaw.generate.engines.protocol import Batch, Failure, Outcome, Request, Sample

FAILURES_IN_A_ROW: Final = 10
"""Pieces that fail one after the other before a server is given up."""

HEARING: Final = 0.2
"""Seconds between looks for Ctrl-C, as Polars, once imported, keeps it from ending a wait.

Source: https://github.com/pola-rs/polars/issues/21739.
"""


class FailedError(Exception):
    """A piece that brought nothing now and may bring something later; its text is the reason."""


@dataclass
class Flight:
    """A batch under way.

    Attributes:
        batch: The batch.
        pieces: Its pieces, by request.
        open: How many of these have not landed.
    """

    batch: Batch
    pieces: list[list["Piece"]] = field(default_factory=list)
    open: int = 0

    def outcomes(self) -> list[Outcome]:
        """One for each request: its samples, or the first failure among its pieces."""
        return [_joined([piece.outcome for piece in pieces]) for pieces in self.pieces]


@dataclass
class Piece:
    """A part of a request that is asked for at once.

    Attributes:
        flight: What it is of.
        request: Prompt, samples, and seed of the first of them.
        outcome: What it brought.
    """

    flight: Flight
    request: Request
    outcome: Outcome = ()


def fly(
    batches: Iterable[Batch],
    size: int,
    start: Callable[[Request], Future[list[Sample]]],
    most: int,
    server: str,
) -> Iterator[tuple[Batch, Sequence[Outcome]]]:
    """Keep pieces under way, and give batches back as they are whole.

    Args:
        batches: Read one at a time, when there is room for another piece.
        size: Most samples of a piece.
        start: Sends a piece off; what it brings raises `FailedError` for a failure.
        most: Most pieces under way.
        server: Its address, for the message.

    Raises:
        SvlawError: Many pieces in a row failed.
    """
    pieces = _pieces(batches, size)
    flying: dict[Future[list[Sample]], Piece] = {}
    failures: list[str] = []
    try:
        while True:
            while len(flying) < most and (piece := next(pieces, None)):
                flying[start(piece.request)] = piece
            if not flying:
                return
            for future in wait(flying, HEARING, return_when=FIRST_COMPLETED).done:
                piece = flying.pop(future)
                try:
                    piece.outcome = future.result()
                    failures = []
                except FailedError as error:
                    piece.outcome = Failure(str(error))
                    failures.append(str(error))
                piece.flight.open -= 1
                if not piece.flight.open:
                    yield piece.flight.batch, piece.flight.outcomes()
            if len(failures) >= FAILURES_IN_A_ROW:
                raise SvlawError(
                    f"{server}: {len(failures)} requests failed in a row, the last one:"
                    f" {failures[-1]}. What was finished is kept: see to the server, then start"
                    " again to go on"
                )
    finally:
        for future in flying:  # or the client, as it closes, takes them for failed
            future.cancel()


def _pieces(batches: Iterable[Batch], size: int) -> Iterator[Piece]:
    for batch in batches:
        flight = Flight(batch)
        for request in batch.requests:
            starts = range(0, request.samples, size)
            flight.pieces.append([Piece(flight, _part(request, at, size)) for at in starts])
        flight.open = sum(map(len, flight.pieces))
        for pieces in flight.pieces:
            yield from pieces


def _part(request: Request, start: int, size: int) -> Request:
    return Request(request.prompt, request.seed + start, min(size, request.samples - start))


def _joined(outcomes: Sequence[Outcome]) -> Outcome:
    samples: list[Sample] = []
    for outcome in outcomes:
        if isinstance(outcome, Failure):
            return outcome
        samples += outcome
    return samples
