/*
 * SHA-256, HKDF and the opening half of AES-128-CCM as their standards have them (FIPS 180-4, RFC 5869, FIPS 197,
 * RFC 3610): small rather than fast, nothing allocated. Part of seals.c: everything is static.
 *
 * In: octets. Out: octets. Rule: what does not open gives no octet away; the MIC is compared in the same time whatever
 * it is. Call make_sha_constants and make_boxes first.
 */
#ifndef CIPHERS_H
#define CIPHERS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

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

#endif
