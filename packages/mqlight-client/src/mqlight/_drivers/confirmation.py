"""`confirm_delivery`: what an application calls to confirm a message itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqlight._drivers.control import Confirm
from mqlight_core.callbacks import check_callback
from mqlight_core.errors import NetworkError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqlight._amqp.links import Receiver
    from mqlight._drivers.control import Control


class Confirmation:
    """Confirms one message; from any thread; a second call does nothing."""

    __slots__ = ("_control", "_receiver", "_token", "_used")

    def __init__(self, control: Control, receiver: Receiver, token: int) -> None:
        self._control = control
        self._receiver = receiver
        self._token = token
        self._used = False

    def __call__(self, callback: Callable[..., object] | None = None) -> None:
        """Confirm the message; `callback(client, err)` is called once that is on its way.

        Raises:
            NetworkError: the client has stopped, has reconnected or has unsubscribed since the
                message came, so that the server will deliver it again; or this is a child of
                `fork`, and the message the parent's.
            TypeError: the callback can not take two arguments.
        """
        check_callback("callback", callback, 2)
        if self._used:
            return
        if self._control.inherited:
            raise NetworkError("the message came before the fork: only the parent can confirm it")
        if self._control.muted:
            raise NetworkError("not started")
        if not self._receiver.subscription.live:
            raise NetworkError("client has unsubscribed since this message was received")
        if not self._receiver.alive:
            raise NetworkError(self._control.lost_since())
        self._used = True
        self._control.post(Confirm(self._receiver, self._token, callback))
