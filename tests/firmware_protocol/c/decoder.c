/*
 * A reader of the whole wire in C99, against esl_protocol.h alone: the proof that the header suffices.
 *
 * In: lines "KIND HEX" (kinds: the table at the end). Out: for each, "ok" or "refused OFFSET RULE", then for "ok" a
 * line PATH=VALUE for each field, then an empty line. Rule: nothing is allocated, nothing is read that was not counted.
 */
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

/* Whole kinds. */

static const struct path top = {""};

static int read_tlvs(const struct structure *table, const uint8_t *octets, size_t count)
{
    size_t start = 0, place = 0;
    if (count < 1 || count > ESL_TLVS_OCTETS_MAX) {
        return refuse(0, "no list of TLVs");
    }
    while (start < count) {
        const struct structure *row = with_code(table, octets[start]);
        size_t parameters = esl_tlv_parameters(octets[start]);
        struct path path = at_place(&top, place++);
        if (parameters > count - start - 1) {
            return refuse(start, "octets are missing");
        }
        say_kind(&path, row ? row->name : "UnknownTlv");
        if (!row) {
            name_field(&path, "opcode");
            say_number(octets[start]);
            say_octet('\n');
            name_field(&path, "parameters");
            say_hex(octets + start + 1, parameters);
            say_octet('\n');
        } else if (!read_structure(row, NULL, octets + start + 1, parameters, start + 1, &path)) {
            return 0;
        }
        start += 1 + parameters;
    }
    return 1;
}

static int read_commands(const uint8_t *octets, size_t count) { return read_tlvs(commands, octets, count); }
static int read_responses(const uint8_t *octets, size_t count) { return read_tlvs(responses, octets, count); }

static int read_frame(const uint8_t *octets, size_t count, int up)
{
    const struct structure *row;
    if (count <= ESL_TAG_ID_OCTETS || count > ESL_FRAME_OCTETS_MAX) {
        return refuse(0, "no length of a frame");
    }
    row = with_code(frames, octets[ESL_TAG_ID_OCTETS]);
    if (!row || (row->code == ESL_FRAME_CONTACT_CODE) != up) {
        return refuse(ESL_TAG_ID_OCTETS, "no frame of this direction");
    }
    if (count < row->octets) {
        return refuse(1, "too short");
    }
    say_kind(&top, row->name);
    return read_structure(row, up ? items_up : items_down, octets, count, 0, &top);
}

static int read_up(const uint8_t *octets, size_t count) { return read_frame(octets, count, 1); }
static int read_down(const uint8_t *octets, size_t count) { return read_frame(octets, count, 0); }

static int read_messages(const uint8_t *octets, size_t count, size_t start, const struct path *path, size_t *found)
{
    const struct structure *table = start < count && octets[start] >= 0x80 ? messages_down : messages_up;
    *found = 0;
    while (start < count) {
        const struct esl_message_head *head = (const struct esl_message_head *)(octets + start);
        size_t body = start + ESL_MESSAGE_HEAD_OCTETS;
        struct path message = at_place(path, *found);
        const struct structure *row;
        size_t length;
        if ((*found)++ == ESL_PAYLOAD_MESSAGES_MAX) {
            return refuse(start, "too many messages");
        }
        if (body > count) {
            return refuse(start, "no whole head");
        }
        row = with_code(table, head->type);
        length = esl_get_u16(head->length);
        if (!row) {
            return refuse(start, "no message of this direction");
        }
        if (length > count - body) {
            return refuse(start + offsetof(struct esl_message_head, length), "octets are missing");
        }
        say_kind(&message, row->name);
        if (!read_structure(row, NULL, octets + body, length, body, &message)) {
            return 0;
        }
        start = body + length;
    }
    return 1;
}

static int read_link(const uint8_t *octets, size_t count)
{
    size_t found;
    return count ? read_messages(octets, count, 0, &top, &found) : refuse(0, "no message");
}

static uint32_t crc32(const uint8_t *octets, size_t count)
{
    uint32_t crc = 0xFFFFFFFFu;
    size_t place;
    for (place = 0; place < count; place++) {
        int bit;
        crc ^= octets[place];
        for (bit = 0; bit < 8; bit++) {
            crc = crc & 1 ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
        }
    }
    return ~crc;
}

