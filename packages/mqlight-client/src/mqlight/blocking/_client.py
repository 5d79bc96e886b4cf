"""`mqlight.blocking.Client`: validate, hand over, wait."""

from __future__ import annotations

import time
import weakref
from typing import TYPE_CHECKING, Any, Self, final

from mqlight._drivers import forking
from mqlight._drivers.control import Withdraw
from mqlight._drivers.threaded import ThreadedDriver
from mqlight._encoding import SendPlans
from mqlight._machine.states import State
from mqlight._settings import check_settings
from mqlight.blocking._subscription import Subscription
from mqlight.blocking._waiting import Answer, Waiting, check_timeout
from mqlight_core.errors import MQLightError, StoppedError
from mqlight_core.topics import Destination, check_pattern, check_share

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from mqlight import typing as t
    from mqlight._machine.outbox import Send


@final
class Client:
    """A client of an MQ Light service whose calls return when they are done.

    It connects with `with`, or `client.start()`, and reconnects by itself until it is stopped.  All
    methods may be called from any thread.  Timeouts are in seconds; None waits for as long as it
    takes.  In a child of `fork` the client is stopped, and its methods raise StoppedError.

    Args:
        service: as `mqlight.Client` takes it.
        client_id: 1 to 256 characters of `A-Z a-z 0-9 % / . _`; None for a random one.
        security_options: as `mqlight.Client` takes them.
        client_options: as `mqlight.Client` takes them; times in ms.

    Raises:
        TypeError: an argument is of a wrong type.
        InvalidArgumentError: an argument is invalid.
        RangeError: a client option is out of range.
    """

    def __init__(
        self,
        service: t.Service,
        client_id: str | None = None,
        *,
        security_options: t.SecurityOptionsArgument = None,
        client_options: t.ClientOptionsArgument = None,
    ) -> None:
        settings = check_settings(service, client_id, security_options, client_options)
        self._id = settings.client_id
        self._plans = SendPlans(set())
        self._waiting = Waiting()
        forking.watch(self._waiting)
        self._driver = ThreadedDriver(
            self,
            settings,
            on_state_changed=self._waiting.on_state_changed,
            on_drain=None,
            holds_process=False,
        )
        self._control = self._driver.control
        self._backlog = self._driver.backlog
        weakref.finalize(self, self._driver.close).atexit = False

    @property
    def client_id(self) -> str:
        """The client id."""
        return self._id

    @property
    def service(self) -> str | None:
        """The service that is connected, as `amqp://host:port`; None when none is."""
        service = self._control.service
        return None if service is None else service.address

    @property
    def state(self) -> State:
        """The state of the client; `stopped` before the first start."""
        return self._control.state

    @property
    def error(self) -> Exception | None:
        """Why the client is retrying or has stopped; None when all is well."""
        return self._waiting.error

    def start(self, timeout: float | None = None) -> Self:
        """Connect; return once the client is started.

        Services that do not answer are tried again, as after a loss.  While the client is stopping
        a start waits for the end of that.

        Raises:
            TimeoutError: it is not started within `timeout`.  A client that had not been started
                before is stopped again, unless another thread waits for it too.
            SecurityError: the server does not accept us, or we do not accept its certificate.
            ReplacedError: another client with this id took over.
            StoppedError: the client was stopped meanwhile.
            MQLightError: another reason for which trying again can not help.
            RangeError: the timeout is negative.
        """
        timeout = check_timeout(timeout)
        self._control.check_not_inherited()
        waiting = self._waiting
        if self.state is State.STARTED:
            waiting.begin()
            waiting.started()
            return self
        give_up = None if timeout is None else time.monotonic() + timeout
        if self.state is State.STOPPING and not self._driver.wait_stopped(timeout):
            message = f"not started within {timeout:g} seconds: the client is still stopping"
            raise TimeoutError(message)
        waiting.begin()
        try:
            if self._start(None if give_up is None else max(give_up - time.monotonic(), 0)):
                waiting.started()
                return self
        except MQLightError:
            waiting.end()
            raise
        except BaseException:  # such as KeyboardInterrupt: nobody waits any more
            if waiting.end():
                self._driver.stop(None)
            raise
        reason = waiting.error
        if waiting.end():
            self.stop()
        message = f"not started within {timeout:g} seconds"
        raise TimeoutError(f"{message}: {reason}" if reason is not None else message)

    def _start(self, timeout: float | None) -> bool:
        waiting = self._waiting
        started = Answer(waiting)
        self._driver.start(lambda client: started.give(client, None))
        if not waiting.until(lambda: started.done or waiting.state is State.STOPPED, timeout):
            return False
        if not started.done:
            raise waiting.error or StoppedError("the client was stopped before it was started")
        return True

    def stop(self, timeout: float | None = None) -> bool:
        """Disconnect: what is accepted is sent and settled first, at most for `stop_timeout`.

        Subscriptions end.  Returns False when that was not done within `timeout`; it goes on.

        Raises:
            RangeError: the timeout is negative.
        """
        timeout = check_timeout(timeout)
        if self._waiting.state is State.STOPPED:
            return True
        self._driver.stop(None)
        return self._driver.wait_stopped(timeout)

    def send(  # noqa: PLR0913 - the documented options
        self,
        topic: str,
        data: Any,  # noqa: ANN401 - anything that JSON can hold
        *,
        qos: int = 0,
        ttl: int | None = None,
        properties: Mapping[str, t.Property] | None = None,
        persistent: bool = False,
        timeout: float | None = None,
    ) -> None:
        """Send a message; return when it is sent.

        At quality of service 0 that is when it is written, at 1 when the server has accepted it,
        across reconnections.

        Args:
            topic: where to; not empty.
            data: str is sent as text, bytes, bytearray and memoryview as binary, everything else as
                JSON.
            qos: 0 (at most once) or 1 (at least once).
            ttl: in ms, 1 to 2592000000; None for no limit.
            properties: str to str, bool, int, float, bytes or None.
            persistent: ask the server to keep the message across its restarts.
            timeout: seconds.

        Raises:
            TimeoutError: the message is not sent within `timeout`; it says whether the message was
                taken back, or the server may have it.
            TypeError: an argument is of a wrong type.
            RangeError: an option is out of range.
            InvalidArgumentError: the topic is invalid.
            StoppedError: the client is stopping or stopped, or stopped before the message was sent.
            NotPermittedError: the server does not take the message.
            MQLightError: it refused the message for another reason, or `max_queued_bytes` are
                queued.
        """
        timeout = check_timeout(timeout)
        plan = self._plans.of(qos=qos, ttl=ttl, properties=properties, persistent=persistent)
        encoded = plan.encode(topic, data)
        control, backlog = self._control, self._backlog
        if control.muted:
            control.check_not_stopped()
        if backlog.size + len(encoded) > backlog.most_queued_bytes:
            message = (
                f"the message was not accepted: with its {len(encoded)} bytes more than "
                f"{backlog.most_queued_bytes} bytes would be queued "
                "(client_options['max_queued_bytes'])"
            )
            raise MQLightError(message)
        sent = Answer(self._waiting)
        send: Send = (topic, encoded, plan.qos, sent.give, None, None)
        self._driver.accept(send)
        try:
            if sent.within(timeout):
                return
        except MQLightError:
            raise
        except BaseException:  # such as KeyboardInterrupt: nobody waits any more
            control.post(Withdraw(send, lambda _: None))
            raise
        self._take_back(send, sent, timeout)

    def _take_back(self, send: Send, sent: Answer, timeout: float | None) -> None:
        withdrawn = Answer(self._waiting)
        taken: list[bool] = []

        def answer(done: bool) -> None:  # noqa: FBT001 - as Withdraw asks for
            taken.append(done)
            withdrawn.give(None, None)

        self._control.post(Withdraw(send, answer))
        withdrawn.within(None)
        if taken == [False] and sent.within(0):
            return
        said = "it was taken back" if taken == [True] else "the server may have it"
        message = (
            f"the message to topic {send[0]!r} was not sent within {timeout:g} seconds; {said}"
        )
        raise TimeoutError(message)

    def subscribe(  # noqa: PLR0913 - the documented options
        self,
        topic_pattern: str,
        share: str | None = None,
        *,
        qos: int = 0,
        ttl: int = 0,
        credit: int = 1024,
        auto_confirm: bool = True,
        timeout: float | None = None,
    ) -> Subscription:
        """Subscribe; return once the server has accepted that.

        >>> with client.subscribe("news/#", qos=1) as messages:
        ...     print(messages.receive(timeout=10).data)

        Args:
            topic_pattern: not empty; `+` stands for one level, `#` for any number.
            share: clients that name the same share share its messages; None for all of them.
            qos: 0 (at most once) or 1 (at least once).
            ttl: in ms, that the destination outlives its last subscriber.
            credit: messages that may be under way, waiting here or unconfirmed at a time.
            auto_confirm: at quality of service 1 a message is confirmed when the next one is asked
                for, or when the `with` block ends without an exception; False: with
                `message.confirm()`.
            timeout: seconds.

        Raises:
            TimeoutError: the server has not answered within `timeout`; the call is taken back.
            TypeError: an argument is of a wrong type.
            RangeError: an option is out of range.
            InvalidArgumentError: the pattern or the share is invalid.
            StoppedError: the client is stopping or stopped, or stopped meanwhile.
            SubscribedError: the client has this subscription.
            MQLightError: the server refused.
        """
        from mqlight._arguments import SubscribeOptions  # noqa: PLC0415 - loads pydantic

        timeout = check_timeout(timeout)
        destination = Destination(check_pattern(topic_pattern), check_share(share))
        options = SubscribeOptions(qos=qos, ttl=ttl, credit=credit, auto_confirm=auto_confirm)
        subscription = Subscription(self._control, self._waiting, destination, options)
        subscription.begin(timeout)
        return subscription

    def __enter__(self) -> Self:
        """Start the client; see `start` for what is raised."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the client."""
        self.stop()

    def __repr__(self) -> str:
        """Show the id and the state, also where the constructor has raised: debuggers ask."""
        if not hasattr(self, "_control"):
            return "<mqlight.blocking.Client>"
        return f"<mqlight.blocking.Client {self._id!r} {self.state}>"
