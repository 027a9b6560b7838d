// SPDX-License-Identifier: Apache-2.0
// One JSON document built in a buffer of fixed size and written at the end, so that a reader gets
// the whole of it or, if it did not fit, nothing.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct json_text {
  char* bytes;
  size_t size;
  size_t length;
  bool full;        ///< something did not fit
  bool need_comma;  ///< before the next member or element
};

/// Members and elements: `name` is the member's name, or a null pointer inside an array.
void json_open(struct json_text* json, const char* name, char bracket);  ///< '{' or '['
void json_close(struct json_text* json, char bracket);                   ///< '}' or ']'
/// Bytes that are no printable ASCII become \u00XX. An empty text is written as null.
void json_string(struct json_text* json, const char* name, const char* text);
void json_number(struct json_text* json, const char* name, long long number);
void json_bool(struct json_text* json, const char* name, bool value);
