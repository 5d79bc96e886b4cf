#include "connection.h"

#include "links.h"

#include <stdio.h>
#include <string.h>

bool broken(const char *what)
{
    fprintf(stderr, "peer: %s\n", what);
    return false;
}

static struct session *session_of(struct connection *connection, const struct frame *frame)
{
    struct session *session = &connection->session[frame->channel % MOST_CHANNELS];

    return frame->channel < MOST_CHANNELS && session->begun ? session : NULL;
}

static void put_without_fields(struct connection *connection, uint16_t channel, uint8_t code)
{
    begin_frame(&connection->out, AMQP_FRAME, channel, code);
    end_fields(&connection->out);
    end_frame(&connection->out);
}

static bool on_sasl(struct connection *connection, const struct frame *frame)
{
    if (frame->code != SASL_INIT)
        return broken("expected sasl-init");
    begin_frame(&connection->out, SASL_FRAME, 0, SASL_OUTCOME);
    put_ubyte(&connection->out, 0);
    end_fields(&connection->out);
    end_frame(&connection->out);
    connection->header_read = false; /* AMQP's own header comes next */
    return true;
}

static void on_open(struct connection *connection)
{
    struct output *out = &connection->out;

    begin_frame(out, AMQP_FRAME, 0, OPEN);
    put_string(out, "neutral-peer");
    put_null(out);
    put_uint(out, MAX_FRAME);
    put_ushort(out, MOST_CHANNELS - 1);
    end_fields(out);
    end_frame(out);
    connection->opened = true;
}

static bool on_begin(struct connection *connection, const struct frame *frame)
{
    struct output *out = &connection->out;
    struct session *session;

    if (frame->channel >= MOST_CHANNELS)
        return broken("begin beyond channel-max");
    session = &connection->session[frame->channel];
    memset(session, 0, sizeof *session);
    session->begun = true;
    session->next_incoming_id = as_uint(frame->field[1]);
    session->remote_window = as_uint(frame->field[2]);
    begin_frame(out, AMQP_FRAME, frame->channel, BEGIN);
    put_ushort(out, frame->channel);
    put_uint(out, session->next_outgoing_id);
    put_uint(out, SESSION_WINDOW);
    put_uint(out, SESSION_WINDOW);
    put_uint(out, MOST_HANDLES - 1);
    end_fields(out);
    end_frame(out);
    return true;
}

static void settle_ranges(struct connection *connection)
{
    for (int channel = 0; channel < MOST_CHANNELS; channel++)
        settle_range(connection, channel);
}

static bool on_frame(struct connection *connection, const struct frame *frame)
{
    struct session *session;

    if (frame->code == 0)
        return true;
    if (frame->type == SASL_FRAME)
        return on_sasl(connection, frame);
    switch (frame->code) {
    case OPEN:
        on_open(connection);
        return true;
    case BEGIN:
        return on_begin(connection, frame);
    case CLOSE:
        settle_ranges(connection); /* nothing may follow our close */
        put_without_fields(connection, 0, CLOSE);
        connection->closed = true;
        return true;
    }
    session = session_of(connection, frame);
    if (session == NULL)
        return broken("frame on a channel without a session");
    switch (frame->code) {
    case ATTACH:
        return on_attach(connection, session, frame);
    case FLOW:
        return on_flow(connection, session, frame);
    case TRANSFER:
        return on_transfer(connection, session, frame);
    case DISPOSITION:
        on_disposition(connection, frame);
        return true;
    case DETACH:
        return on_detach(connection, session, frame);
    case END:
        settle_range(connection, frame->channel);
        session->begun = false;
        put_without_fields(connection, frame->channel, END);
        return true;
    default:
        return broken("unknown performative");
    }
}

/* Each layer, SASL (3) and AMQP (0), begins with a header of eight bytes (2.2, 5.3.2). */
static bool on_header(struct connection *connection, const uint8_t *header)
{
    struct output *out = &connection->out;

    if (memcmp(header, "AMQP", 4) != 0 || (header[4] != 0 && header[4] != 3))
        return broken("not an AMQP 1.0 header");
    put_bytes(out, header, 8);
    connection->header_read = true;
    if (header[4] == 3) {
        begin_frame(out, SASL_FRAME, 0, SASL_MECHANISMS);
        put_symbol(out, "ANONYMOUS");
        end_fields(out);
        end_frame(out);
    }
    return true;
}

long receive(struct connection *connection, const uint8_t *bytes, size_t size)
{
    size_t at = 0;
    struct frame frame;

    while (size - at >= 8 && !connection->closed) {
        uint32_t length = connection->header_read ? read_uint32(bytes + at) : 8;
        bool fine;

        if (length < FRAME_HEADER || length > MAX_FRAME) {
            broken("frame of an impossible size");
            return -1;
        }
        if (length > size - at)
            break;
        if (!connection->header_read)
            fine = on_header(connection, bytes + at);
        else if (decode_frame(bytes + at, length, &frame))
            fine = on_frame(connection, &frame);
        else
            fine = broken("frame that can not be decoded");
        if (!fine)
            return -1;
        at += length;
    }
    settle_ranges(connection);
    return at;
}
