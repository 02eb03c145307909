package strategy

import _ "embed" // schema.json

//go:embed schema.json
var schema string

// Schema is the form of a rule file as a JSON Schema (draft 2020-12), with which editors complete and underline while
// people type. It knows the keys and how values are written, not what expressions mean. What it refuses is a mistake: a
// file without problems fits it, as long as text that YAML takes for a number stands in quotes.
func Schema() string { return schema }
