/*
 * Any one structure of the wire, read by the lists of esl_protocol.h: fields within their rules, rows, items, text.
 *
 * In: octets, their count, where they stand. Out: lines PATH=VALUE in `said`, or where what was refused stands, and why.
 * Part of decoder.c: everything is static.
 */
#ifndef STRUCTURES_H
#define STRUCTURES_H

#include <stdio.h>
#include <string.h>

#include "esl_protocol.h"

#define OCTETS_MAX 70000u
#define PATH_MAX_OCTETS 160u

struct member {
    const char *name;
    unsigned value;
};

struct field {
    const char *name;
    enum esl_kind kind;
    size_t offset, octets;
    uint64_t at_least, at_most, multiple_of;
    const struct member *members;
};

struct structure;

struct tail {
    const char *name;
    enum esl_kind kind;
    size_t at_least, at_most;
    const struct structure *row;
};

struct structure {
    const char *name;
    unsigned code, mask;
    size_t octets;
    const struct field *fields;
    const struct tail *tail;
};

/* The tables, out of the header's lists. */

#define AS_MEMBER(constant, word) {word, constant},
#define MEMBERS(PREFIX) static const struct member PREFIX##_members[] = {PREFIX##_MEMBERS(AS_MEMBER){NULL, 0}};
MEMBERS(ESL_ANY)
ESL_ENUMERATIONS(MEMBERS)

static const struct structure ESL_NO_ROW_structure = {NULL, 0, 0, 0, NULL, NULL};

