/* The server's side of one AMQP 1.0 connection that receives, sends, or sends back, without IO:
   bytes in through `receive`, bytes out through `connection.out`. */

#ifndef PEER_CONNECTION_H
#define PEER_CONNECTION_H

#include "codec.h"

enum { MOST_CHANNELS = 8, MOST_HANDLES = 64, MAX_FRAME = 64 * 1024 };

struct behaviour {
    uint64_t count;          /* source: how many messages to send */
    bool echo;               /* send a message for each one that comes */
    bool unique_sections;    /* source: each message has an id and a creation time of its own */
    uint32_t credit;         /* sink: what is granted, and topped up when half of it is used */
    bool disposition_each;   /* sink: settle with one frame per message, not one per read */
};

struct link {
    bool attached;
    bool sends;              /* we are its sender */
    bool settled;            /* as its sender: send settled (quality of service 0) */
    uint32_t credit;         /* as its receiver: what is left of what we granted */
    uint32_t delivery_count;
    uint32_t delivery_id;    /* as its receiver: of the delivery that is arriving */
    bool delivery_settled;
};

struct session {
    bool begun;
    uint32_t next_incoming_id, next_outgoing_id;
    uint32_t remote_window;  /* transfers that the client still takes */
    bool unsettled;          /* there is a range to settle: */
    uint32_t first, last;
    struct link link[MOST_HANDLES];
};

struct connection {
    const struct behaviour *behaviour;
    struct output out;
    bool header_read;        /* the protocol header of the layer that is up now */
    bool opened;
    bool closed;             /* the client has closed, and our close is in `out` */
    uint64_t received, sent, settled; /* messages */
    struct session session[MOST_CHANNELS];
};

/* Takes in the whole frames among `size` bytes; returns how many bytes those were, -1 when the
   client broke the protocol (what is wrong has gone to stderr). */
long receive(struct connection *connection, const uint8_t *bytes, size_t size);

/* Sends what credit, windows and `count` allow, until `out` holds about `most` bytes. */
void send_messages(struct connection *connection, size_t most);

#endif
