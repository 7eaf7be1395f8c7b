/*
 * Keys, seals and names of the wire in C99, against esl_protocol.h and the ciphers beside it; nothing is allocated.
 *
 * In: lines of a word and its arguments in hex, "-" for none (the table at the end). Out: for each, "ok HEX" or
 * "refused". Rule: what does not open gives no octet away.
 */
#include <stdio.h>
#include <string.h>

#include "ciphers.h"
#include "esl_protocol.h"

#define OCTETS_MAX 300000u

/* What the wire makes of them. Each gives the count of octets made, or -1. */

static uint8_t made[OCTETS_MAX];

static int share(const struct octets *in)
{
    if (in[0].count != 32 || in[1].count != ESL_TAG_ID_OCTETS) {
        return -1;
    }
    hkdf(in[0].at, in[0].count, "esl share", in + 1, 1, made, ESL_SHARE_OCTETS);
    return ESL_SHARE_OCTETS;
}

static int join_key(const struct octets *in)
{
    hkdf(in[0].at, in[0].count, "esl join", in + 1, 1, made, ESL_KEY_OCTETS);
    return ESL_KEY_OCTETS;
}

/* code, share, then what the label's info is */
static int from_code_and_share(const struct octets *in, const char *label, size_t info_count, size_t count)
{
    uint8_t secret[ESL_FACTORY_CODE_OCTETS + ESL_SHARE_OCTETS];
    if (in[0].count != ESL_FACTORY_CODE_OCTETS || in[1].count != ESL_SHARE_OCTETS) {
        return -1;
    }
    memcpy(secret, in[0].at, in[0].count);
    memcpy(secret + in[0].count, in[1].at, in[1].count);
    hkdf(secret, sizeof secret, label, in + 2, info_count, made, count);
    return (int)count;
}

static int owner_key(const struct octets *in) { return from_code_and_share(in, "esl owner", 1, ESL_KEY_OCTETS); }
static int session(const struct octets *in) { return from_code_and_share(in, "esl keys", 3, ESL_SESSION_OCTETS); }

static int open_with(const struct octets *key, const uint8_t *head, const uint8_t *iv, struct octets associated,
    struct octets sealed, size_t mic_count)
{
    uint8_t nonce[ESL_RANDOMIZER_OCTETS + ESL_IV_OCTETS];
    if (key->count != ESL_KEY_OCTETS || sealed.count < mic_count) {
        return -1;
    }
    memcpy(nonce, head, ESL_RANDOMIZER_OCTETS);
    memcpy(nonce + ESL_RANDOMIZER_OCTETS, iv, ESL_IV_OCTETS);
    return ccm_open(key->at, nonce, associated, sealed, mic_count, made) ? (int)(sealed.count - mic_count) : -1;
}

/* key, IV, associated data, sealed octets: the MIC is as long as what is inside of the seal says */
static int open_sealed(const struct octets *in)
{
    struct octets inside = in[3];
    size_t mic_count = in[2].count == 1 ? ESL_PACKET_MIC_OCTETS : ESL_MIC_OCTETS;
    if (in[1].count != ESL_IV_OCTETS || in[3].count < ESL_RANDOMIZER_OCTETS + mic_count) {
        return -1;
    }
    inside.at += ESL_RANDOMIZER_OCTETS;
    inside.count -= ESL_RANDOMIZER_OCTETS;
    return open_with(in, in[3].at, in[1].at, in[2], inside, mic_count);
}

/* key, message 1: nothing is inside, the MIC is over the two fields before it */
static int join_request(const struct octets *in)
{
    static const uint8_t head[ESL_RANDOMIZER_OCTETS] = {1, 0, 0, 0, 0};
    const struct esl_join_request *request = (const struct esl_join_request *)in[1].at;
    struct octets fields, mic;
    if (in[1].count != ESL_JOIN_REQUEST_OCTETS) {
        return -1;
    }
    fields.at = in[1].at;
    fields.count = offsetof(struct esl_join_request, mic);
    mic.at = request->mic;
    mic.count = sizeof request->mic;
    return open_with(in, head, request->tag_nonce, fields, mic, ESL_MIC_OCTETS);
}

/* key, message 1, message 2: the share */
static int join_answer(const struct octets *in)
{
    static const uint8_t head[ESL_RANDOMIZER_OCTETS] = {2, 0, 0, 0, 0};
    const struct esl_join_answer *answer = (const struct esl_join_answer *)in[2].at;
    struct octets sealed;
    if (in[2].count != ESL_JOIN_ANSWER_OCTETS) {
        return -1;
    }
    sealed.at = answer->sealed_share;
    sealed.count = sizeof answer->sealed_share;
    return open_with(in, head, answer->gateway_nonce, in[1], sealed, ESL_MIC_OCTETS);
}

