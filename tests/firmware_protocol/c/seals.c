/*
 * Keys, seals and names of the wire in C99, against esl_protocol.h and nothing else: SHA-256, HKDF and AES-128-CCM as
 * their standards have them (FIPS 180-4, RFC 5869, FIPS 197, RFC 3610), small rather than fast, nothing allocated.
 *
 * In: lines of a word and its arguments in hex, "-" for none (the table at the end). Out: for each, "ok HEX" or
 * "refused". Rule: what does not open gives no octet away.
 */
#include <stdio.h>
#include <string.h>

#include "esl_protocol.h"

#define OCTETS_MAX 300000u
#define ARGUMENTS_MAX 5

struct octets {
    const uint8_t *at;
    size_t count;
};

/* SHA-256 */

struct sha256 {
    uint32_t state[8];
    uint8_t block[64];
    uint64_t count;
};

static uint32_t turned(uint32_t word, unsigned bits) { return word >> bits | word << (32 - bits); }

/* The first 32 bits of the fraction of a root: of the square root for `root` 2, of the cube root for 3. */
static uint32_t fraction_of_root(uint32_t prime, int root)
{
    uint64_t low = 0, high = (uint64_t)1 << 36; /* root * 2^32, searched by halves */
    while (high - low > 1) {
        uint64_t middle = (low + high) / 2;
        /* compare middle^root with prime * 2^(32 root), in limbs of 32 bits */
        uint64_t limbs[4] = {0, 0, 0, 0}, wanted[4] = {0, 0, 0, 0};
        uint64_t factor[2];
        int times, place, larger = 0;
        factor[0] = middle & 0xFFFFFFFFu;
        factor[1] = middle >> 32;
        limbs[0] = factor[0];
        limbs[1] = factor[1];
        for (times = 1; times < root; times++) {
            uint64_t product[4] = {0, 0, 0, 0};
            int one, other;
            for (one = 0; one < 4; one++) {
                uint64_t carry = 0;
                for (other = 0; other < 2 && one + other < 4; other++) {
                    uint64_t sum = product[one + other] + limbs[one] * factor[other] + carry;
                    product[one + other] = sum & 0xFFFFFFFFu;
                    carry = sum >> 32;
                }
                if (one + 2 < 4) {
                    product[one + 2] += carry;
                }
            }
            memcpy(limbs, product, sizeof limbs);
        }
        wanted[root] = prime;
        for (place = 3; place >= 0 && !larger; place--) {
            larger = limbs[place] > wanted[place] ? 1 : limbs[place] < wanted[place] ? -1 : 0;
        }
        if (larger > 0) {
            high = middle;
        } else {
            low = middle;
        }
    }
    return (uint32_t)(low & 0xFFFFFFFFu);
}

static uint32_t sha_constants[64], sha_start[8];

static void make_sha_constants(void)
{
    uint32_t prime = 2;
    int found = 0;
    for (; found < 64; prime++) {
        uint32_t divisor = 2;
        while (divisor * divisor <= prime && prime % divisor) {
            divisor++;
        }
        if (divisor * divisor > prime) {
            sha_constants[found] = fraction_of_root(prime, 3);
            if (found < 8) {
                sha_start[found] = fraction_of_root(prime, 2);
            }
            found++;
        }
    }
}

static void sha_block(struct sha256 *sha)
{
    uint32_t words[64], s[8];
    int round;
    for (round = 0; round < 16; round++) {
        const uint8_t *at = sha->block + 4 * round;
        words[round] = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    }
    for (; round < 64; round++) {
        uint32_t a = words[round - 15], b = words[round - 2];
        words[round] = words[round - 16] + words[round - 7] + (turned(a, 7) ^ turned(a, 18) ^ a >> 3) +
            (turned(b, 17) ^ turned(b, 19) ^ b >> 10);
    }
    memcpy(s, sha->state, sizeof s);
    for (round = 0; round < 64; round++) {
        uint32_t one = s[7] + (turned(s[4], 6) ^ turned(s[4], 11) ^ turned(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) +
            sha_constants[round] + words[round];
        uint32_t two = (turned(s[0], 2) ^ turned(s[0], 13) ^ turned(s[0], 22)) +
            ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof s[0]);
        s[4] += one;
        s[0] = one + two;
    }
    for (round = 0; round < 8; round++) {
        sha->state[round] += s[round];
    }
}

