#include "stream.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#ifdef PEER_TLS

#include <openssl/err.h>
#include <openssl/ssl.h>

bool start_tls(struct stream *stream, const char *certificate, const char *key)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    SSL *tls;

    if (context == NULL || SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 ||
        (tls = SSL_new(context)) == NULL || SSL_set_fd(tls, stream->socket) != 1 ||
        SSL_accept(tls) != 1) {
        ERR_print_errors_fp(stderr);
        return false;
    }
    SSL_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    stream->tls = tls;
    return true;
}

void end_tls(struct stream *stream)
{
    if (stream->tls != NULL)
        SSL_shutdown(stream->tls);
}

const char *describe_tls(const struct stream *stream)
{
    static char description[100];

    if (stream->tls == NULL)
        return "";
    snprintf(description, sizeof description, "%s %s", SSL_get_version(stream->tls),
             SSL_get_cipher_name(stream->tls));
    return description;
}

/* What a read or write that moved nothing would be without TLS. */
static ssize_t without_result(SSL *tls, int result)
{
    switch (SSL_get_error(tls, result)) {
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        errno = EAGAIN;
        return -1;
    default:
        ERR_print_errors_fp(stderr);
        errno = ECONNRESET;
        return -1;
    }
}

static ssize_t read_tls(SSL *tls, char *bytes, size_t size)
{
    size_t all = 0, some;

    while (all < size) {
        int result = SSL_read_ex(tls, bytes + all, size - all, &some);

        if (result != 1)
            return all > 0 ? (ssize_t)all : without_result(tls, result);
        all += some;
    }
    return all;
}

ssize_t read_stream(struct stream *stream, void *bytes, size_t size)
{
    if (stream->tls == NULL)
        return read(stream->socket, bytes, size);
    return read_tls(stream->tls, bytes, size);
}

ssize_t write_stream(struct stream *stream, const void *bytes, size_t size)
{
    size_t some;
    int result;

    if (stream->tls == NULL)
        return write(stream->socket, bytes, size);
    result = SSL_write_ex(stream->tls, bytes, size, &some);
    return result == 1 ? (ssize_t)some : without_result(stream->tls, result);
}

bool holds_input(const struct stream *stream)
{
    return stream->tls != NULL && SSL_has_pending(stream->tls);
}

#else

bool start_tls(struct stream *stream, const char *certificate, const char *key)
{
    (void)stream, (void)certificate, (void)key;
    fputs("peer: built without TLS\n", stderr);
    return false;
}

void end_tls(struct stream *stream)
{
    (void)stream;
}

const char *describe_tls(const struct stream *stream)
{
    (void)stream;
    return "";
}

ssize_t read_stream(struct stream *stream, void *bytes, size_t size)
{
    return read(stream->socket, bytes, size);
}

ssize_t write_stream(struct stream *stream, const void *bytes, size_t size)
{
    return write(stream->socket, bytes, size);
}

bool holds_input(const struct stream *stream)
{
    (void)stream;
    return false;
}

#endif