static int read_payload(const uint8_t *octets, size_t count)
{
    const struct esl_payload_head *head = (const struct esl_payload_head *)octets;
    const size_t crc_from = offsetof(struct esl_payload_head, first_number);
    struct path path = below(&top, "messages");
    size_t found;
    if (count <= ESL_PAYLOAD_HEAD_OCTETS || count > ESL_PAYLOAD_OCTETS_MAX) {
        return refuse(0, "no length of a payload");
    }
    if (head->version != ESL_PROTOCOL_VERSION) {
        return refuse(0, "another version");
    }
    if (head->flags) {
        return refuse(1, "a flag that nobody knows");
    }
    if (esl_get_u32(head->crc) != crc32(octets + crc_from, count - crc_from)) {
        return refuse(2, "changed on its way");
    }
    name_field(&top, "first_number");
    say_number(esl_get_u32(head->first_number));
    say_octet('\n');
    if (!read_messages(octets, count, ESL_PAYLOAD_HEAD_OCTETS, &path, &found)) {
        return 0;
    }
    return esl_get_u32(head->first_number) + (uint64_t)found - 1 <= 0xFFFFFFFFu || refuse(crc_from, "no number is left");
}

/* COBS: the length of what came out, or -1. */
static int uncobs(const uint8_t *coded, size_t count, uint8_t *plain)
{
    size_t place = 0, made = 0;
    while (place < count) {
        unsigned code = coded[place++], left = code - 1;
        if (left > count - place) {
            return -1;
        }
        memcpy(plain + made, coded + place, left);
        made += left;
        place += left;
        if (code != 0xFF && place < count) {
            plain[made++] = 0;
        }
    }
    return (int)made;
}

static int read_serial_frame(const uint8_t *coded, size_t count, const struct path *path)
{
    static uint8_t plain[ESL_SERIAL_CODED_OCTETS_MAX];
    int size = uncobs(coded, count, plain);
    int data = size - (int)(ESL_SERIAL_HEAD_OCTETS + ESL_SERIAL_CRC_OCTETS);
    const struct esl_serial_head *head = (const struct esl_serial_head *)plain;
    size_t kept = said_octets;
    int fits;
    if (data < 0 || data > (int)ESL_SERIAL_DATA_OCTETS_MAX) {
        return 0;
    }
    size -= (int)ESL_SERIAL_CRC_OCTETS;
    if (esl_get_u32(plain + size) != crc32(plain, (size_t)size)) {
        return 0;
    }
    fits = head->type == ESL_FRAME_TYPE_DATA ? data > 0 && head->flags <= 3
        : head->type == ESL_FRAME_TYPE_ACK   ? data == 4 && head->flags == 0
                                             : data == 0 && head->flags == ESL_SERIAL_VERSION;
    if (!fits || !read_structure(&ESL_SERIAL_HEAD_structure, NULL, plain, ESL_SERIAL_HEAD_OCTETS, 0, path)) {
        said_octets = kept;
        refused_rule = NULL;
        return 0;
    }
    name_field(path, "data");
    say_hex(plain + ESL_SERIAL_HEAD_OCTETS, (size_t)data);
    say_octet('\n');
    return 1;
}

static int read_serial(const uint8_t *octets, size_t count)
{
    size_t start = 0, place, found = 0, bad = 0;
    for (place = 0; place < count; place++) {
        if (octets[place] == 0) {
            struct path path = at_place(&top, found);
            if (place > start) {
                if (place - start <= ESL_SERIAL_CODED_OCTETS_MAX && read_serial_frame(octets + start, place - start, &path)) {
                    found++;
                } else {
                    bad++;
                }
            }
            start = place + 1;
        }
    }
    return (found && !bad && octets[count - 1] == 0) || refuse(0, "no sound frame, or more than sound frames");
}

static int read_manifest(const uint8_t *octets, size_t count)
{
    const struct esl_manifest *manifest = (const struct esl_manifest *)octets;
    if (!read_structure(&ESL_MANIFEST_structure, NULL, octets, count, 0, &top)) {
        return 0;
    }
    if ((esl_get_u32(manifest->t_ms) != 0) != (manifest->action == ESL_ACTION_SHOW_AT_T)) {
        return refuse(offsetof(struct esl_manifest, t_ms), "T goes with show at T");
    }
    return 1;
}