static void sha_begin(struct sha256 *sha)
{
    memcpy(sha->state, sha_start, sizeof sha->state);
    sha->count = 0;
}

static void sha_add(struct sha256 *sha, const uint8_t *octets, size_t count)
{
    while (count--) {
        sha->block[sha->count++ % 64] = *octets++;
        if (sha->count % 64 == 0) {
            sha_block(sha);
        }
    }
}

static void sha_end(struct sha256 *sha, uint8_t digest[32])
{
    static const uint8_t end = 0x80, zero = 0;
    uint64_t bits = sha->count * 8;
    uint8_t length[8];
    int place;
    sha_add(sha, &end, 1);
    while (sha->count % 64 != 56) {
        sha_add(sha, &zero, 1);
    }
    for (place = 0; place < 8; place++) {
        length[place] = (uint8_t)(bits >> (56 - 8 * place) & 0xFFu);
    }
    sha_add(sha, length, sizeof length);
    for (place = 0; place < 32; place++) {
        digest[place] = (uint8_t)(sha->state[place / 4] >> (24 - 8 * (place % 4)) & 0xFFu);
    }
}

/* HKDF */

static void hmac(const uint8_t *key, size_t key_count, const struct octets *parts, size_t part_count, uint8_t mac[32])
{
    struct sha256 sha;
    uint8_t pad[64];
    size_t place;
    int pass;
    for (pass = 0; pass < 2; pass++) {
        for (place = 0; place < sizeof pad; place++) {
            pad[place] = (uint8_t)((place < key_count ? key[place] : 0) ^ (pass ? 0x5C : 0x36));
        }
        sha_begin(&sha);
        sha_add(&sha, pad, sizeof pad);
        if (pass) {
            sha_add(&sha, mac, 32);
        } else {
            for (place = 0; place < part_count; place++) {
                sha_add(&sha, parts[place].at, parts[place].count);
            }
        }
        sha_end(&sha, mac);
    }
}

static void hkdf(const uint8_t *secret, size_t secret_count, const char *label, const struct octets *info, size_t info_count,
    uint8_t *made, size_t count)
{
    uint8_t key[32], block[32], number;
    struct octets parts[ARGUMENTS_MAX + 3];
    struct octets whole;
    size_t place;
    whole.at = secret;
    whole.count = secret_count;
    hmac(NULL, 0, &whole, 1, key);
    for (number = 1; count > 0; number++) {
        size_t taken = count < sizeof block ? count : sizeof block;
        size_t used = 0;
        if (number > 1) {
            parts[used].at = block;
            parts[used++].count = sizeof block;
        }
        parts[used].at = (const uint8_t *)label;
        parts[used++].count = strlen(label);
        for (place = 0; place < info_count; place++) {
            parts[used++] = info[place];
        }
        parts[used].at = &number;
        parts[used++].count = 1;
        hmac(key, sizeof key, parts, used, block);
        memcpy(made, block, taken);
        made += taken;
        count -= taken;
    }
}

/* AES-128, one block */

static uint8_t boxes[256];

static uint8_t doubled(uint8_t octet) { return (uint8_t)(octet << 1 ^ (octet & 0x80 ? 0x1B : 0)); }

static uint8_t product_of(uint8_t one, uint8_t other)
{
    uint8_t made = 0;
    for (; other; other >>= 1) {
        if (other & 1) {
            made ^= one;
        }
        one = doubled(one);
    }
    return made;
}

static void make_boxes(void)
{
    int octet, other, bit;
    for (octet = 0; octet < 256; octet++) {
        uint8_t inverse = 0, made = 0x63;
        for (other = 1; other < 256; other++) {
            if (product_of((uint8_t)octet, (uint8_t)other) == 1) {
                inverse = (uint8_t)other;
            }
        }
        for (bit = 0; bit < 5; bit++) {
            made ^= (uint8_t)((inverse << bit | inverse >> (8 - bit)) & 0xFF);
        }
        boxes[octet] = made;
    }
}

