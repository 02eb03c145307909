package indicator

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"maemae/series"
)

// tableBars is six bars to reckon with: open high low close volume index.
const tableBars = `
10 12  9 11 100 100
11 13 10 12 200 100
12 14 11 13 100 100
13 13 10 10 300 100
10 11  8  9 200 110
10 14 10 12 100  99`

// byHand is the last value of indicators over tableBars, reckoned by hand (with a
// calculator where there is a logarithm): the call, then the outputs in order; - where there is none yet.
const byHand = `
sma 3 = 10.33333333
ema 3 = 11
dema 2 = 11.55555555
tema 2 = 11.83539094
hma 2 = 13
kama 2 = 10.90153836
alma 3 = 9.42602791
lwma 3 = 10.66666667
trima 3 = 10
t3 1 = 12
zlema 3 = 12.33333334
wilder 3 = 11.03703703
frama 2 = 10.96206459
vidya 2 = 10.97485142
rsi 2 = 72.22222222
stochastic 2 2 = 66.66666667 43.33333334
macd 1 2 2 = 0.7962963 0.35185185 0.44444445
cci 2 = 66.66666667
williams_r 2 = -33.33333333
momentum 2 = 20
roc 2 = 20
apo 1 2 = 1.5
apo 1 2 exponential = 0.7962963
ppo 1 2 = 14.28571429 4.5112782 9.77443609
aroon 2 2 = 50 100 50
cmo 2 = 44.44444444
ao 1 2 = 1.25
cho 1 2 = -17.69547325
ultosc 1 1 1 = 60
trix 1 = 33.33333333
tsi 1 1 1 = 100 100
rvi 1 = -0.26315789
dpo 2 = -0.5
kvo 1 2 1 = 9894.17989418 9894.17989418
adx 1 = 100 60 0
adxr 1 = 100
ichimoku 1 1 1 = 12 12 9.5 9.5 9
vortex 1 = 1.2 0.2
chop 2 = 41.50374961
kst = - -
coppock 1 1 1 = 66.666666
mass_index 1 1 = 1
schaff 2 1 2 = -
fisher 2 = 0.07912962
obv = 0
ad = -233.33333334
adl = -233.33333334
cmf 2 = -0.22222222
mfi 2 = 39.13043478
force 2 = 94.44444444
vwap 2 = 10.16666667
vwma 2 = 10
eom 1 = 1000
atr 2 = 4
atr 2 wilder = 4
natr 2 = 33.33333333
bollinger 2 2 = 10.5 13.5 7.5
keltner 2 1 = 10.66666667 14.66666667 6.66666667
donchian 2 = 14 8
std 2 = 1.5
variance 2 = 2.25
accbands 1 1 = 12 16.33333333 8.33333333
beta 2 = -2.16666665
alpha 2 = 0.11666667
volatility_ind 2 = 0.30641294
highest 3 = 12
lowest 3 = 9
maximum 3 = 12
minimum 3 = 9
midpoint 3 = 10.5
midprice 3 = 11
logr 1 = 0.28768207
ibs = 0.5
bop = 0.5
regression 3 = 11.33333333 1 8.33333333
pivot 1 1 = 14 8
augen 3 = 2.38185
consecutive up = 1
consecutive down = 0
disparity 2 = 114.28571429
change = 33.333333
returns 2 = 20
sar = 8
supertrend 2 1 = 12.5
stochrsi 2 2 1 1 = 100 100`

func TestValuesReckonedByHand(t *testing.T) {
	var columns [6][]decimal.Decimal
	for line := range strings.Lines(strings.TrimSpace(tableBars)) {
		for i, cell := range strings.Fields(line) {
			columns[i] = append(columns[i], decimal.RequireFromString(cell))
		}
	}
	of := series.FromDecimals
	in := Input{Open: of(columns[0]), High: of(columns[1]), Low: of(columns[2]), Close: of(columns[3]), Volume: of(columns[4]), Index: of(columns[5])}
	seen := map[string]bool{}
	for row := range strings.Lines(strings.TrimSpace(byHand)) {
		call, want, _ := strings.Cut(strings.TrimSpace(row), " = ")
		words := strings.Fields(call)
		s, ok := Lookup(words[0])
		if !ok {
			t.Fatalf("no indicator %s", words[0])
		}
		seen[s.ID] = true
		given := map[string]Value{}
		for i, word := range words[1:] {
			v := Value{Word: word}
			if d, err := decimal.NewFromString(word); err == nil {
				v = Value{Number: d}
			}
			given[s.Params[i].Name] = v
		}
		a, err := s.Bind(given)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, out := range s.Compute(in, a) {
			text := "-"
			if v, ready := out.At(5); ready {
				text = v.String()
			}
			got = append(got, text)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s is %s, want %s", call, strings.Join(got, " "), want)
		}
	}
	for _, s := range All() {
		if !seen[s.ID] {
			t.Errorf("%s was not reckoned", s.ID)
		}
	}
}