static int read_report(const uint8_t *octets, size_t count)
{
    const struct esl_report *report = (const struct esl_report *)octets;
    if (!read_structure(&ESL_REPORT_structure, NULL, octets, count, 0, &top)) {
        return 0;
    }
    name_field(&top, "display");
    say_number(report->sensor_index - ESL_REPORT_SENSOR_BASE);
    say_octet('\n');
    name_field(&top, "battery_mv");
    say_number((uint64_t)report->battery_20_mv * ESL_BATTERY_STEP_MV);
    say_octet('\n');
    return 1;
}

static int read_join_request(const uint8_t *octets, size_t count)
{
    return read_structure(&ESL_JOIN_REQUEST_structure, NULL, octets, count, 0, &top);
}

static int read_join_answer(const uint8_t *octets, size_t count)
{
    return read_structure(&ESL_JOIN_ANSWER_structure, NULL, octets, count, 0, &top);
}

static int read_sealed(const uint8_t *octets, size_t count, size_t at_least, size_t at_most)
{
    const struct esl_sealed_head *head = (const struct esl_sealed_head *)octets;
    if (count < at_least || count > at_most) {
        return refuse(0, "too short or too long");
    }
    name_field(&top, "counter");
    say_number(esl_counter(head->randomizer));
    say_octet('\n');
    return 1;
}

static int read_sealed_manifest(const uint8_t *octets, size_t count)
{
    return read_sealed(octets, count, ESL_SEALED_MANIFEST_OCTETS, ESL_SEALED_MANIFEST_OCTETS);
}

static int read_sealed_report(const uint8_t *octets, size_t count)
{
    return read_sealed(octets, count, ESL_SEALED_REPORT_OCTETS, ESL_SEALED_REPORT_OCTETS);
}

static int read_sealed_tlvs(const uint8_t *octets, size_t count)
{
    return read_sealed(octets, count, ESL_SEAL_OCTETS + 2, ESL_SEAL_OCTETS + ESL_TLVS_OCTETS_MAX);
}

static int read_packet(const uint8_t *octets, size_t count)
{
    return read_sealed(octets, count, ESL_RANDOMIZER_OCTETS + ESL_PACKET_MIC_OCTETS, ESL_PACKET_OCTETS_MAX);
}

static const struct {
    const char *kind;
    int (*read)(const uint8_t *octets, size_t count);
} kinds[] = {
    {"commands", read_commands},
    {"responses", read_responses},
    {"poll-up", read_up},
    {"poll-down", read_down},
    {"link", read_link},
    {"payload", read_payload},
    {"serial", read_serial},
    {"manifest", read_manifest},
    {"report", read_report},
    {"join-request", read_join_request},
    {"join-answer", read_join_answer},
    {"sealed-manifest", read_sealed_manifest},
    {"sealed-report", read_sealed_report},
    {"sealed-tlvs", read_sealed_tlvs},
    {"packet", read_packet},
};

static int digit(char sign)
{
    return sign >= '0' && sign <= '9' ? sign - '0' : sign >= 'A' && sign <= 'F' ? sign - 'A' + 10 : -1;
}

static int answer(char *line)
{
    static uint8_t octets[OCTETS_MAX];
    char *hex = strchr(line, ' ');
    size_t count = 0, place;
    if (!hex) {
        return 0;
    }
    *hex++ = '\0';
    for (; digit(hex[0]) >= 0 && digit(hex[1]) >= 0 && count < OCTETS_MAX; hex += 2) {
        octets[count++] = (uint8_t)(digit(hex[0]) << 4 | digit(hex[1]));
    }
    for (place = 0; place < sizeof kinds / sizeof kinds[0]; place++) {
        if (strcmp(kinds[place].kind, line) == 0) {
            said_octets = 0;
            refused_rule = NULL;
            if (kinds[place].read(octets, count)) {
                printf("ok\n%.*s\n", (int)said_octets, said);
            } else {
                printf("refused %lu %s\n\n", (unsigned long)refused_at, refused_rule);
            }
            return 1;
        }
    }
    return 0;
}

int main(void)
{
    static char line[2 * OCTETS_MAX + 32];
    while (fgets(line, (int)sizeof line, stdin)) {
        if (!answer(line)) {
            fprintf(stderr, "not understood: %.40s\n", line);
            return 1;
        }
    }
    return 0;
}
