/* What happens on the links of a session: attaching, credit, transfers and their settlement.
   The functions that return a bool return false when the client broke the protocol. */

#ifndef PEER_LINKS_H
#define PEER_LINKS_H

#include "connection.h"

/* We never refuse a transfer for the session's sake: link credit is what limits a client. */
enum { SESSION_WINDOW = 0x7fffffff };

/* Says on stderr what is wrong; returns false. */
bool broken(const char *what);

bool on_attach(struct connection *connection, struct session *session, const struct frame *frame);
bool on_flow(struct connection *connection, struct session *session, const struct frame *frame);
bool on_transfer(struct connection *connection, struct session *session, const struct frame *frame);
void on_disposition(struct connection *connection, const struct frame *frame);
bool on_detach(struct connection *connection, struct session *session, const struct frame *frame);

/* Settles the deliveries of a session that have come since the last time, in one frame. */
void settle_range(struct connection *connection, uint16_t channel);

#endif
