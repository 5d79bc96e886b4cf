"""The life of a connection, frame by frame: mqlight-protocol.md §9.2, §9.5."""

from __future__ import annotations

import logging

import pytest
from devserver_wire import AMQP_HEADER, SASL_HEADER, Composite, Frame, Symbol, UInt, frame, frames
from devserver_world import Client, World, begin, flow, receiver, sender


def error_of(found: Frame) -> Composite:
    error = found["error"]
    assert isinstance(error, Composite)
    assert error["description"]
    return error


def test_sasl_open_and_begin_in_order() -> None:
    client = World().client()
    client.log_in()
    assert [frame.kind for frame in client.take()] == ["sasl_mechanisms", "sasl_outcome"]
    client.open("c")
    assert client.output.startswith(AMQP_HEADER)
    opened = client.only("open")
    assert opened["container_id"] == "mqlight-devserver"
    assert opened["channel_max"] == 255
    assert opened["idle_time_out"] is None
    client.begin()
    begun = client.only("begin")
    assert begun["remote_channel"] == 0
    assert begun["incoming_window"] == 2**31 - 1


def test_everything_may_come_at_once() -> None:
    """PY, RB and J do not wait for answers (§9.7, 2)."""
    client = World().client()
    init = Composite("sasl_init", mechanism=Symbol("ANONYMOUS"))
    client.send(
        SASL_HEADER,
        frame(init, kind=1),
        AMQP_HEADER,
        frame(Composite("open", container_id="c")),
        frame(begin()),
        frame(receiver("private:a", handle=0)),
        frame(flow(0, 0, 10)),
        frame(sender("a", handle=1)),
    )
    kinds = [frame.kind for frame in client.take()]
    assert kinds[:4] == ["sasl_mechanisms", "sasl_outcome", "open", "begin"]
    assert sorted(kinds[4:]) == ["attach", "attach", "flow"]


def test_bytes_may_come_one_by_one() -> None:
    client = World().client()
    init = Composite("sasl_init", mechanism=Symbol("ANONYMOUS"))
    whole = (
        SASL_HEADER
        + frame(init, kind=1)
        + AMQP_HEADER
        + frame(Composite("open", container_id="c"))
        + frame(begin())
    )
    for at in range(len(whole)):
        client.send(whole[at : at + 1])
    kinds = [frame.kind for frame in client.take()]
    assert kinds == ["sasl_mechanisms", "sasl_outcome", "open", "begin"]


def test_a_client_may_skip_sasl_where_no_users_are_required() -> None:
    client = World().client()
    client.open("c")
    assert client.only("open")["container_id"] == "mqlight-devserver"


def test_a_client_that_must_not_skip_sasl_is_shown_the_header_and_hung_up_on() -> None:
    client = World(users={"bob": "secret"}).client()
    client.open("c")
    assert client.take_bytes() == SASL_HEADER
    assert client.connection.finished


def test_something_else_than_amqp_is_shown_the_header_and_hung_up_on() -> None:
    client = World().client()
    client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert client.take_bytes() == SASL_HEADER
    assert client.connection.finished
    assert client.connection.deadline == client.world.now + 5
    client.send(b"more")
    assert client.take_bytes() == b""


def test_a_known_user_gets_in() -> None:
    client = World(users={"bob": "secret"}).client()
    client.log_in("PLAIN", b"\0bob\0secret")
    client.open("c")
    assert [frame.kind for frame in client.take()][-1] == "open"


def test_bad_credentials_are_refused_by_sasl_and_by_amqp() -> None:
    """J reads the outcome only once AMQP is closed, PY and RB look for 2035 (§1.1, §1.8)."""
    client = World(users={"bob": "secret"}).client()
    client.log_in("PLAIN", b"\0bob\0wrong")
    mechanisms, outcome, opened, closed = client.take()
    assert (mechanisms.kind, opened.kind) == ("sasl_mechanisms", "open")
    assert outcome["code"] == 1
    assert error_of(closed)["condition"] == "amqp:unauthorized-access"
    assert " 2035 " in str(error_of(closed)["description"])
    assert client.connection.finished


@pytest.mark.parametrize("client_id", ["a", "A" * 256, "az.AZ_09%/", "%/._"])
def test_valid_client_ids(client_id: str) -> None:
    client = World().client()
    client.log_in()
    client.take()
    client.open(client_id)
    client.only("open")


@pytest.mark.parametrize("client_id", ["", "A" * 257, "a-b", "a:b", "a b", "ä", "a\0"])
def test_an_invalid_client_id_is_refused(client_id: str) -> None:
    client = World().client()
    client.log_in()
    client.take()
    client.open(client_id)
    if client_id == "a\0":
        # The engine reads container-ids as C strings, so this one is "a".
        client.only("open")
        return
    opened, closed = client.take()
    assert opened.kind == "open"
    assert error_of(closed)["condition"] == "amqp:invalid-field"


