/* A connected socket, with TLS over it or without. */

#ifndef PEER_STREAM_H
#define PEER_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct stream {
    int socket;
    void *tls;               /* of OpenSSL; NULL without TLS */
};

/* Does the handshake, with the server's certificate and key in these PEM files; the socket still
   blocks.  What goes wrong has gone to stderr. */
bool start_tls(struct stream *stream, const char *certificate, const char *key);

/* Tells the client of the end of TLS. */
void end_tls(struct stream *stream);

/* The agreed version and cipher. */
const char *describe_tls(const struct stream *stream);

/* As read(2), and as much as there is: TLS hands out one record at a time. */
ssize_t read_stream(struct stream *stream, void *bytes, size_t size);

/* As write(2). */
ssize_t write_stream(struct stream *stream, const void *bytes, size_t size);

/* Whether there is something to read that poll(2) does not know of. */
bool holds_input(const struct stream *stream);

#endif
