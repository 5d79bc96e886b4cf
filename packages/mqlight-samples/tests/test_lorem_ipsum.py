"""Words to send."""

from __future__ import annotations

from random import Random

from mqlight_samples._lorem_ipsum import LOREM_IPSUM, some_words


def test_some_words_are_a_run_of_the_paragraph() -> None:
    chance = Random(1)  # noqa: S311 - no secrets
    paragraph = f" {LOREM_IPSUM} "

    runs = [some_words(chance) for _ in range(1000)]

    assert all(f" {run} " in paragraph for run in runs)
    lengths = {len(run.split()) for run in runs}
    assert min(lengths) == 1
    assert max(lengths) > 60


def test_the_same_chance_gives_the_same_words() -> None:
    first, second = Random(7), Random(7)  # noqa: S311 - no secrets

    assert some_words(first) == some_words(second)
