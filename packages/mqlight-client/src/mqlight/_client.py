"""`mqlight.Client`: validate, hand over, return."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Self, final

from mqlight._encoding import SendPlan, SendPlans
from mqlight._machine.backlog import MOST_BYTES, MOST_MESSAGES
from mqlight._machine.states import State
from mqlight._machine.subscriptions import Subscription
from mqlight._settings import check_settings
from mqlight_core.callbacks import check_callback
from mqlight_core.errors import InvalidArgumentError, MQLightError
from mqlight_core.topics import Destination, check_pattern, check_share

if TYPE_CHECKING:
    from types import TracebackType

    from mqlight import typing as t
    from mqlight._machine.backlog import Backlog

_STARTED = State.STARTED
"""Looked at for each message; an attribute of an enumeration costs more."""


@final
class Client:
    """A client of an MQ Light service; it starts to connect when it is made.

    All methods may be called from any thread, and from inside any callback.  Callbacks are called
    one at a time, in the order in which things happened, on threads of the client's own;
    `on_started` has a thread to itself, in which a program may stay.  A callback that raises stops
    the client with that exception as the error.  In a child of `fork` the client is stopped, and
    its methods raise StoppedError.

    Args:
        service: one URL (`amqp://host:5672`, `amqps://user:password@host`); a list of such URLs,
            which are tried in turn; the URL of a lookup (`http://host/path`, `https://host/path`,
            `file:///path`), a JSON document like `{"service": ["amqp://host"]}`; a function
            `func(callback)` that calls `callback(error, services)`; or None for the one that is
            bound to the application in the environment's `VCAP_SERVICES`.  Functions are called,
            and documents read, for each round of attempts.
        client_id: 1 to 256 characters of `A-Z a-z 0-9 % / . _`; None for a random one.  A second
            client with the same id replaces the first, which stops with ReplacedError.
        security_options: a dict with `user` and `password`, `ssl_trust_certificate`,
            `ssl_client_certificate`, `ssl_client_key`, `ssl_client_key_passphrase`,
            `ssl_keystore`, `ssl_keystore_passphrase`, `ssl_verify_name`.
        on_started: `on_started(client)`, called when the client has connected after a start.
        on_state_changed: `on_state_changed(client, state, err)`, called for each change of state.
        on_drain: `on_drain(client)`, called once after `send` has returned False, when the backlog
            is at or below half.
        client_options: a dict, or `ClientOptions`; times in ms.

    Raises:
        TypeError: an argument is of a wrong type.
        InvalidArgumentError: an argument is invalid.
        RangeError: a client option is out of range.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the documented arguments
        self,
        service: t.Service,
        client_id: str | None = None,
        security_options: t.SecurityOptionsArgument = None,
        on_started: t.OnStarted | None = None,
        on_state_changed: t.OnStateChanged | None = None,
        on_drain: t.OnDrain | None = None,
        *,
        client_options: t.ClientOptionsArgument = None,
    ) -> None:
        settings = check_settings(service, client_id, security_options, client_options)
        check_callback("on_started", on_started, 1)
        check_callback("on_state_changed", on_state_changed, 3)
        check_callback("on_drain", on_drain, 1)
        from mqlight._drivers.threaded import ThreadedDriver  # noqa: PLC0415 - loads proton

        self._id = settings.client_id
        self._warned: set[str] = set()
        self._plans = SendPlans(self._warned)
        self._plan = SendPlan()
        self._last_on_sent: t.OnSent | None = None
        """Checked already: most programs use the same one again and again."""
        self._driver = ThreadedDriver(
            self, settings, on_state_changed=on_state_changed, on_drain=on_drain
        )
        self._control = self._driver.control
        self._backlog = self._driver.backlog
        self._inbox = self._control.inbox
        self._wakeup = self._driver.wakeup
        weakref.finalize(self, self._driver.close).atexit = False
        self._driver.start(on_started)

    def get_id(self) -> str:
        """Return the client id."""
        return self._id

    def get_service(self) -> str | None:
        """Return the service that is connected, as `amqp://host:port`; None when none is."""
        service = self._control.service
        return None if service is None else service.address

    def get_state(self) -> State:
        """Return the state of the client."""
        return self._control.state

    @property
    def state(self) -> State:
        """The state of the client."""
        return self._control.state

    def is_stopped(self) -> bool:
        """Return True when the client is stopping or stopped."""
        return self._control.state in (State.STOPPING, State.STOPPED)

    def send(
        self,
        topic: str,
        data: Any,  # noqa: ANN401 - anything that JSON can hold
        options: t.SendOptionsDict | None = None,
        on_sent: t.OnSent | None = None,
    ) -> bool:
        """Send a message.

        A message that was accepted here is finished exactly once: `on_sent(client, err, topic,
        data, options)` is called with the caller's own objects; at quality of service 0 when the
        message is written, at 1 when the server has accepted it, across reconnections.

        Args:
            topic: where to; not empty.
            data: str is sent as text, bytes, bytearray and memoryview as binary, everything else as
                JSON.
            options: `qos` 0 (at most once) or 1 (at least once), `ttl` in ms (1 to 2592000000),
                `properties` (str to str, bool, int, float, bytes or None), `persistent`.
            on_sent: see above; required at quality of service 1.

        Returns:
            True when the client is started and at most 1024 messages and 1 MiB are unfinished.
            After any False `on_drain` is called once, when the backlog is at or below half.

        Raises:
            TypeError: an argument is of a wrong type.
            RangeError: an option is out of range.
            InvalidArgumentError: the topic is invalid, or `on_sent` is missing.
            StoppedError: the client is stopping or stopped.
            MQLightError: `max_queued_bytes` are queued; the message was not accepted.
        """
        plan = self._plan if options is None else self._plans.find(options)
        if on_sent is not self._last_on_sent:
            check_callback("on_sent", on_sent, 5)
            self._last_on_sent = on_sent
        encoded = plan.encode(topic, data)
        if plan.qos and on_sent is None:
            message = (
                "on_sent must be specified when options['qos'] value of 1 (at least once) is "
                "specified"
            )
            raise InvalidArgumentError(message)
        control, backlog = self._control, self._backlog
        if control.muted:
            control.check_not_stopped()
        size = len(encoded)
        queued = backlog.accepted_bytes - backlog.finished_bytes + size
        if backlog.accepted_bytes - backlog.told_bytes + size > backlog.most_queued_bytes:
            refusal = _refusal(backlog, size)
            if refusal is not None:
                raise refusal
        backlog.accepted += 1
        backlog.accepted_bytes += size
        clear = (
            backlog.accepted - backlog.finished <= MOST_MESSAGES
            and queued <= MOST_BYTES
            and control.machine.state is _STARTED
        )
        if not clear:
            backlog.drain_owed = True
        self._inbox.append((topic, encoded, plan.qos, on_sent, data, options))
        if self._wakeup.asleep:
            self._wakeup.wake()
        return clear

    def start(self, on_started: t.OnStarted | None = None) -> Self:
        """Start again after a stop; harmless in every other state.

        `on_started(client)` is called once the client is started, at once if it is.  While the
        client is stopping the start is remembered.

        Raises:
            TypeError: `on_started` can not be called with one argument.
        """
        check_callback("on_started", on_started, 1)
        self._driver.start(on_started)
        return self

    def stop(self, on_stopped: t.OnStopped | None = None) -> Self:
        """Stop: write what is accepted, await its settlement, disconnect; subscriptions end.

        Messages that wait for an attempt to connect under way still get their chance.  What is not
        settled within `stop_timeout`, and what has no connection to wait for, completes with
        StoppedError.  `on_stopped(client, err)` is the last thing that is called.

        Raises:
            TypeError: `on_stopped` can not be called with two arguments.
        """
        check_callback("on_stopped", on_stopped, 2)
        self._driver.stop(on_stopped)
        return self

    def wait_stopped(self, timeout: float | None = None) -> bool:
        """Wait until the client is stopped and every callback has returned.

        Args:
            timeout: seconds; None waits for as long as it takes.

        Returns:
            True when the client is stopped.  Inside a callback, which would wait for itself, the
            answer comes at once.
        """
        return self._driver.wait_stopped(timeout)

    def subscribe(
        self,
        topic_pattern: str,
        share: str | None = None,
        options: t.SubscribeOptionsDict | None = None,
        on_subscribed: t.OnSubscribed | None = None,
        on_message: t.OnMessage | None = None,
    ) -> Self:
        """Subscribe to a topic pattern: `+` stands for one level, `#` for any number.

        Args:
            topic_pattern: not empty.
            share: clients that name the same share share its messages; None for all of them.
            options: `qos` 0 (default) or 1, `ttl` in ms that the destination outlives its last
                subscriber (default 0), `credit` (messages under way or unconfirmed at a time,
                default 1024), `auto_confirm` (default True: a message is confirmed when
                `on_message` returns).
            on_subscribed: `on_subscribed(client, err, pattern, share)`, called once.
            on_message: `on_message(message_type, data, delivery)`.  At quality of service 1 with
                `auto_confirm` False the application confirms, at any time and from any thread:
                `delivery["message"]["confirm_delivery"](callback)`; `callback(client, err)` may be
                left out.

        Raises:
            TypeError: an argument is of a wrong type.
            RangeError: an option is out of range.
            InvalidArgumentError: the pattern or the share is invalid.
            StoppedError: the client is stopping or stopped.
            SubscribedError: the client has this subscription.
        """
        from mqlight._arguments import SubscribeOptions, check_options  # noqa: PLC0415 - pydantic

        destination = Destination(check_pattern(topic_pattern), check_share(share))
        checked = check_options(SubscribeOptions, options, self._warned)
        check_callback("on_subscribed", on_subscribed, 4)
        check_callback("on_message", on_message, 3)
        self._control.subscribe(
            Subscription(
                destination,
                qos=checked.qos,
                ttl=checked.ttl_seconds,
                credit=checked.credit,
                auto_confirm=checked.auto_confirm,
                on_subscribed=on_subscribed,
                on_message=on_message,
            )
        )
        return self

    def unsubscribe(
        self,
        topic_pattern: str,
        share: str | None = None,
        options: t.UnsubscribeOptionsDict | None = None,
        on_unsubscribed: t.OnUnsubscribed | None = None,
    ) -> Self:
        """End a subscription; messages that are under way are dropped.

        Args:
            topic_pattern: as in `subscribe`.
            share: as in `subscribe`.
            options: `ttl` 0 deletes the destination at once; without it the destination lives on
                for the ttl of the subscription.
            on_unsubscribed: `on_unsubscribed(client, err, pattern, share)`, called once.

        Raises:
            TypeError: an argument is of a wrong type.
            RangeError: the ttl is not 0.
            InvalidArgumentError: the pattern or the share is invalid.
            StoppedError: the client is stopping or stopped.
            UnsubscribedError: the client has no such subscription.
        """
        from mqlight._arguments import UnsubscribeOptions, check_options  # noqa: PLC0415 - pydantic

        destination = Destination(check_pattern(topic_pattern), check_share(share))
        checked = check_options(UnsubscribeOptions, options, self._warned)
        check_callback("on_unsubscribed", on_unsubscribed, 4)
        self._control.unsubscribe(
            destination, delete=checked.ttl == 0, on_unsubscribed=on_unsubscribed
        )
        return self

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the client and wait until it is stopped; not in a child of `fork`."""
        if not self._control.inherited:
            self.stop()
            self.wait_stopped()

    def __repr__(self) -> str:
        """Show the id and the state, also where the constructor has raised: debuggers ask."""
        if not hasattr(self, "_control"):
            return "<mqlight.Client>"
        return f"<mqlight.Client {self._id!r} {self.state}>"


def _refusal(backlog: Backlog, size: int) -> MQLightError | None:
    """Say why a message is not accepted; None when there is room for it after all."""
    most = f"{backlog.most_queued_bytes} bytes (client_options['max_queued_bytes'])"
    if size > backlog.most_queued_bytes:
        return MQLightError(f"the message was not accepted: its {size} bytes are more than {most}")
    # Before another look: what finishes from here on sees that a drain is owed.
    backlog.drain_owed = True
    if backlog.held + size <= backlog.most_queued_bytes:
        return None
    return MQLightError(
        f"the message was not accepted: with its {size} bytes more than {most} would be queued; "
        "wait for on_drain"
    )
