/*
 * A reader of the whole wire in C99, against esl_protocol.h alone: the proof that the header suffices.
 *
 * In: lines "KIND HEX" (kinds: the table at the end). Out: for each, "ok" or "refused OFFSET RULE", then for "ok" a
 * line PATH=VALUE for each field, then an empty line. Rule: nothing is allocated, nothing is read that was not counted.
 */
#include "structures.h"

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
    const unsigned direction = start < count ? octets[start] & ESL_DOWNWARDS : 0;
    const struct structure *table = direction ? messages_down : messages_up;
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
        if (!row && (head->type & ESL_DOWNWARDS) != direction) {
            return refuse(start, "no message of this direction");
        }
        if (length > count - body) {
            return refuse(start + offsetof(struct esl_message_head, length), "octets are missing");
        }
        say_kind(&message, row ? row->name : "UnknownMessage");
        if (!row) {
            name_field(&message, "code");
            say_number(head->type);
            say_octet('\n');
            name_field(&message, "body");
            say_hex(octets + body, length);
            say_octet('\n');
        } else if (!read_structure(row, NULL, octets + body, length, body, &message)) {
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
    fits = head->type == ESL_FRAME_TYPE_DATA  ? data > 0 && head->flags <= 3
        : head->type == ESL_FRAME_TYPE_ACK    ? data == 4 && head->flags == 0
        : head->type == ESL_FRAME_TYPE_AGREED ? data == 4 && head->flags == 0
        : head->type == ESL_FRAME_TYPE_SPEED
            ? data >= 4 && data % 4 == 0 && data <= 4 * (int)ESL_SPEEDS_OFFERED_MAX && head->flags == 0
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