#define AS_FIELD(name, kind, offset, octets, at_least, at_most, multiple_of, members) \
    {#name, kind, offset, octets, at_least, at_most, multiple_of, members##_members},
#define AS_TAIL(name, kind, at_least, at_most, row) {#name, kind, at_least, at_most, &row##_structure},
#define TABLES(PREFIX, word) \
    static const struct field PREFIX##_fields[] = { \
        PREFIX##_FIELDS(AS_FIELD){NULL, ESL_KIND_OCTETS, 0, 0, 0, 0, 1, NULL}}; \
    static const struct tail PREFIX##_tail[] = {PREFIX##_TAIL(AS_TAIL){NULL, ESL_KIND_OCTETS, 0, 0, NULL}};
#define ALONE(PREFIX, word) \
    TABLES(PREFIX, word) \
    static const struct structure PREFIX##_structure = {word, 0, 0, PREFIX##_OCTETS, PREFIX##_fields, PREFIX##_tail};
#define AS_ROW(PREFIX, word) {word, PREFIX##_CODE, PREFIX##_MASK, PREFIX##_OCTETS, PREFIX##_fields, PREFIX##_tail},
#define GROUP(table, LIST) \
    LIST(TABLES) \
    static const struct structure table[] = {LIST(AS_ROW){NULL, 0, 0, 0, NULL, NULL}};

ESL_ROWS(ALONE)
ALONE(ESL_MANIFEST, "Manifest")
ALONE(ESL_REPORT, "Report")
ALONE(ESL_JOIN_REQUEST, "JoinRequest")
ALONE(ESL_JOIN_ANSWER, "JoinAnswer")
ALONE(ESL_SERIAL_HEAD, "SerialHead")
GROUP(commands, ESL_COMMANDS)
GROUP(responses, ESL_RESPONSES)
GROUP(frames, ESL_FRAMES)
GROUP(items_up, ESL_ITEMS_UP)
GROUP(items_down, ESL_ITEMS_DOWN)
GROUP(messages_up, ESL_LINK_MESSAGES_UP)
GROUP(messages_down, ESL_LINK_MESSAGES_DOWN)

/* What was read is kept until it is known that nothing of it is refused. */

static char said[4000000];
static size_t said_octets;
static size_t refused_at;
static const char *refused_rule; /* NULL: nothing was refused */

static int refuse(size_t offset, const char *rule)
{
    refused_at = offset;
    refused_rule = rule;
    return 0;
}

static void say_octet(char octet)
{
    if (said_octets + 1 < sizeof said) {
        said[said_octets++] = octet;
    }
}

static void say(const char *text)
{
    while (*text) {
        say_octet(*text++);
    }
}

static void say_number(uint64_t number)
{
    char digits[21];
    size_t place = sizeof digits - 1;
    digits[place] = '\0';
    do {
        digits[--place] = (char)('0' + (int)(number % 10));
        number /= 10;
    } while (number);
    say(digits + place);
}

static void say_hex(const uint8_t *octets, size_t count)
{
    static const char signs[] = "0123456789ABCDEF";
    size_t place;
    for (place = 0; place < count; place++) {
        say_octet(signs[octets[place] >> 4]);
        say_octet(signs[octets[place] & 15]);
    }
}

struct path {
    char text[PATH_MAX_OCTETS];
};

static struct path below(const struct path *above, const char *name)
{
    struct path made = *above;
    size_t used = strlen(made.text);
    if (used + strlen(name) + 2 < sizeof made.text) {
        if (used) {
            made.text[used++] = '.';
        }
        strcpy(made.text + used, name);
    }
    return made;
}

static struct path at_place(const struct path *above, size_t place)
{
    char digits[24];
    sprintf(digits, "%lu", (unsigned long)place);
    return below(above, digits);
}

static void name_field(const struct path *above, const char *name)
{
    struct path path = below(above, name);
    say(path.text);
    say_octet('=');
}

static void say_kind(const struct path *above, const char *kind)
{
    name_field(above, "kind");
    say(kind);
    say_octet('\n');
}

/* Fields. */

static const char *member_name(const struct member *members, uint64_t value)
{
    for (; members->name; members++) {
        if (members->value == value) {
            return members->name;
        }
    }
    return NULL;
}

static int is_utf8(const uint8_t *octets, size_t count)
{
    size_t place = 0;
    while (place < count) {
        uint32_t sign = octets[place++];
        uint32_t least = sign < 0x80 ? 0 : sign < 0xE0 ? 0x80 : sign < 0xF0 ? 0x800 : 0x10000;
        int more = sign < 0x80 ? 0 : sign < 0xC0 ? -1 : sign < 0xE0 ? 1 : sign < 0xF0 ? 2 : sign < 0xF8 ? 3 : -1;
        if (more < 0) {
            return 0;
        }
        sign &= more == 0 ? 0x7F : more == 1 ? 0x1F : more == 2 ? 0x0F : 0x07;
        for (; more > 0; more--) {
            if (place >= count || (octets[place] & 0xC0) != 0x80) {
                return 0;
            }
            sign = sign << 6 | (octets[place++] & 0x3Fu);
        }
        if (sign < least || sign > 0x10FFFF || (sign >= 0xD800 && sign <= 0xDFFF)) {
            return 0;
        }
    }
    return 1;
}

static int read_field(const struct field *field, const uint8_t *octets, size_t offset, const struct path *path)
{
    uint8_t turned[8];
    uint64_t number;
    const char *word;
    size_t place;
    name_field(path, field->name);
    switch (field->kind) {
    case ESL_KIND_UNSIGNED:
        number = esl_get(octets, field->octets);
        word = member_name(field->members, number);
        if (number < field->at_least || number > field->at_most || number % field->multiple_of ||
            (field->members->name && !word)) {
            return refuse(offset, "out of its bounds");
        }
        if (word) {
            say(word);
        } else {
            say_number(number);
        }
        break;
    case ESL_KIND_SIGNED:
        if (esl_get_i8(octets[0]) < 0) {
            say_octet('-');
        }
        say_number((uint64_t)(esl_get_i8(octets[0]) < 0 ? -esl_get_i8(octets[0]) : esl_get_i8(octets[0])));
        break;
    case ESL_KIND_TAG_ID_REVERSED:
        for (place = 0; place < sizeof turned; place++) {
            turned[place] = octets[sizeof turned - 1 - place];
        }
        say_hex(turned, sizeof turned);
        break;
    default:
        say_hex(octets, field->octets);
        break;
    }
    say_octet('\n');
    return 1;
}

static int read_structure(
    const struct structure *structure, const struct structure *items, const uint8_t *octets, size_t count,
    size_t offset, const struct path *path);

static int read_rows(const struct tail *tail, const uint8_t *octets, size_t count, size_t offset, const struct path *path)
{
    struct path table = below(path, tail->name);
    size_t place;
    if (count % tail->row->octets || count > tail->at_most) {
        return refuse(offset, "no whole rows, or too many");
    }
    for (place = 0; place < count / tail->row->octets; place++) {
        struct path row = at_place(&table, place);
        size_t start = place * tail->row->octets;
        say_kind(&row, tail->row->name);
        if (!read_structure(tail->row, NULL, octets + start, tail->row->octets, offset + start, &row)) {
            return 0;
        }
    }
    return 1;
}

static const struct structure *with_code(const struct structure *table, unsigned code)
{
    const struct structure *row;
    for (row = table; row->name; row++) {
        if (row->mask == 0xFF && row->code == code) {
            return row;
        }
    }
    for (row = table; row->name; row++) {
        if ((code & row->mask) == row->code) {
            return row;
        }
    }
    return NULL;
}

static int read_items(const struct structure *table, const uint8_t *octets, size_t count, size_t offset, const struct path *path)
{
    struct path items = below(path, "items");
    size_t start = 0, place = 0;
    while (start < count) {
        const struct esl_item_head *head = (const struct esl_item_head *)(octets + start);
        const struct structure *row = with_code(table, head->kind);
        struct path item = at_place(&items, place++);
        size_t body = start + ESL_ITEM_HEAD_OCTETS;
        if (!row) {
            return refuse(offset + start, "no kind of item");
        }
        if (body > count || head->length > count - body) {
            return refuse(offset + start, "the item ends the frame");
        }
        say_kind(&item, row->name);
        if (!read_structure(row, NULL, octets + body, head->length, offset + body, &item)) {
            return 0;
        }
        start = body + head->length;
    }
    return 1;
}

static int read_tail(
    const struct tail *tail, const struct structure *items, const uint8_t *octets, size_t count, size_t offset,
    const struct path *path)
{
    size_t place;
    if (tail->kind == ESL_KIND_ITEMS) {
        return read_items(items, octets, count, offset, path);
    }
    if (tail->kind == ESL_KIND_ROWS) {
        return read_rows(tail, octets, count, offset, path);
    }
    if (count < tail->at_least || count > tail->at_most) {
        return refuse(offset, "too short or too long");
    }
    name_field(path, tail->name);
    if (tail->kind == ESL_KIND_TEXT) {
        if (!is_utf8(octets, count)) {
            return refuse(offset, "no UTF-8");
        }
        for (place = 0; place < count; place++) {
            if (octets[place] < ' ' || octets[place] == '\\') {
                say_octet('\\');
                say_hex(octets + place, 1);
            } else {
                say_octet((char)octets[place]);
            }
        }
    } else {
        say_hex(octets, count);
    }
    say_octet('\n');
    return 1;
}

static int read_structure(
    const struct structure *structure, const struct structure *items, const uint8_t *octets, size_t count,
    size_t offset, const struct path *path)
{
    const struct field *field;
    const struct tail *tail = structure->tail->name ? structure->tail : NULL;
    if (count < structure->octets || (!tail && count != structure->octets)) {
        return refuse(offset, "too short or too long");
    }
    for (field = structure->fields; field->name; field++) {
        if (!read_field(field, octets + field->offset, offset + field->offset, path)) {
            return 0;
        }
    }
    return !tail ||
        read_tail(tail, items, octets + structure->octets, count - structure->octets, offset + structure->octets, path);
}

#endif
