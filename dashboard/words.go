package dashboard

import (
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"maemae/market"
	"maemae/scheduler"
)

// tongue is a language a page can be in.
type tongue string

const (
	english tongue = "en"
	korean  tongue = "ko"
)

// voice speaks a language. English texts are the keys of the others; what has no translation stays English.
type voice struct {
	lang  tongue
	texts map[string]string
}

func (v voice) say(text string) string {
	if t, ok := v.texts[text]; ok {
		return t
	}
	return text
}

// dictionary reads lines of "English = other".
func dictionary(text string) map[string]string {
	out := map[string]string{}
	for l := range strings.Lines(text) {
		if from, to, ok := strings.Cut(strings.TrimSpace(l), " = "); ok {
			out[from] = to
		}
	}
	return out
}

const languageCookie = "maemae-language"

// language is what the person chose, else what the browser asks for, else the standard.
func language(r *http.Request, standard string) tongue {
	if c, err := r.Cookie(languageCookie); err == nil && (c.Value == string(english) || c.Value == string(korean)) {
		return tongue(c.Value)
	}
	for part := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		switch tag := strings.ToLower(strings.TrimSpace(part)); {
		case strings.HasPrefix(tag, "ko"):
			return korean
		case strings.HasPrefix(tag, "en"):
			return english
		}
	}
	if standard == string(korean) {
		return korean
	}
	return english
}

// spoken lets ?lang= choose the language of this browser, and then shows the page.
func (s *server) spoken(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		lang := q.Get("lang")
		if lang != string(english) && lang != string(korean) {
			h(w, r)
			return
		}
		q.Del("lang")
		to := r.URL.Path
		if len(q) > 0 {
			to += "?" + q.Encode()
		}
		http.SetCookie(w, &http.Cookie{Name: languageCookie, Value: lang, Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true, Secure: s.Secure, SameSite: http.SameSiteStrictMode})
		http.Redirect(w, r, to, http.StatusSeeOther)
	}
}

// words are the functions a template speaks with.
func (v voice) words(name func(market.Symbol) string) template.FuncMap {
	return template.FuncMap{
		"t":        v.say,
		"code":     func(c any) string { return v.code(fmt.Sprint(c)) },
		"won":      grouped,
		"count":    func(n int64) string { return grouped(decimal.NewFromInt(n)) },
		"signed":   signed,
		"percent":  percent,
		"sign":     func(d decimal.Decimal) string { return []string{"down", "flat", "up"}[d.Sign()+1] },
		"name":     name,
		"date":     func(t time.Time) string { return t.In(market.KST).Format("2006-01-02") },
		"clock":    func(t time.Time) string { return t.In(market.KST).Format("15:04:05") },
		"moment":   func(t time.Time) string { return t.In(market.KST).Format("2006-01-02 15:04:05") },
		"minute":   func(t time.Time) string { return t.In(market.KST).Format("01-02 15:04") },
		"iso":      func(t time.Time) string { return t.In(market.KST).Format(time.RFC3339) },
		"within":   v.within,
		"when":     whenWords,
		"language": func() string { return string(v.lang) },
		"part":     part,
		"digits":   digits,
		"deref":    func(b *bool) bool { return *b },
		"answers":  func() []string { return []string{"acted", "buy", "sell", "hold"} },
		"tab":      func(here, name, to, text string) tab { return tab{to, text, here == name || here+"s" == name} },
	}
}

// tab is a link to a page; Here marks the one that is shown.
type tab struct {
	To, Text string
	Here     bool
}

// digits groups a number that is written out; other text stays.
func digits(text string) string {
	d, err := decimal.NewFromString(text)
	if err != nil {
		return text
	}
	return grouped(d)
}

// code is a code of the journal (no_signal, reduce_only) in words.
func (v voice) code(text string) string { return v.say(strings.ReplaceAll(text, "_", " ")) }

// grouped writes an exact number with thousands separators.
func grouped(d decimal.Decimal) string {
	whole, frac, _ := strings.Cut(d.String(), ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "−", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if frac != "" {
		whole += "." + frac
	}
	return sign + whole
}

func signed(d decimal.Decimal) string {
	if d.Sign() > 0 {
		return "+" + grouped(d)
	}
	return grouped(d)
}

// percent writes a ratio in percent with two decimals and its sign.
func percent(d decimal.Decimal) string {
	p := d.Shift(2).Round(2)
	text := strings.Replace(p.StringFixed(2), "-", "−", 1)
	if p.Sign() > 0 {
		text = "+" + text
	}
	return text + "%"
}

// part is used/allowed in whole percent, within 0 and 100, for a bar on the page.
func part(used, allowed decimal.Decimal) int64 {
	if allowed.Sign() <= 0 || used.Sign() <= 0 {
		return 0
	}
	return min(100, used.Shift(2).DivRound(allowed, 0).IntPart())
}

// within says how long it is from now to then: "in 2 h 15 m".
func (v voice) within(now, then time.Time) string {
	d := then.Sub(now).Round(time.Minute)
	if d < time.Minute {
		return v.say("now")
	}
	days, hours, minutes := int(d.Hours())/24, int(d.Hours())%24, int(d.Minutes())%60
	text := fmt.Sprintf("%d m", minutes)
	switch {
	case days > 0:
		text = fmt.Sprintf("%d d %d h", days, hours)
	case hours > 0:
		text = fmt.Sprintf("%d h %d m", hours, minutes)
	}
	if v.lang == korean {
		return strings.NewReplacer(" d", "일", " h", "시간", " m", "분").Replace(text) + " 후"
	}
	return "in " + text
}

// whenWords says a schedule in words; what cannot be read stays as written.
func whenWords(text string) string {
	w, err := scheduler.ParseWhen(text)
	if err != nil {
		return text
	}
	return w.Words()
}