def test_a_client_id_that_is_not_utf_8_is_refused() -> None:
    client = World().client()
    client.log_in()
    client.take()
    client.send(
        AMQP_HEADER, b"\x00\x00\x00\x12\x02\x00\x00\x00\x00\x53\x10\xc0\x05\x01\xa1\x02\xff\xfe"
    )
    assert error_of(client.take()[-1])["condition"] == "amqp:invalid-field"


def test_what_follows_a_refused_open_is_not_acted_on() -> None:
    client = World().client()
    client.log_in()
    client.take()
    client.send(
        AMQP_HEADER,
        frame(Composite("open", container_id="a-b")),
        frame(begin()),
        frame(receiver("private:a", handle=0)),
    )
    assert [frame.kind for frame in client.take()] == ["open", "close"]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"max_frame_size": UInt(4294967295), "idle_time_out": UInt(0), "properties": {}},
        {"outgoing_locales": Symbol("en-US"), "incoming_locales": Symbol("en-US")},
        {"hostname": None},
    ],
)
def test_opens_of_the_published_clients(fields: dict[str, object]) -> None:
    """§9.7, 3."""
    client = World().client()
    client.log_in()
    client.take()
    body = Composite("open", **({"container_id": "c", "hostname": "h"} | fields))
    client.send(AMQP_HEADER, frame(body))
    client.only("open")


def test_any_number_of_sessions() -> None:
    """PY and RB open one for each link, all with the same link name (§9.7, 1)."""
    client = World().connect("c")
    for channel in range(1, 50):
        client.begin(channel)
        client.send(frame(sender(f"t{channel}", handle=0, name="sender-xxx"), channel=channel))
    found = client.take()
    assert [frame.kind for frame in found] == ["begin", "attach", "flow"] * 49
    assert {frame["name"] for frame in found if frame.kind == "attach"} == {"sender-xxx"}


def test_ending_a_session_detaches_its_links_only() -> None:
    world = World()
    client, publisher = world.connect("c"), world.connect("p")
    client.begin(1)
    client.subscribe("private:a", channel=0)
    client.subscribe("private:b", channel=1)
    client.take()
    client.send(frame(Composite("end"), channel=1))
    assert client.only("end").channel == 1
    publisher.publish_to("a", handle=1)
    publisher.publish_to("b", handle=2)
    publisher.publish("to a", handle=1)
    publisher.publish("to b", handle=2)
    assert client.bodies() == ["to a"]


def test_close_is_answered_and_ends_the_connection() -> None:
    client = World().connect("c")
    client.send(frame(Composite("close")))
    assert client.only("close")["error"] is None
    assert client.connection.finished


def test_closing_without_detaching_keeps_destinations_with_a_ttl() -> None:
    """§9.7, 10."""
    world = World()
    client, publisher = world.connect("c"), world.connect("p")
    client.subscribe("private:a", timeout=60, handle=0)
    client.subscribe("private:b", handle=1)
    publisher.publish_to("a", handle=1)
    publisher.publish_to("b", handle=2)
    client.send(frame(Composite("close")))
    publisher.publish("kept", handle=1)
    publisher.publish("gone", handle=2)
    again = world.connect("c")
    again.subscribe("private:a", timeout=60, handle=0)
    again.subscribe("private:b", handle=1)
    assert again.bodies() == ["kept"]


def test_detaching_and_ending_before_closing() -> None:
    """§9.7, 10: PY and RB."""
    client = World().connect("c")
    client.subscribe("private:a")
    client.take()
    client.send(
        frame(Composite("detach", handle=UInt(0), closed=True)),
        frame(Composite("end")),
        frame(Composite("close")),
    )
    assert [frame.kind for frame in client.take()] == ["detach", "end", "close"]


def test_a_lost_connection_gives_back_what_was_not_settled() -> None:
    world = World()
    client, publisher = world.connect("c"), world.connect("p")
    client.subscribe("private:a", timeout=60)
    publisher.publish_to("a")
    publisher.publish("one")
    client.take()
    client.drop()
    again = world.connect("c")
    again.subscribe("private:a", timeout=60)
    assert again.bodies() == ["one"]