static void digest_of(const struct octets *parts, size_t count, uint8_t digest[32])
{
    struct sha256 sha;
    size_t place;
    sha_begin(&sha);
    for (place = 0; place < count; place++) {
        sha_add(&sha, parts[place].at, parts[place].count);
    }
    sha_end(&sha, digest);
}

/* width u16, height u16, colours u8; planes */
static int content_id(const struct octets *in)
{
    uint8_t digest[32];
    digest_of(in, 2, digest);
    memcpy(made, digest, ESL_CONTENT_ID_OCTETS);
    return ESL_CONTENT_ID_OCTETS;
}

/* codec, base prefix, octets: encoding id, root, block table */
static int encoding(const struct octets *in)
{
    uint8_t digest[32], *table = made + ESL_ENCODING_ID_OCTETS + ESL_ROOT_OCTETS;
    struct octets block, vouched = in[2];
    size_t start, blocks = 0;
    digest_of(in, 3, digest);
    memcpy(made, digest, ESL_ENCODING_ID_OCTETS);
    for (start = 0; in[2].count > ESL_BLOCK_OCTETS && start < in[2].count; start += ESL_BLOCK_OCTETS) {
        block.at = in[2].at + start;
        block.count = in[2].count - start < ESL_BLOCK_OCTETS ? in[2].count - start : ESL_BLOCK_OCTETS;
        digest_of(&block, 1, digest);
        memcpy(table + blocks++ * ESL_BLOCK_HASH_OCTETS, digest, ESL_BLOCK_HASH_OCTETS);
    }
    if (blocks) {
        vouched.at = table;
        vouched.count = blocks * ESL_BLOCK_HASH_OCTETS;
    }
    digest_of(&vouched, 1, digest);
    memcpy(made + ESL_ENCODING_ID_OCTETS, digest, ESL_ROOT_OCTETS);
    return (int)(ESL_ENCODING_ID_OCTETS + ESL_ROOT_OCTETS + blocks * ESL_BLOCK_HASH_OCTETS);
}

/* the 26 letters of a factory code, as octets of ASCII */
static int factory_code(const struct octets *in)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    unsigned bits = 0, held = 0;
    size_t place, count = 0;
    for (place = 0; place < in[0].count; place++) {
        const char *letter = in[0].at[place] ? strchr(letters, in[0].at[place]) : NULL;
        if (!letter) {
            return -1;
        }
        bits = (bits << 5 | (unsigned)(letter - letters)) & 0xFFFu;
        held += 5;
        if (held >= 8) {
            held -= 8;
            made[count++] = (uint8_t)(bits >> held & 0xFFu);
        }
    }
    return in[0].count == 26 && !(bits & ((1u << held) - 1)) ? (int)count : -1;
}

static const struct {
    const char *word;
    int arguments;
    int (*make)(const struct octets *in);
} words[] = {
    {"factory-code", 1, factory_code},
    {"share", 2, share},
    {"join-key", 2, join_key},
    {"owner-key", 3, owner_key},
    {"session", 5, session},
    {"open", 4, open_sealed},
    {"join-request", 2, join_request},
    {"join-answer", 3, join_answer},
    {"content-id", 2, content_id},
    {"encoding", 3, encoding},
};

static int digit(char sign)
{
    return sign >= '0' && sign <= '9' ? sign - '0' : sign >= 'A' && sign <= 'F' ? sign - 'A' + 10 : -1;
}

static int answer(char *line)
{
    static uint8_t octets[OCTETS_MAX];
    struct octets in[ARGUMENTS_MAX];
    char *word = strtok(line, " \n"), *hex;
    size_t used = 0, place;
    int given = 0, count;
    while ((hex = strtok(NULL, " \n")) != NULL && given < ARGUMENTS_MAX) {
        in[given].at = octets + used;
        for (; digit(hex[0]) >= 0 && digit(hex[1]) >= 0 && used < OCTETS_MAX; hex += 2) {
            octets[used++] = (uint8_t)(digit(hex[0]) << 4 | digit(hex[1]));
        }
        in[given].count = (size_t)(octets + used - in[given].at);
        given++;
    }
    for (place = 0; word && place < sizeof words / sizeof words[0]; place++) {
        if (strcmp(words[place].word, word) == 0 && words[place].arguments == given) {
            count = words[place].make(in);
            if (count < 0) {
                printf("refused\n");
                return 1;
            }
            printf("ok ");
            for (used = 0; used < (size_t)count; used++) {
                printf("%02X", made[used]);
            }
            printf("\n");
            return 1;
        }
    }
    return 0;
}

int main(void)
{
    static char line[2 * OCTETS_MAX + 64];
    make_sha_constants();
    make_boxes();
    while (fgets(line, (int)sizeof line, stdin)) {
        if (!answer(line)) {
            fprintf(stderr, "not understood: %.40s\n", line);
            return 1;
        }
    }
    return 0;
}
