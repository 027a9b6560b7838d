// SPDX-License-Identifier: Apache-2.0
// The bounded JSON writer.
#include "app/probe/json_text.h"

#include <stdio.h>
#include <string.h>

static void put(struct json_text* json, const char* text, size_t length) {
  if (json->full || length > json->size - json->length) {
    json->full = true;
    return;
  }
  memcpy(json->bytes + json->length, text, length);
  json->length += length;
}

static void put_text(struct json_text* json, const char* text) {
  put(json, text, strlen(text));
}

static void put_quoted(struct json_text* json, const char* text) {
  put_text(json, "\"");
  for (; *text != '\0'; text++) {
    const unsigned char c = (unsigned char)*text;
    if (c == '"' || c == '\\') {
      const char pair[2] = {'\\', (char)c};
      put(json, pair, 2);
    } else if (c < 0x20 || c > 0x7e) {
      char escape[8];
      snprintf(escape, sizeof escape, "\\u%04x", c);
      put_text(json, escape);
    } else {
      put(json, text, 1);
    }
  }
  put_text(json, "\"");
}

static void put_name(struct json_text* json, const char* name) {
  if (json->need_comma) put_text(json, ",");
  json->need_comma = true;
  if (name == NULL) return;
  put_quoted(json, name);
  put_text(json, ":");
}

void json_open(struct json_text* json, const char* name, char bracket) {
  put_name(json, name);
  put(json, &bracket, 1);
  json->need_comma = false;
}

void json_close(struct json_text* json, char bracket) {
  put(json, &bracket, 1);
  json->need_comma = true;
}

void json_string(struct json_text* json, const char* name, const char* text) {
  put_name(json, name);
  if (text[0] == '\0') {
    put_text(json, "null");
  } else {
    put_quoted(json, text);
  }
}

void json_number(struct json_text* json, const char* name, long long number) {
  char digits[32];
  snprintf(digits, sizeof digits, "%lld", number);
  put_name(json, name);
  put_text(json, digits);
}

void json_bool(struct json_text* json, const char* name, bool value) {
  put_name(json, name);
  put_text(json, value ? "true" : "false");
}
