"""What the page shows is what clients did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqlight.blocking import Client

if TYPE_CHECKING:
    from mqlight_devserver import DevServer

    from .page import Page

NOTHING = "\N{EN DASH}"


def test_an_idle_server(page: Page) -> None:
    assert page.rows("topics") == page.rows("messages") == [["Nothing has been published yet."]]
    assert page.rows("destinations") == [["No client has subscribed yet."]]
    assert page.rows("clients") == [["Nobody is connected."]]
    assert set(page.totals().values()) == {"0"}
    assert page.nodes() == {"senders": [], "topics": [], "destinations": [], "receivers": []}


def test_counts_are_those_of_the_clients(page: Page, served: DevServer) -> None:
    with (
        Client(served.url, "sender") as sender,
        Client(served.url, "one") as one,
        Client(served.url, "other") as other,
        one.subscribe("news/#") as everything,
        one.subscribe("news/today", "workers", qos=1, ttl=60_000) as first,
        other.subscribe("news/today", "workers", qos=1) as second,
    ):
        for number in range(6):
            sender.send("news/today", f"number {number}", qos=1)
        sender.send("news/old", b"\x00\xff", qos=1)
        for _ in range(7):
            everything.receive(20)
        shared = [first.receive(20).data for _ in range(3)], [second.receive(20) for _ in range(3)]
        assert [len(part) for part in shared] == [3, 3]

        page.wait_for_rows("topics", [["news/today", "6"], ["news/old", "1"]])
        page.wait_for_rows("clients", [["one"], ["other"], ["sender"]])
        page.until(lambda: page.rows("clients")[0][6] == "10")
        rows = [(row[0], row[5], row[6], row[7]) for row in page.rows("clients")]
        assert rows == [
            ("one", "0", "10", "2"),
            ("other", "0", "3", "1"),
            ("sender", "7", "0", "0"),
        ]
        page.wait_for_rows(
            "destinations",
            [
                ["news/#", "private to one", "1", "0", "0", "7", NOTHING],
                ["news/today", "workers", "2", "0", "2", "6"],
            ],
        )
        messages = [(row[1], row[3]) for row in page.rows("messages")]
        assert messages == [
            ("news/old", "binary: 00 ff"),
            *(("news/today", f"number {number}") for number in reversed(range(6))),
        ]
        totals = page.totals()
        assert (totals["Received"], totals["Delivered"], totals["Clients"]) == ("7", "13", "3")


def test_what_waits_and_how_long_it_stays(page: Page, served: DevServer) -> None:
    with Client(served.url, "reader") as reader, reader.subscribe("a", "s", ttl=3_600_000):
        page.wait_for_rows("destinations", [["a", "s", "1", "0", "0", "0", "1 h 0 min"]])
    with Client(served.url, "sender") as sender:
        for _ in range(1200):
            sender.send("a", "x")
    page.until(lambda: page.rows("destinations")[0][3].startswith("1,200 ("))
    assert page.rows("destinations")[0][6] == "deleted in 59 min"
    assert page.totals()["Waiting"] == "1,200"


def test_the_picture_joins_those_who_talk(page: Page, served: DevServer) -> None:
    with (
        Client(served.url, "reader") as reader,
        Client(served.url, "writer") as writer,
        reader.subscribe("a/+"),
        reader.subscribe("b"),
    ):
        writer.send("a/1", "x", qos=1)
        expected = {
            "senders": ["writer"],
            "topics": ["a/1"],
            "destinations": ["a/+", "b"],
            "receivers": ["reader"],
        }
        page.until(lambda: page.nodes() == expected)
        lines = 'return document.querySelectorAll("#flow svg g").length'
        lit = 'return document.querySelectorAll("#flow svg g.lit").length'
        page.until(lambda: page.run(lines) == 4)
        page.until(lambda: page.run(lit) == 0)
        writer.send("a/1", "x", qos=1)
        page.until(lambda: page.run(lit) == 3)
        page.until(lambda: page.run(lit) == 0)
        unseen = (
            'return [...document.querySelectorAll("#flow .unseen")].map((one) => one.innerText)'
        )
        assert page.run(unseen) == ["leads to a/1", "leads to a/+", *["leads to reader"] * 2, ""]


def test_lines_begin_and_end_at_what_they_join(page: Page, served: DevServer) -> None:
    with Client(served.url, "both") as both, both.subscribe("a"):
        both.send("a", "x", qos=1)
        page.until(lambda: all(page.nodes().values()))
        gaps = page.run(
            """
            const box = (name) => document.querySelector(`[data-column=${name}] .node`)
              .getBoundingClientRect();
            const frame = document.querySelector("#flow svg").getBoundingClientRect();
            const columns = ["senders", "topics", "destinations", "receivers"];
            return [...document.querySelectorAll("#flow svg .line")].map((path, place) => {
              const begin = path.getPointAtLength(0);
              const end = path.getPointAtLength(path.getTotalLength());
              return [begin.x + frame.left - box(columns[place]).right,
                      end.x + frame.left - box(columns[place + 1]).left];
            });
            """
        )
        assert len(gaps) == 3
        assert all(abs(gap) < 1 for pair in gaps for gap in pair)


def test_rates_rise_with_traffic_and_fall_to_nothing(page: Page, served: DevServer) -> None:
    with Client(served.url, "sender") as sender:
        for _ in range(200):
            sender.send("a", "x")
        page.until(lambda: page.rows("topics")[0][3:4] and page.rows("topics")[0][3].endswith("/s"))
    spark = 'return document.querySelector("#topics .spark .line").getAttribute("d")'
    page.until(lambda: page.run(spark).startswith("M"))
    page.until(lambda: page.rows("topics")[0][3] == NOTHING)


def test_thousands_of_topics_do_not_fill_the_page(page: Page, served: DevServer) -> None:
    with Client(served.url, "sender") as sender:
        for number in range(3000):
            sender.send(f"topic/{number:04}", "x")
        sender.send("topic/2999", "x", qos=1)
    page.until(lambda: page.totals()["Topics"] == "1,000+")
    note = 'return document.querySelector("#topics .note").textContent'
    page.until(lambda: page.run(note) == "100 of 1,000+")
    assert len(page.rows("topics")) == 100
    page.until(lambda: page.rows("topics")[0][:2] == ["topic/2999", "2"])
    assert len(page.nodes()["topics"]) == 10


def test_a_server_that_goes_and_comes_back(window: Page, served: DevServer) -> None:
    window.open(served.ui_url)
    with Client(served.url, "sender") as sender:
        sender.send("before", "x", qos=1)
    window.wait_for_rows("topics", [["before", "1"]])
    served.stop()
    window.wait_for_status("Connection lost, retrying")
    assert window.rows("topics")[0][0] == "before"
    served.start()
    window.until(lambda: window.status().startswith("Live"))
    window.wait_for_rows("topics", [["Nothing has been published yet."]])
    with Client(served.url, "sender") as sender:
        sender.send("after", "x", qos=1)
    window.wait_for_rows("topics", [["after", "1"]])


COUNT_QUESTIONS = """
const ask = window.fetch;
window.asked = 0;
window.fetch = (...what) => { window.asked += 1; return ask(...what); };
"""
LOOK_AGAIN = """
window.asked = 0;
document.dispatchEvent(new Event("visibilitychange"));
return window.asked;
"""
HIDE = (
    'Object.defineProperty(document, "hidden", { configurable: true, value: arguments[0] === 1 });'
)


def test_a_page_that_is_paused_asks_nothing(page: Page, served: DevServer) -> None:
    page.run(COUNT_QUESTIONS)
    page.run('document.getElementById("pause").click()')
    page.wait_for_status("Paused")
    with Client(served.url, "sender") as sender:
        sender.send("a", "x", qos=1)
    assert page.run(LOOK_AGAIN) == 0
    assert page.rows("topics") == [["Nothing has been published yet."]]
    page.run('document.getElementById("pause").click()')
    page.wait_for_rows("topics", [["a", "1"]])


def test_a_page_that_nobody_sees_asks_nothing(page: Page) -> None:
    page.run(COUNT_QUESTIONS)
    page.run(HIDE, 1)
    assert page.run(LOOK_AGAIN) == 0
    page.run(HIDE, 0)
    page.until(lambda: page.run(LOOK_AGAIN) == 1)
