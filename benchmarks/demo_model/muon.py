"""The Muon optimiser in single precision.

`torch.optim.Muon` orthogonalises in bfloat16, which many CPUs multiply far slower than float32, and
matrix by matrix; here matrices of one shape are done together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import torch

COEFFICIENTS = (3.4445, -4.7750, 2.0315)


def orthogonalize(matrices: torch.Tensor, iterations: int = 5) -> torch.Tensor:
    """Bring the singular values of matrices near 1 by Newton and Schulz's iteration.

    X <- a X + (b A + c A^2) X with A = X X^T, from X of Frobenius norm 1.

    Args:
        matrices: Shape (matrices, rows, columns).
        iterations: How often.

    Source: K. Jordan et al., Muon (2024), https://kellerjordan.github.io/posts/muon/.
    """
    tall = matrices.size(1) > matrices.size(2)
    x = matrices.mT if tall else matrices
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    a, b, c = COEFFICIENTS
    for _ in range(iterations):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if tall else x


class Muon:
    """Momentum whose update of each matrix is orthogonalised.

    Args:
        weights: Matrices.
        rate: Learning rate; an update has singular values near rate sqrt(max(1, rows / columns)).
        momentum: Nesterov's momentum.
        decay: Decay of the weights a step, times the learning rate.
    """

    def __init__(
        self,
        weights: Iterable[torch.nn.Parameter],
        rate: float,
        momentum: float = 0.95,
        decay: float = 0.01,
    ) -> None:
        self.rate, self.momentum, self.decay = rate, momentum, decay
        self._weights: dict[torch.Size, list[torch.nn.Parameter]] = defaultdict(list)
        for weight in weights:
            self._weights[weight.shape].append(weight)
        self._means: dict[torch.Size, torch.Tensor] = {}

    def step(self) -> None:
        """Change the weights by their gradients."""
        with torch.no_grad():
            for shape, weights in self._weights.items():
                update = orthogonalize(self._momentum(shape, weights))
                scale = self.rate * max(1.0, shape[0] / shape[1]) ** 0.5
                torch._foreach_mul_(weights, 1 - self.rate * self.decay)
                torch._foreach_add_(weights, list(update.unbind()), alpha=-scale)

    def _momentum(self, shape: torch.Size, weights: list[torch.nn.Parameter]) -> torch.Tensor:
        gradients = torch.stack([weight.grad for weight in weights])
        mean = self._means.setdefault(shape, torch.zeros_like(gradients))
        mean.lerp_(gradients, 1 - self.momentum)
        return gradients.lerp(mean, self.momentum)
