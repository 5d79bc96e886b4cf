/* AMQP 1.0 values and frames, as much of them as the peer needs (AMQP 1.0, parts 1 and 2.3). */

#ifndef PEER_CODEC_H
#define PEER_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum frame_type { AMQP_FRAME = 0, SASL_FRAME = 1 };

enum performative_code {
    OPEN = 0x10,
    BEGIN = 0x11,
    ATTACH = 0x12,
    FLOW = 0x13,
    TRANSFER = 0x14,
    DISPOSITION = 0x15,
    DETACH = 0x16,
    END = 0x17,
    CLOSE = 0x18,
    SASL_MECHANISMS = 0x40,
    SASL_INIT = 0x41,
    SASL_OUTCOME = 0x44,
};

enum { MOST_FIELDS = 16, FRAME_HEADER = 8 };

/* A frame taken apart.  Fields point at their encoded values; those left out point at a null. */
struct frame {
    enum frame_type type;
    uint16_t channel;
    uint64_t code; /* 0 for an empty frame, which is a heartbeat */
    const uint8_t *field[MOST_FIELDS];
    const uint8_t *end_of_field[MOST_FIELDS];
};

uint32_t read_uint32(const uint8_t *at);

/* Takes apart the `size` bytes of one whole frame; false when it is not AMQP. */
bool decode_frame(const uint8_t *bytes, size_t size, struct frame *frame);

bool is_null(const uint8_t *value);
bool as_bool(const uint8_t *value);
uint64_t as_uint(const uint8_t *value); /* 0 for a null */

/* Bytes that wait to be written to the socket: those from `start` to `end`. */
struct output {
    uint8_t *bytes;
    size_t capacity, start, end;
    size_t frame;    /* where the frame that is being built begins */
    uint32_t fields; /* how many fields it has so far */
};

void put_bytes(struct output *out, const void *bytes, size_t size);

/* A frame is: begin_frame, its fields in order, end_fields, a payload if any, end_frame. */
void begin_frame(struct output *out, enum frame_type type, uint16_t channel, uint8_t code);
void put_null(struct output *out);
void put_bool(struct output *out, bool value);
void put_ubyte(struct output *out, uint8_t value);
void put_ushort(struct output *out, uint16_t value);
void put_uint(struct output *out, uint32_t value);
void put_string(struct output *out, const char *text);
void put_symbol(struct output *out, const char *text);
void put_binary(struct output *out, const void *bytes, uint8_t size);
void put_encoded(struct output *out, const uint8_t *from, const uint8_t *to);
void end_fields(struct output *out);
void end_frame(struct output *out);

/* A frame that only keeps the connection from being taken for dead. */
void put_empty_frame(struct output *out);

#endif
