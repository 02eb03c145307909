// Package kisyaml reads and writes the strategy files of KIS's own tools, NAME.kis.yaml: the visual strategy builder and
// the backtester, which understand the format differently.
//
// Import turns such a file into the native rule language and reports, with line numbers, what maps to what, what was
// mended, what is refused, and where one of the official tools would have traded differently. Nothing is dropped in
// silence: an unknown key, operator, indicator or output is refused at its place. The meaning of an imported rule is
// that of the native language, whose indicators are those of QuantConnect Lean. Export writes the subset that both
// official tools read.
//
// The package works on bytes. It knows no files, no clock and no broker, and of the native language only what package
// strategy says of a text.
package kisyaml
