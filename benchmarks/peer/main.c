/* A neutral AMQP 1.0 peer for measuring clients: plain sockets or TLS, no AMQP library, loopback only.

   It listens on a free port, says `listening PORT`, serves one connection as a sink, a source or an echo,
   prints one line of JSON with its counts and its CPU time, and ends.  It never outlives its time
   limit.  Exit code 0 when the client closed the connection, 1 when anything else ended it. */

#include "connection.h"
#include "stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    INPUT_SIZE = 256 * 1024,  /* the largest read, so that a frame of MAX_FRAME always fits */
    OUTPUT_SIZE = 256 * 1024, /* what the source lets wait for the socket */
    HEARTBEAT_MS = 1000,
};

static const char USAGE[] =
    "usage: peer sink [--credit N] [--disposition-each] [OPTIONS]\n"
    "       peer source --count N [--unique-sections] [OPTIONS]\n"
    "       peer echo [OPTIONS]\n"
    "options: --time-limit SECONDS, --certificate FILE --key FILE\n";

static volatile sig_atomic_t time_is_up;

static void on_alarm(int signal)
{
    (void)signal;
    time_is_up = 1;
}

static void fail(const char *what)
{
    fprintf(stderr, "peer: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int usage(void)
{
    fputs(USAGE, stderr);
    return 2;
}

/* Binds to a free port of the loopback interface and says which. */
static int listen_on_loopback(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 1) != 0 || getsockname(listener, (struct sockaddr *)&address, &size) != 0)
        fail("listen on 127.0.0.1");
    printf("listening %d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

static int accept_one(int listener)
{
    int on = 1, stream = accept(listener, NULL, NULL);

    if (stream < 0) {
        if (time_is_up)
            return -1;
        fail("accept");
    }
    close(listener);
    if (setsockopt(stream, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
        fail("prepare the connection");
    return stream;
}

/* Writes what the socket takes; false when the client has gone. */
static bool write_output(struct stream *stream, struct output *out)
{
    while (out->start < out->end) {
        ssize_t written = write_stream(stream, out->bytes + out->start, out->end - out->start);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return errno == EAGAIN;
        out->start += written;
    }
    out->start = out->end = 0;
    return true;
}

/* Serves the connection until it is over; returns why that is. */
static const char *serve(struct stream *stream, struct connection *connection)
{
    static uint8_t input[INPUT_SIZE];
    struct output *out = &connection->out;
    size_t held = 0; /* bytes of a frame that is not whole yet */

    while (!time_is_up) {
        struct pollfd poll_for = {.fd = stream->socket, .events = POLLIN};
        ssize_t size;
        long taken;
        int ready;

        send_messages(connection, OUTPUT_SIZE);
        if (!write_output(stream, out))
            return "client vanished";
        if (out->start < out->end)
            poll_for.events |= POLLOUT;
        else if (connection->closed)
            return "closed";
        if (holds_input(stream)) {
            poll_for.revents = POLLIN;
            ready = 1;
        } else {
            ready = poll(&poll_for, 1, HEARTBEAT_MS);
        }
        if (ready == 0 && connection->opened)
            put_empty_frame(out);
        if (ready <= 0 || !(poll_for.revents & ~POLLOUT))
            continue;
        size = read_stream(stream, input + held, sizeof input - held);
        if (size < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (size <= 0)
            return "client vanished";
        taken = receive(connection, input, held + size);
        if (taken < 0)
            return "protocol error";
        held += size - taken;
        memmove(input, input + taken, held);
    }
    return "time limit";
}

static double cpu_seconds(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
           (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"count", required_argument, NULL, 'n'},
        {"credit", required_argument, NULL, 'c'},
        {"unique-sections", no_argument, NULL, 'u'},
        {"disposition-each", no_argument, NULL, 'e'},
        {"time-limit", required_argument, NULL, 't'},
        {"certificate", required_argument, NULL, 'C'},
        {"key", required_argument, NULL, 'K'},
        {NULL, 0, NULL, 0},
    };
    static struct connection connection;
    struct behaviour behaviour = {.credit = 2000};
    struct sigaction alarm_action = {.sa_handler = on_alarm};
    const char *end = "time limit";
    unsigned time_limit = 120;
    const char *certificate = NULL, *key = NULL;
    struct stream stream = {0};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'n':
            behaviour.count = strtoull(optarg, NULL, 10);
            break;
        case 'c':
            behaviour.credit = strtoul(optarg, NULL, 10);
            break;
        case 'u':
            behaviour.unique_sections = true;
            break;
        case 'e':
            behaviour.disposition_each = true;
            break;
        case 't':
            time_limit = strtoul(optarg, NULL, 10);
            break;
        case 'C':
            certificate = optarg;
            break;
        case 'K':
            key = optarg;
            break;
        default:
            return usage();
        }
    }
    if (optind + 1 != argc || behaviour.credit == 0 || time_limit == 0 || !certificate != !key)
        return usage();
    if (strcmp(argv[optind], "source") == 0) {
        if (behaviour.count == 0)
            return usage();
    } else if (behaviour.count != 0) {
        return usage();
    } else if (strcmp(argv[optind], "echo") == 0) {
        behaviour.echo = true;
    } else if (strcmp(argv[optind], "sink") != 0) {
        return usage();
    }

    signal(SIGPIPE, SIG_IGN);
    sigaction(SIGALRM, &alarm_action, NULL); /* without SA_RESTART: accept and poll return */
    alarm(time_limit);
    connection.behaviour = &behaviour;
    stream.socket = accept_one(listen_on_loopback());
    if (stream.socket >= 0) {
        if (certificate != NULL && !start_tls(&stream, certificate, key))
            return 1;
        if (fcntl(stream.socket, F_SETFL, O_NONBLOCK) != 0)
            fail("prepare the connection");
        end = serve(&stream, &connection);
        end_tls(&stream);
    }
    printf("{\"end\": \"%s\", \"received\": %llu, \"sent\": %llu, \"settled\": %llu, "
           "\"tls\": \"%s\", \"cpu_s\": %.6f}\n",
           end, (unsigned long long)connection.received, (unsigned long long)connection.sent,
           (unsigned long long)connection.settled, describe_tls(&stream), cpu_seconds());
    return strcmp(end, "closed") == 0 ? 0 : 1;
}
