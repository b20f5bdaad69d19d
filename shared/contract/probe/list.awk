# Reads a list of the Kubernetes API in JSON, as `kubectl get --raw` prints it. It stands before a program
# that says which list it reads and which of its fields, and that has these functions:
#
#   item_ended()                 an object of the list is complete; `value[...]` has its fields
#   taken(place, text)           whether the program keeps this string itself, instead of `value[...]`
#   object_begun(place), object_ended(place)
#   list_ended(version, count)   the list was whole; without this call all of it is worth nothing
#
# A text may contain whatever looks like JSON, and an annotation may have the name of a field. So a key
# counts only in the object that it belongs to, and the list only if its JSON ended.
#
# For any POSIX awk, under LC_ALL=C. No interval expressions, because old mawks lack them.

BEGIN {
  # The list is one line and ends in `]}`. So nothing is lost if a record ends at each `]`.
  RS = "]"
  MAX_VALUE = 4096
  MAX_CUTS = 4
  NONE = "\001"

  # What a key leads to, in each object that is looked into. All else is skipped, whatever its keys are.
  leads("list", "kind apiVersion", "string")
  leads("list", "metadata", "object", "listmeta")
  leads("list", "items", "array", "items")
  leads("listmeta", "resourceVersion continue", "string")
  element["items"] = "item"; shape["item"] = "{"
  leads("item", "metadata", "object", "meta")
  leads("item", "spec", "object", "spec")

  # What may come next. `]` and `}` may come only where it says so.
  VALUE = 1; VALUE_OR_END = 2; KEY = 3; KEY_OR_END = 4; COLON = 5; COMMA_OR_END = 6; NOTHING = 7
  want = VALUE
  destination = "list"; shape["list"] = "{"
  skipped = depth = quoted = items = 0
}

# `shape` is what must stand there: `{`, `[`, `string`, `boolean`, or `scalar`, a string or a number.
function leads(from, keys, kind, target,    key, keys_count, i) {
  keys_count = split(keys, key, " ")
  for (i = 1; i <= keys_count; i++) {
    to[from, key[i]] = target == "" ? from " " key[i] : target
    shape[to[from, key[i]]] = kind == "object" ? "{" : kind == "array" ? "[" : kind
  }
}

NR > 1 { bracket() }
# The split() of the one true awk takes a newline for a separator too. Strings have none.
index($0, "\n") { gsub(/\n/, " ") }
{ read_record($0) }
broken { exit }

END {
  if (broken || want != NOTHING || quoted || !listed) exit
  if (value["list kind"] != LIST_KIND || value["listmeta continue"] != "") exit
  if (value["listmeta resourceVersion"] !~ /^[0-9]+$/) exit
  if (length(value["listmeta resourceVersion"]) > 20) exit
  list_ended(value["listmeta resourceVersion"], items)
}

# In an array that is skipped only its brackets matter. One look shows whether all of them, and the one
# that ended the record, are outside of strings. Other text is cut behind `:[`, so that such an array is
# met at the start of what remains. There is a limit, because a text may consist of `:[`.
function read_record(text,    at, cuts) {
  while (1) {
    if (skipped && skips == "[" && !quoted && is_plain(text)) {
      while ((at = index(text, "[")) > 0) {
        skipped++
        text = substr(text, at + 1)
      }
      return
    }
    at = index(text, ":[")
    if (!at || ++cuts > MAX_CUTS) { read_text(text); return }
    read_text(substr(text, 1, at + 1))
    text = substr(text, at + 2)
    if (broken) return
  }
}

