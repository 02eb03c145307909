// Package journal is the only pen: what happened is written here first, once, and never changed. Whatever the daemon
// holds in memory is the fold of its entries (Book); everyone else reads. The journal knows how entries are kept and
// what they add up to. It does not know brokers, rules at work, screens or the time: the moment comes from Options.Now.
//
// # Files
//
// One directory (mode 0700, owned by the daemon's user; files 0600):
//
//	journal.db    SQLite, write-ahead log, synchronous=FULL: a committed entry has reached the disk
//	journal.head  two slots of 512 bytes, written in turn, at the end both: number and hash of the newest entry
//	journal.lock  flock of the one writer
//	KILL          512 bytes, the kill switch; see Kill
//
// Head and KILL are allocated once and then overwritten in place, so that a full disk cannot refuse them (a
// copy-on-write file system can). The head is written after the commit and before Append returns: a journal that ends
// before its head was cut or restored from an older copy, and is refused. Entries removed beyond the head together with
// the head can be found only against a hash kept elsewhere: Verify's expect.
//
// # The chain
//
// Table entry(seq, at, kind, body, hash) holds everything; its rows are only ever added. Anyone can recompute the chain:
//
//	hash(0) = 32 zero bytes
//	hash(n) = SHA-256( hash(n-1) | seq | at | len(kind) | kind | body )
//
// where seq is n and at is Unix nanoseconds, each as 8 bytes big-endian; len(kind) is one byte; kind is ASCII; body is
// the JSON text exactly as stored, to the end. seq counts from 1 without gaps and at never falls: while the clock stands
// behind the newest entry, entries carry that entry's moment.
//
// Table find(key, seq) is an index of words to entries and holds nothing of its own: Verify derives the words again from
// every body and demands the same set. SQLite's own check covers the trees both tables are kept in, and the tables'
// definitions must be those of this program. A changed byte that none of this finds lies outside the entries: in the
// database's unused space, in counters SQLite keeps for itself, in pages that the write-ahead log has newer, or in the
// newer slot of a head whose journal was not closed, where a crash leaves the same.
package journal
