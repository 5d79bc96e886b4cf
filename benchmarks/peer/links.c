#include "links.h"

#include "message.h"

#include <string.h>

static const uint8_t ACCEPTED[] = {0x00, 0x53, 0x24, 0x45};

static struct link *link_of(struct session *session, const uint8_t *handle)
{
    uint64_t number = as_uint(handle);

    return number < MOST_HANDLES && session->link[number].attached ? &session->link[number] : NULL;
}

static void put_flow(struct connection *connection, uint16_t channel, const struct link *link)
{
    struct output *out = &connection->out;
    struct session *session = &connection->session[channel];

    begin_frame(out, AMQP_FRAME, channel, FLOW);
    put_uint(out, session->next_incoming_id);
    put_uint(out, SESSION_WINDOW);
    put_uint(out, session->next_outgoing_id);
    put_uint(out, SESSION_WINDOW);
    if (link != NULL) {
        put_uint(out, link - session->link);
        put_uint(out, link->delivery_count);
        put_uint(out, link->credit);
    }
    end_fields(out);
    end_frame(out);
}

static void put_disposition(struct connection *connection, uint16_t channel, bool as_receiver,
                            uint32_t first, uint32_t last)
{
    struct output *out = &connection->out;

    begin_frame(out, AMQP_FRAME, channel, DISPOSITION);
    put_bool(out, as_receiver);
    put_uint(out, first);
    put_uint(out, last);
    put_bool(out, true);
    put_encoded(out, ACCEPTED, ACCEPTED + sizeof ACCEPTED);
    end_fields(out);
    end_frame(out);
}

void settle_range(struct connection *connection, uint16_t channel)
{
    struct session *session = &connection->session[channel];

    if (!session->unsettled)
        return;
    put_disposition(connection, channel, true, session->first, session->last);
    connection->settled += session->last - session->first + 1;
    session->unsettled = false;
}

static void settle(struct connection *connection, uint16_t channel, uint32_t id)
{
    struct session *session = &connection->session[channel];

    if (session->unsettled && id != session->last + 1)
        settle_range(connection, channel);
    if (!session->unsettled)
        session->first = id;
    session->unsettled = true;
    session->last = id;
    if (connection->behaviour->disposition_each)
        settle_range(connection, channel);
}

/* The client's settle mode decides the quality of service; everything it asks for is granted. */
bool on_attach(struct connection *connection, struct session *session, const struct frame *frame)
{
    struct output *out = &connection->out;
    uint64_t handle = as_uint(frame->field[1]);
    struct link *link;

    if (handle >= MOST_HANDLES)
        return broken("attach beyond handle-max");
    link = &session->link[handle];
    memset(link, 0, sizeof *link);
    link->attached = true;
    link->sends = as_bool(frame->field[2]);
    link->settled = as_uint(frame->field[3]) == 1;
    begin_frame(out, AMQP_FRAME, frame->channel, ATTACH);
    put_encoded(out, frame->field[0], frame->end_of_field[0]);
    put_uint(out, handle);
    put_bool(out, !link->sends);
    for (int i = 3; i <= 6; i++) /* settle modes, source, target: as asked */
        put_encoded(out, frame->field[i], frame->end_of_field[i]);
    put_null(out); /* unsettled */
    put_null(out); /* incomplete-unsettled */
    if (link->sends)
        put_uint(out, link->delivery_count);
    end_fields(out);
    end_frame(out);
    if (!link->sends) {
        link->delivery_count = as_uint(frame->field[9]);
        link->credit = connection->behaviour->credit;
        put_flow(connection, frame->channel, link);
    }
    return true;
}

/* What is left of `granted`, which counts from the serial number `from` (RFC 1982), at `now`. */
static uint32_t left_of(uint32_t granted, uint32_t from, uint32_t now)
{
    uint32_t used = now - from;

    return granted > used ? granted - used : 0;
}