# Whether no string is open at the end and none holds a `[`. Most text has no backslash, which is faster.
function is_plain(text) {
  if (!index(text, "\\")) return text ~ /^[^"]*("[^"[]*"[^"]*)*$/
  return text ~ /^[^"\\]*("([^"[\\]|\\[^[])*"[^"\\]*)*$/
}

# Strings and what is between them, in turn. A quote behind an odd number of backslashes is text. Three
# short cuts are for strings without a backslash: skipped ones, a key of no interest with a string for
# its value, and any other string.
function read_text(text,    part, parts, i, piece, end) {
  parts = split(text, part, "\"")
  for (i = 1; i <= parts; i++) {
    piece = part[i]
    if (!quoted) {
      if (piece == "," && !skipped && want == COMMA_OR_END) want = opened[depth] == "{" ? KEY : VALUE
      else if (piece == ":" && !skipped && want == COLON) want = VALUE
      else if (piece != "" && !(skipped && (piece == "," || piece == ":"))) {
        structure(piece)
        if (broken) return
      }
      if (i == parts) return
      string = part[i + 1]
      if (!index(string, "\\") && i + 2 <= parts) {
        i++
        if (skipped) {
          while (i + 2 < parts) {
            piece = part[i + 1]
            if (piece != ":" && piece != "," || index(part[i + 2], "\\")) break
            i += 2
          }
          continue
        }
        if ((want == KEY || want == KEY_OR_END) && !((inside[depth], string) in to) && i + 3 <= parts)
          if (part[i + 1] == ":" && !index(part[i + 2], "\\")) {
            want = COMMA_OR_END
            i += 2
            continue
          }
        if (length(string) > MAX_VALUE) string = NONE
        string_ended()
        if (broken) return
        continue
      }
      quoted = 1
      kept = !skipped && (want == KEY || want == KEY_OR_END || destination != "")
      string = ""
      continue
    }
    if (kept) keep(piece)
    if (i == parts) return
    end = length(piece)
    if (end && substr(piece, end) == "\\") {
      while (end && substr(piece, end, 1) == "\\") end--
      if ((length(piece) - end) % 2) {
        if (kept) keep("\"")
        continue
      }
    }
    quoted = 0
    if (!skipped) string_ended()
    if (broken) return
  }
}

function keep(piece) {
  if (length(string) + length(piece) <= MAX_VALUE) string = string piece
  else { string = NONE; kept = 0 }
}

# The `]` at the end of a record that another follows.
function bracket() {
  if (quoted) { if (kept) keep("]") }
  else if (!skipped) closed("[")
  else if (skips == "[" && !--skipped) want = COMMA_OR_END
}

# Text outside of strings.
function structure(text,    at, c) {
  while (text != "") {
    if (skipped) {
      at = skips == "[" ? index(text, "[") : match(text, /[{}]/)
      if (!at) return
      skipped += substr(text, at, 1) == "}" ? -1 : 1
      if (!skipped) want = COMMA_OR_END
      text = substr(text, at + 1)
      continue
    }
    c = substr(text, 1, 1)
    if (c == ",") {
      if (want != COMMA_OR_END) { broken = 1; return }
      want = opened[depth] == "{" ? KEY : VALUE
    } else if (c == ":") {
      if (want != COLON) { broken = 1; return }
      want = VALUE
    } else if (c == "{" || c == "[") begun(c)
    else if (c == "}") closed("{")
    else if (c !~ /[ \t\r\n]/) {
      if (!match(text, /^[-+.0-9A-Za-z]+/)) { broken = 1; return }
      c = substr(text, 1, RLENGTH)
      literal(c)
    }
    if (broken) return
    text = substr(text, length(c) + 1)
  }
}

function is_value_wanted() {
  if (want != VALUE && want != VALUE_OR_END) broken = 1
  return !broken
}

function begun(c,    name) {
  if (!is_value_wanted()) return
  if (shape[destination] != c) {
    if (destination != "") wrong()
    skipped = 1
    skips = c
    return
  }
  opened[++depth] = c
  inside[depth] = destination
  serial[depth] = ++serials
  if (destination == "items") listed = 1
  else if (destination == "item") {
    items++
    is_wrong = 0
    for (name in value) if (name !~ /^list/) delete value[name]
  }
  object_begun(destination)
  if (c == "[") {
    destination = element[destination]
    want = VALUE_OR_END
  } else want = KEY_OR_END
}

function closed(c) {
  if (!depth || opened[depth] != c || !(want == COMMA_OR_END || want == (c == "{" ? KEY_OR_END : VALUE_OR_END))) {
    broken = 1
    return
  }
  if (inside[depth] == "item") item_ended()
  else object_ended(inside[depth])
  depth--
  destination = opened[depth] == "[" ? element[inside[depth]] : ""
  want = depth ? COMMA_OR_END : NOTHING
}

function string_ended() {
  if (want == KEY || want == KEY_OR_END) {
    want = COLON
    string = decoded(string)
    destination = ""
    if ((inside[depth], string) in to) {
      destination = to[inside[depth], string]
      if (seen[destination] == serial[depth]) wrong()
      seen[destination] = serial[depth]
    }
    return
  }
  if (!is_value_wanted()) return
  want = COMMA_OR_END
  if (destination == "") return
  if (shape[destination] != "string" && shape[destination] != "scalar") { wrong(); return }
  string = decoded(string)
  if (!taken(destination, string)) value[destination] = string
}

# A number, true, false or null.
function literal(text) {
  if (!is_value_wanted()) return
  want = COMMA_OR_END
  if (text !~ /^(true|false|null|-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?)$/) broken = 1
  if (destination == "items" && text == "null") listed = 1
  else if (shape[destination] == "boolean" && text ~ /^(true|false)$/) value[destination] = text
  else if (shape[destination] == "scalar" && text ~ /^[0-9]+$/) value[destination] = text
  else if (destination != "") wrong()
}

# Something else stands where a value of interest should.
function wrong() {
  if (destination == "item") items++
  else if (depth > 2) is_wrong = 1
  else broken = 1
}

# Of characters that are written as a number only ASCII is decoded. Others are in no grammar of a value.
function decoded(text,    out, at, c, code) {
  if (!index(text, "\\")) return text
  while ((at = index(text, "\\")) > 0) {
    c = substr(text, at + 1, 1)
    out = out substr(text, 1, at - 1)
    text = substr(text, at + 2)
    if (c == "u") {
      code = 4096 * hex(substr(text, 1, 1)) + 256 * hex(substr(text, 2, 1)) + \
        16 * hex(substr(text, 3, 1)) + hex(substr(text, 4, 1))
      c = code > 31 && code < 127 ? sprintf("%c", code) : NONE
      text = substr(text, 5)
    } else if (c !~ /["\\\/]/) c = NONE
    out = out c
  }
  return out text
}

function hex(c,    at) {
  at = c == "" ? 0 : index("0123456789abcdef", tolower(c))
  return at ? at - 1 : 65536
}

function is_name(text) {
  return length(text) < 254 && text ~ /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/
}
