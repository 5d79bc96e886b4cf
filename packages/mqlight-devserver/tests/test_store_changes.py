"""What is left of the changes of a destination when there are several to a message."""

from __future__ import annotations

from devserver_consumers import numbered

from mqlight_devserver.store.changes import Changes

MESSAGE = numbered(7)


def test_a_new_message_waits_until_it_is_handed_out() -> None:
    changes = Changes()
    changes.put(MESSAGE)
    assert (changes.new, changes.states) == ({7: MESSAGE}, {7: (0, False)})
    changes.hold(MESSAGE, handed_out=True)
    assert (changes.new, changes.states) == ({7: MESSAGE}, {7: (0, True)})


def test_the_latest_state_counts() -> None:
    changes = Changes()
    changes.hold(MESSAGE, handed_out=True)
    changes.hold(MESSAGE.after_failed_delivery(), handed_out=False)
    assert (changes.new, changes.states, changes.gone) == ({}, {7: (1, False)}, [])


def test_nothing_is_left_of_a_message_that_came_and_went() -> None:
    changes = Changes()
    changes.put(MESSAGE)
    changes.hold(MESSAGE, handed_out=True)
    changes.remove(MESSAGE)
    assert (changes.new, changes.states, changes.gone) == ({}, {}, [])


def test_of_a_message_that_was_there_its_going_is_left() -> None:
    changes = Changes()
    changes.hold(MESSAGE, handed_out=True)
    changes.remove(MESSAGE)
    assert (changes.new, changes.states, changes.gone) == ({}, {}, [7])
