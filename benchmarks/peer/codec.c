#include "codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t NULL_VALUE[] = {0x40};

/* Where, after the start of a frame, its performative's list has its size and its first field:
   frame header, descriptor (00 53 code), list32 constructor, size, count. */
enum { LIST_SIZE_AT = FRAME_HEADER + 4, LIST_COUNT_AT = LIST_SIZE_AT + 4 };

uint32_t read_uint32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void write_uint32(uint8_t *at, uint32_t value)
{
    at[0] = value >> 24;
    at[1] = value >> 16;
    at[2] = value >> 8;
    at[3] = value;
}

/* Where the value at `at` ends; NULL when it is no value or does not end before `end`.
   The upper half of a constructor byte tells the width (AMQP 1.0, figure 1.3). */
static const uint8_t *skip_value(const uint8_t *at, const uint8_t *end)
{
    size_t left = end - at, size;

    if (left == 0)
        return NULL;
    switch (at[0] >> 4) {
    case 0x0: /* a described value: descriptor, then value */
        at = skip_value(at + 1, end);
        return at == NULL ? NULL : skip_value(at, end);
    case 0x4:
        size = 1;
        break;
    case 0x5:
        size = 2;
        break;
    case 0x6:
        size = 3;
        break;
    case 0x7:
        size = 5;
        break;
    case 0x8:
        size = 9;
        break;
    case 0x9:
        size = 17;
        break;
    case 0xa:
    case 0xc:
    case 0xe:
        size = left < 2 ? 2 : 2 + (size_t)at[1];
        break;
    case 0xb:
    case 0xd:
    case 0xf:
        size = left < 5 ? 5 : 5 + (size_t)read_uint32(at + 1);
        break;
    default:
        return NULL;
    }
    return size <= left ? at + size : NULL;
}

bool decode_frame(const uint8_t *bytes, size_t size, struct frame *frame)
{
    const uint8_t *at = bytes + 4 * (size_t)bytes[4], *end = bytes + size;
    uint32_t count;

    frame->type = bytes[5];
    frame->channel = bytes[6] << 8 | bytes[7];
    frame->code = 0;
    if (bytes[4] < 2 || at > end)
        return false;
    if (at == end)
        return true;
    if (*at != 0x00 || skip_value(at, end) == NULL)
        return false;
    frame->code = as_uint(at + 1);
    at = skip_value(at + 1, end);
    if (*at == 0x45) {
        count = 0;
    } else if (*at == 0xc0 && at[1] >= 1) {
        count = at[2];
        at += 3;
    } else if (*at == 0xd0 && read_uint32(at + 1) >= 4) {
        count = read_uint32(at + 5);
        at += 9;
    } else {
        return false;
    }
    if (count > MOST_FIELDS)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        frame->field[i] = at;
        at = skip_value(at, end);
        if (at == NULL)
            return false;
        frame->end_of_field[i] = at;
    }
    for (uint32_t i = count; i < MOST_FIELDS; i++) {
        frame->field[i] = NULL_VALUE;
        frame->end_of_field[i] = NULL_VALUE + 1;
    }
    return true;
}

bool is_null(const uint8_t *value)
{
    return *value == 0x40;
}

bool as_bool(const uint8_t *value)
{
    return *value == 0x41 || (*value == 0x56 && value[1] != 0);
}

uint64_t as_uint(const uint8_t *value)
{
    switch (*value) {
    case 0x50: /* ubyte */
    case 0x52: /* smalluint */
    case 0x53: /* smallulong */
        return value[1];
    case 0x60: /* ushort */
        return value[1] << 8 | value[2];
    case 0x70: /* uint */
        return read_uint32(value + 1);
    case 0x80: /* ulong */
        return (uint64_t)read_uint32(value + 1) << 32 | read_uint32(value + 5);
    default: /* uint0, ulong0, null */
        return 0;
    }
}

/* Makes room for `size` more bytes. */
static void reserve(struct output *out, size_t size)
{
    if (out->end + size <= out->capacity)
        return;
    while (out->end + size > out->capacity)
        out->capacity = out->capacity ? out->capacity * 2 : 64 * 1024;
    out->bytes = realloc(out->bytes, out->capacity);
    if (out->bytes == NULL) {
        perror("peer: memory for output");
        exit(1);
    }
}

void put_bytes(struct output *out, const void *bytes, size_t size)
{
    reserve(out, size);
    memcpy(out->bytes + out->end, bytes, size);
    out->end += size;
}

void begin_frame(struct output *out, enum frame_type type, uint16_t channel, uint8_t code)
{
    const uint8_t head[LIST_COUNT_AT + 4] = {
        [4] = 2,    [5] = type, [6] = channel >> 8, [7] = channel,
        [8] = 0x00, [9] = 0x53, [10] = code,        [11] = 0xd0,
    };

    out->frame = out->end;
    out->fields = 0;
    put_bytes(out, head, sizeof head);
}

void put_null(struct output *out)
{
    put_bytes(out, NULL_VALUE, 1);
    out->fields++;
}

void put_bool(struct output *out, bool value)
{
    put_bytes(out, value ? "\x41" : "\x42", 1);
    out->fields++;
}

void put_ubyte(struct output *out, uint8_t value)
{
    put_bytes(out, (uint8_t[]){0x50, value}, 2);
    out->fields++;
}

void put_ushort(struct output *out, uint16_t value)
{
    put_bytes(out, (uint8_t[]){0x60, value >> 8, value}, 3);
    out->fields++;
}

void put_uint(struct output *out, uint32_t value)
{
    uint8_t encoded[5] = {0x70};

    write_uint32(encoded + 1, value);
    put_bytes(out, encoded, sizeof encoded);
    out->fields++;
}

static void put_short_text(struct output *out, uint8_t constructor, const void *bytes, uint8_t size)
{
    put_bytes(out, (uint8_t[]){constructor, size}, 2);
    put_bytes(out, bytes, size);
    out->fields++;
}

void put_string(struct output *out, const char *text)
{
    put_short_text(out, 0xa1, text, strlen(text));
}

void put_symbol(struct output *out, const char *text)
{
    put_short_text(out, 0xa3, text, strlen(text));
}

void put_binary(struct output *out, const void *bytes, uint8_t size)
{
    put_short_text(out, 0xa0, bytes, size);
}

void put_encoded(struct output *out, const uint8_t *from, const uint8_t *to)
{
    put_bytes(out, from, to - from);
    out->fields++;
}

void end_fields(struct output *out)
{
    uint8_t *frame = out->bytes + out->frame;

    write_uint32(frame + LIST_SIZE_AT, out->end - out->frame - LIST_COUNT_AT);
    write_uint32(frame + LIST_COUNT_AT, out->fields);
}

void end_frame(struct output *out)
{
    write_uint32(out->bytes + out->frame, out->end - out->frame);
}

void put_empty_frame(struct output *out)
{
    put_bytes(out, (uint8_t[FRAME_HEADER]){[3] = FRAME_HEADER, [4] = 2}, FRAME_HEADER);
}