static void aes(const uint8_t key[16], const uint8_t plain[16], uint8_t coded[16])
{
    uint8_t round_key[16], shifted[16], constant = 1;
    int round, place;
    memcpy(round_key, key, 16);
    for (place = 0; place < 16; place++) {
        coded[place] = plain[place] ^ round_key[place];
    }
    for (round = 1; round <= 10; round++) {
        for (place = 0; place < 16; place++) {
            shifted[place] = boxes[coded[(place + 4 * (place % 4)) % 16]];
        }
        for (place = 0; place < 4; place++) {
            round_key[place] ^= boxes[round_key[12 + (place + 1) % 4]];
        }
        round_key[0] ^= constant;
        constant = doubled(constant);
        for (place = 4; place < 16; place++) {
            round_key[place] ^= round_key[place - 4];
        }
        for (place = 0; place < 16; place++) {
            const uint8_t *column = shifted + place / 4 * 4;
            uint8_t mixed = round == 10
                ? shifted[place]
                : (uint8_t)(doubled(column[place % 4]) ^ doubled(column[(place + 1) % 4]) ^ column[(place + 1) % 4] ^
                      column[(place + 2) % 4] ^ column[(place + 3) % 4]);
            coded[place] = mixed ^ round_key[place];
        }
    }
}

/* CCM with a nonce of 13 octets: opens, and gives octets only when the MIC is right. */

static void mix_into(uint8_t mac[16], const uint8_t key[16], const uint8_t *octets, size_t count, size_t *filled)
{
    while (count--) {
        mac[(*filled)++] ^= *octets++;
        if (*filled == 16) {
            aes(key, mac, mac);
            *filled = 0;
        }
    }
}

static void end_block(uint8_t mac[16], const uint8_t key[16], size_t *filled)
{
    if (*filled) {
        aes(key, mac, mac);
        *filled = 0;
    }
}

static int ccm_open(const uint8_t key[16], const uint8_t nonce[13], struct octets associated, struct octets sealed,
    size_t mic_count, uint8_t *plain)
{
    uint8_t counter[16], stream[16], mac[16], length[2];
    size_t count, place, filled = 0;
    unsigned different = 0;
    if (sealed.count < mic_count) {
        return 0;
    }
    count = sealed.count - mic_count;
    counter[0] = 1;
    memcpy(counter + 1, nonce, 13);
    for (place = 0; place < count; place++) {
        if (place % 16 == 0) {
            counter[14] = (uint8_t)((place / 16 + 1) >> 8);
            counter[15] = (uint8_t)((place / 16 + 1) & 0xFF);
            aes(key, counter, stream);
        }
        plain[place] = sealed.at[place] ^ stream[place % 16];
    }
    memset(mac, 0, sizeof mac);
    mac[0] = (uint8_t)((associated.count ? 64 : 0) | (mic_count - 2) / 2 << 3 | 1);
    memcpy(mac + 1, nonce, 13);
    mac[14] = (uint8_t)(count >> 8);
    mac[15] = (uint8_t)(count & 0xFF);
    aes(key, mac, mac);
    length[0] = (uint8_t)(associated.count >> 8);
    length[1] = (uint8_t)(associated.count & 0xFF);
    if (associated.count) {
        mix_into(mac, key, length, sizeof length, &filled);
        mix_into(mac, key, associated.at, associated.count, &filled);
        end_block(mac, key, &filled);
    }
    mix_into(mac, key, plain, count, &filled);
    end_block(mac, key, &filled);
    counter[14] = counter[15] = 0;
    aes(key, counter, stream);
    for (place = 0; place < mic_count; place++) {
        different |= (unsigned)(mac[place] ^ stream[place] ^ sealed.at[count + place]);
    }
    if (different) {
        memset(plain, 0, count);
    }
    return !different;
}

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
