// Package notify tells a person what the journal says: each entry worth a message goes to every channel that wants its
// level. The journal is the spool: a channel keeps the number of the entry it has read up to, so that an outage of any
// length loses nothing and delays nobody who writes. Delivery is at least once: a crash between sending and
// noting it sends again.
//
// It reads the journal and writes only its own small files. It does not know brokers, rules at work, configuration or
// the time: the moment and the timers come from Options.
//
// Messages leave through Net alone: https, no redirects, no proxy, and only to public addresses, looked at when the
// connection is made. Discord and ntfy are spoken by shoutrrr over such a client. Its Telegram, Slack, e-mail and
// webhook services dial by themselves, two of them without any time limit; those four are spoken here.
package notify