class TestTakeover:
    """mqlight-protocol.md §1.7; §9.7, 12."""

    @pytest.fixture
    def world(self) -> World:
        return World()

    def test_the_older_connection_is_closed_in_words_that_every_client_knows(
        self, world: World
    ) -> None:
        older = world.connect("c")
        newer = world.connect("c")
        error = error_of(older.only("close"))
        assert error["condition"] == "amqp:link:stolen"
        assert "ServerContext_Takeover" in str(error["description"])
        assert newer.take() == []

    def test_the_older_connections_messages_are_the_newers(self, world: World) -> None:
        older, publisher = world.connect("c"), world.connect("p")
        older.subscribe("private:a", timeout=60)
        publisher.publish_to("a")
        publisher.publish("one")
        newer = world.connect("c")
        newer.subscribe("private:a", timeout=60)
        assert newer.bodies() == ["one"]

    def test_the_older_connection_can_do_nothing_more(self, world: World) -> None:
        older = world.connect("c")
        older.publish_to("a")
        watcher = world.connect("w")
        watcher.subscribe("private:#")
        world.connect("c")
        watcher.take()
        older.publish("late")
        older.subscribe("private:a")
        assert watcher.take() == []
        assert [frame.kind for frame in older.take()] == ["attach", "flow", "close"]

    def test_the_older_connection_ends_with_its_answer(self, world: World) -> None:
        older = world.connect("c")
        world.connect("c")
        older.send(frame(Composite("close")))
        assert older.connection.finished

    def test_the_older_connection_ends_without_an_answer_too(self, world: World) -> None:
        older = world.connect("c")
        world.connect("c")
        assert older.connection.deadline == world.now + 5
        older.connection.handle_timer(world.now + 5)
        assert older.connection.finished

    def test_the_older_connections_end_does_not_release_the_id(self, world: World) -> None:
        older = world.connect("c")
        newer = world.connect("c")
        older.drop()
        world.connect("c")
        assert error_of(newer.only("close"))["condition"] == "amqp:link:stolen"

    def test_an_id_is_free_again_after_a_close(self, world: World) -> None:
        client = world.connect("c")
        client.send(frame(Composite("close")))
        client.take()
        world.connect("c")
        assert client.take() == []


class TestHeartbeats:
    """mqlight-protocol.md §1.4."""

    def connected(self, world: World, **fields: object) -> Client:
        return world.connect("c", **fields)

    def test_without_idle_timeouts_there_is_nothing_to_do(self) -> None:
        assert self.connected(World()).connection.deadline is None

    def test_an_empty_frame_is_sent_when_half_the_clients_idle_timeout_has_passed(self) -> None:
        world = World()
        client = self.connected(world, idle_time_out=UInt(1000))
        for _ in range(5):
            deadline = client.connection.deadline
            assert deadline is not None
            assert deadline - world.now <= 0.5
            world.now = deadline
            client.connection.handle_timer(world.now)
            world.turn()
            deadline = client.connection.deadline
        kinds = [frame.kind for frame in client.take()]
        assert set(kinds) == {"empty"}
        assert len(kinds) >= 4

    def test_no_empty_frame_is_sent_if_something_else_was(self) -> None:
        world = World()
        client = self.connected(world, idle_time_out=UInt(1000))
        for channel in range(1, 4):
            client.begin(channel)
            assert client.connection.deadline is not None
            world.now = client.connection.deadline
            client.connection.handle_timer(world.now)
            world.turn()
        assert {frame.kind for frame in client.take()} == {"begin"}

    def test_empty_frames_of_the_client_are_welcome(self) -> None:
        """§9.7, 11."""
        client = self.connected(World())
        client.send(frame(None), frame(None))
        client.begin(1)
        client.only("begin")

    def test_an_idle_timeout_is_advertised_by_half(self) -> None:
        client = World(idle_timeout=10).client()
        client.open("c")
        assert client.only("open")["idle_time_out"] == 5000

    def test_a_silent_client_is_disconnected(self) -> None:
        world = World(idle_timeout=10)
        client = self.connected(world)
        deadline = client.connection.deadline
        while not client.output:
            assert deadline is not None
            assert deadline < world.now + 11
            world.now = deadline
            client.connection.handle_timer(deadline)
            world.turn()
            deadline = client.connection.deadline
        assert error_of(client.only("close"))["condition"] == "amqp:resource-limit-exceeded"

    def test_a_client_that_sends_heartbeats_is_not(self) -> None:
        world = World(idle_timeout=10)
        client = self.connected(world)
        for _ in range(10):
            world.now += 4
            client.send(frame(None))
            if client.connection.deadline is not None and client.connection.deadline <= world.now:
                client.connection.handle_timer(world.now)
        assert client.take() == []


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x00\x00\x07\x02\x00\x00\x00",
        b"\x00\x00\x00\x08\x01\x00\x00\x00",
        frame(Composite("attach", name="a", handle=UInt(0), role=True), channel=9),
        frame(Composite("transfer", handle=UInt(77), delivery_id=UInt(0))),
        b"\xff" * 8,
    ],
)
def test_a_client_that_breaks_the_protocol_is_told_so_and_hung_up_on(data: bytes) -> None:
    client = World().connect("c")
    client.send(data)
    assert error_of(client.take()[-1])["condition"]
    assert client.connection.finished


