/* The message that the source sends: what an MQ Light client makes of 100 bytes of text. */

#ifndef PEER_MESSAGE_H
#define PEER_MESSAGE_H

#include "codec.h"

/* Adds a message: header, properties {to, content-type}, amqp-value string.  `unique_sections` adds
   message-id `number` and a creation-time that goes with it. */
void put_text_message(struct output *out, bool unique_sections, uint32_t number);

#endif