/* Windows and credit count from the other side's counters, as it knew them (2.5.6, 2.6.7). */
bool on_flow(struct connection *connection, struct session *session, const struct frame *frame)
{
    uint32_t next = as_uint(frame->field[0]), window = as_uint(frame->field[1]);
    struct link *link = NULL;

    session->remote_window = left_of(window, next, session->next_outgoing_id);
    if (!is_null(frame->field[4])) {
        link = link_of(session, frame->field[4]);
        if (link == NULL)
            return broken("flow for a link that is not attached");
    }
    if (link != NULL && link->sends) {
        uint32_t count = as_uint(frame->field[5]), credit = as_uint(frame->field[6]);

        link->credit = left_of(credit, count, link->delivery_count);
        if (as_bool(frame->field[8])) {
            send_messages(connection, SIZE_MAX);
            link->delivery_count += link->credit;
            link->credit = 0;
            put_flow(connection, frame->channel, link);
            return true;
        }
    }
    if (as_bool(frame->field[9]))
        put_flow(connection, frame->channel, link);
    return true;
}

/* A delivery may come in several transfers, of which only the first names it (2.7.5). */
bool on_transfer(struct connection *connection, struct session *session, const struct frame *frame)
{
    struct link *link = link_of(session, frame->field[0]);

    session->next_incoming_id++;
    if (link == NULL || link->sends)
        return broken("transfer on a link that does not receive");
    if (!is_null(frame->field[1]))
        link->delivery_id = as_uint(frame->field[1]);
    link->delivery_settled |= as_bool(frame->field[4]);
    if (as_bool(frame->field[5]))
        return true;
    if (link->credit == 0)
        return broken("transfer beyond credit");
    connection->received++;
    link->delivery_count++;
    link->credit--;
    if (!link->delivery_settled)
        settle(connection, frame->channel, link->delivery_id);
    link->delivery_settled = false;
    if (link->credit <= connection->behaviour->credit / 2) {
        link->credit = connection->behaviour->credit;
        put_flow(connection, frame->channel, link);
    }
    return true;
}

void on_disposition(struct connection *connection, const struct frame *frame)
{
    uint32_t first = as_uint(frame->field[1]);
    uint32_t last = is_null(frame->field[2]) ? first : as_uint(frame->field[2]);

    if (!as_bool(frame->field[0]))
        return;
    connection->settled += last - first + 1;
    if (!as_bool(frame->field[3]))
        put_disposition(connection, frame->channel, false, first, last);
}

bool on_detach(struct connection *connection, struct session *session, const struct frame *frame)
{
    struct output *out = &connection->out;
    struct link *link = link_of(session, frame->field[0]);

    if (link == NULL)
        return broken("detach of a link that is not attached");
    link->attached = false;
    begin_frame(out, AMQP_FRAME, frame->channel, DETACH);
    put_encoded(out, frame->field[0], frame->end_of_field[0]);
    put_bool(out, as_bool(frame->field[1]));
    end_fields(out);
    end_frame(out);
    return true;
}

static void put_message(struct connection *connection, uint16_t channel, struct link *link)
{
    struct output *out = &connection->out;
    struct session *session = &connection->session[channel];
    uint32_t id = session->next_outgoing_id;

    begin_frame(out, AMQP_FRAME, channel, TRANSFER);
    put_uint(out, link - session->link);
    put_uint(out, id);
    put_binary(out, &id, sizeof id);
    put_uint(out, 0); /* message-format */
    put_bool(out, link->settled);
    end_fields(out);
    put_text_message(out, connection->behaviour->unique_sections, id);
    end_frame(out);
    session->next_outgoing_id++;
    session->remote_window--;
    link->delivery_count++;
    link->credit--;
    connection->sent++;
}

void send_messages(struct connection *connection, size_t most)
{
    struct output *out = &connection->out;

    uint64_t count =
        connection->behaviour->echo ? connection->received : connection->behaviour->count;

    if (connection->closed)
        return;
    for (int channel = 0; channel < MOST_CHANNELS; channel++) {
        struct session *session = &connection->session[channel];

        if (!session->begun)
            continue;
        for (struct link *link = session->link; link < session->link + MOST_HANDLES; link++) {
            while (link->attached && link->sends && link->credit > 0 &&
                   session->remote_window > 0 && out->end - out->start < most &&
                   connection->sent < count)
                put_message(connection, channel, link);
        }
    }
}
