"""Orders drawn step by step, and all orders of a few things one after another."""

from svlaw.analysis.kernels.compilation import kernel
from svlaw.analysis.kernels.random_streams import draw_below


@kernel
def draw_next(order, place, stream):  # type: ignore[no-untyped-def]
    """Bring a uniformly chosen one of those from `place` on to `place`, and return it.

    Whatever the order was before, the first i + 1 draws from place 0 on are a uniform draw without
    replacement.
    """
    pick = place + draw_below(stream, order.size - place)
    chosen = order[pick]
    order[pick] = order[place]
    order[place] = chosen
    return chosen


@kernel
def next_permutation(order):  # type: ignore[no-untyped-def]
    """Turn distinct numbers into their next order, in place; after the last comes the first.

    Source:
        Narayana Pandita, 14th century; Knuth, The Art of Computer Programming 4A, algorithm L.
    """
    i = order.size - 2
    while i >= 0 and order[i] > order[i + 1]:
        i -= 1
    if i >= 0:
        j = order.size - 1
        while order[j] < order[i]:
            j -= 1
        order[i], order[j] = order[j], order[i]
    left, right = i + 1, order.size - 1
    while left < right:
        order[left], order[right] = order[right], order[left]
        left += 1
        right -= 1
