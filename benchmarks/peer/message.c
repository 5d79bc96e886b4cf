#include "message.h"

#include <string.h>

#define TO "amqp:///perf"
#define CONTENT_TYPE "text/plain"

enum { BODY_SIZE = 100 };

/* 2026-01-01 in ms since 1970; messages count on from there. */
static const uint64_t FIRST_CREATION_TIME = 1767225600000;

static const uint8_t EMPTY_HEADER[] = {0x00, 0x53, 0x70, 0x45};

static uint8_t *add(uint8_t *at, const void *bytes, size_t size)
{
    memcpy(at, bytes, size);
    return at + size;
}

static uint8_t *add_short(uint8_t *at, uint8_t constructor, const char *text)
{
    *at++ = constructor;
    *at++ = strlen(text);
    return add(at, text, strlen(text));
}

static uint8_t *add_8_bytes(uint8_t *at, uint8_t constructor, uint64_t value)
{
    *at++ = constructor;
    for (int shift = 56; shift >= 0; shift -= 8)
        *at++ = value >> shift;
    return at;
}

static uint8_t *add_nulls(uint8_t *at, int count)
{
    memset(at, 0x40, count);
    return at + count;
}

/* Fields of properties in order: message-id, user-id, to, subject, reply-to, correlation-id,
   content-type, content-encoding, absolute-expiry-time, creation-time (AMQP 1.0, 3.2.4). */
static uint8_t *add_properties(uint8_t *at, bool unique, uint32_t number)
{
    uint8_t *size;

    at = add(at, "\x00\x53\x73\xc0", 4);
    size = at++;
    *at++ = unique ? 10 : 7;
    at = unique ? add_8_bytes(at, 0x80, number) : add_nulls(at, 1);
    at = add_nulls(at, 1);
    at = add_short(at, 0xa1, TO);
    at = add_nulls(at, 3);
    at = add_short(at, 0xa3, CONTENT_TYPE);
    if (unique)
        at = add_8_bytes(add_nulls(at, 2), 0x83, FIRST_CREATION_TIME + number);
    *size = at - size - 1;
    return at;
}

void put_text_message(struct output *out, bool unique_sections, uint32_t number)
{
    static uint8_t message[256];
    static size_t size;

    if (size == 0 || unique_sections) {
        uint8_t *at = add(message, EMPTY_HEADER, sizeof EMPTY_HEADER);

        at = add_properties(at, unique_sections, number);
        at = add(at, "\x00\x53\x77\xa1", 4);
        *at++ = BODY_SIZE;
        memset(at, 'x', BODY_SIZE);
        size = at + BODY_SIZE - message;
    }
    put_bytes(out, message, size);
}