def test_output_is_asked_for_when_there_is_some() -> None:
    world = World()
    client, publisher = world.connect("c"), world.connect("p")
    client.subscribe("private:a")
    publisher.publish_to("a")
    before = client.woken
    publisher.publish()
    assert client.woken > before


def test_an_end_of_input_in_the_middle_of_sasl_is_an_end() -> None:
    client = World().client()
    client.send(SASL_HEADER[:5])
    client.drop()
    assert frames(client.output) == []


@pytest.mark.parametrize("second", ["a", "b"])
def test_a_connection_is_opened_once(second: str) -> None:
    world = World()
    client = world.connect("a")
    client.send(frame(Composite("open", container_id=second)))
    assert error_of(client.only("close"))["condition"] == "amqp:illegal-state"
    client.drop()
    for client_id in ("a", "b"):
        again = world.connect(client_id)
        again.subscribe("private:t")
        assert [found.kind for found in again.take()] == ["attach"]


@pytest.mark.parametrize("settled", [True, False])
def test_messages_to_a_refused_link_are_let_go(*, settled: bool) -> None:
    client = World().connect("a")
    client.publish_to("", handle=1)
    assert [found.kind for found in client.take()] == ["attach", "detach"]
    for _ in range(3):
        client.publish("x" * 1000, settled=settled)
        part = client.transfer(settled=settled, more=True)
        client.send(frame(part, b"x" * 100))
        client.send(frame(Composite("transfer", handle=UInt(1)), b"x" * 100))
    states = [found["state"] for found in client.take() if found.kind == "disposition"]
    assert len(states) == (0 if settled else 6)
    client.detach(1)
    client.publish_to("t", handle=1)
    client.publish()
    kinds = [found.kind for found in client.take()]
    assert "attach" in kinds
    assert "disposition" in kinds


def test_a_client_that_says_too_much_before_its_open_is_hung_up_on() -> None:
    client = World().client()
    client.log_in()
    client.send(AMQP_HEADER, (2**20).to_bytes(4, "big") + b"\x02\x00\x00\x00", bytes(60_000))
    assert not client.connection.finished
    client.send(bytes(6_000))
    assert client.connection.finished
    assert client.connection.deadline == client.world.now + 5


def test_a_wrong_password_is_logged_with_the_name_of_the_user(
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = World(users={"ann": "secret"}).client()
    client.log_in("PLAIN", b"\0ann\0hush")
    assert caplog.messages == ["test: refused: SASL 'PLAIN' failed for 'ann'"]


def test_what_may_be_a_password_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    client = World(users={"ann": "secret"}).client()
    client.log_in("PLAIN", b"hush")
    assert caplog.messages == ["test: refused: SASL 'PLAIN' failed"]


def last_line(caplog: pytest.LogCaptureFixture, client: Client) -> str:
    """The line about the end of the client, after that about its coming: there is no other."""
    client.drop()
    came, ended = [line for line in caplog.messages if line.startswith("c (test)")]
    assert came == "c (test): connected"
    return ended


def test_the_end_of_a_client_is_one_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    client = World().connect("c")
    client.send(frame(Composite("close")))
    assert last_line(caplog, client) == "c (test): closed by the client"


def test_a_takeover_is_one_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    world = World()
    former = world.connect("c")
    world.client().log_in()
    newer = world.clients[-1]
    newer.open("c")
    former.drop()
    lines = [line for line in caplog.messages if "connected" not in line.split(":")[1]]
    assert len(lines) == 1
    assert lines[0].startswith("c (test): closing: amqp:link:stolen")


def test_a_loss_is_one_line_of_the_log_with_the_reason(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    client = World().connect("c")
    client.send(b"\0\0\0\1nonsense")
    ended = last_line(caplog, client)
    assert ended == "c (test): lost: 'amqp:connection:framing-error': 'malformed frame'"


def test_a_client_that_leaves_without_a_word_is_lost(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    World().client().drop()
    assert caplog.messages == ["test: lost"]


def test_a_failure_of_tls_is_one_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    client = World().client()
    client.connection.turned_away("it was not meant to be")
    client.drop()
    assert caplog.messages == ["test: refused: the TLS handshake failed: it was not meant to be"]


def test_what_a_client_says_is_one_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    client = World().client()
    client.log_in("X\nforged \x1b[2J")
    assert r"refused: SASL 'X\nforged \x1b[2J' failed" in caplog.text


def test_a_client_that_does_not_open_in_time_is_hung_up_on() -> None:
    client = World().client()
    client.log_in()
    client.connection.handle_timer(client.world.now + 30)
    assert client.connection.finished
