"""The learning rate as a function of the step; imports ``recipe``."""

from math import cos, pi

from archgen.recipe import Training


def learning_rate(options: Training, step: int, steps: int) -> float:
    """Return the learning rate of a step, counted from 0; ``steps`` are those of an epoch.

    It rises in a line over ``warmup_epochs`` to the first learning rate r. With t from 0 to 1 over
    the steps left, it is then r · (1 + cos πt) / 2, r · (1 - t), or stays r.
    """
    rate = options.learning_rate or 0.0
    warm = round(options.warmup_epochs * steps)
    if step < warm:
        return rate * (step + 1) / warm
    t = (step - warm) / max(1, options.epochs * steps - warm)
    if options.schedule == "cosine":
        return rate * (1 + cos(pi * t)) / 2
    return rate * (1 - t) if options.schedule == "linear" else rate
