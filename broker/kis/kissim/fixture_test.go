package kissim

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"maemae/market"
)

// today is the day of the hand-made market at which tests begin: a Monday.
const today market.Date = 20241202

// handMade is a market small enough to check by hand. On 2024-12-02 005930 walks 50,000 → 49,000 (11:10) → 52,000
// (13:20) → 51,000 (15:30), 111110 is locked at its upper limit, 222220 at its lower one, 333330 is halted.
var handMade = map[string]string{
	"005930": "2024-11-28,50000,50500,49500,50000,1000000\n2024-11-29,50000,50500,49500,50000,1000000\n2024-12-02,50000,52000,49000,51000,2000000\n" +
		"2024-12-03,51000,51500,50000,50500,1000000\n2024-12-04,50500,51000,50000,50800,1000000\n2024-12-05,50800,51200,50100,51000,1000000\n",
	"069500": "2024-11-29,30000,30100,29900,30000,1000000\n2024-12-02,30000,30300,29900,30200,1000000\n2024-12-03,30200,30300,29900,30200,1000000\n",
	"111110": "2024-11-29,10000,10000,10000,10000,5000\n2024-12-02,13000,13000,13000,13000,5000\n2024-12-03,13000,13100,12900,13000,5000\n",
	"222220": "2024-11-29,10000,10000,10000,10000,5000\n2024-12-02,7000,7000,7000,7000,5000\n2024-12-03,7000,7100,6900,7000,5000\n",
	"333330": "2024-11-29,10000,10100,9900,10000,5000\n2024-12-02,0,0,0,10000,0\n2024-12-03,10000,10100,9900,10000,5000\n",
	"444440": "2024-12-04,10000,10100,9900,10000,5000\n",
}

// folder writes CSV files.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, rows := range files {
		if name != "symbols" {
			rows = barHeader + "\n" + rows
		}
		if err := os.WriteFile(filepath.Join(dir, name+".csv"), []byte(rows), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// byHand starts on the hand-made market at a time of 2024-12-02.
func byHand(t *testing.T, env string, hour, minute int) *client {
	t.Helper()
	return start(t, Options{Env: env, Data: folder(t, handMade), Start: today.At(hour, minute)})
}

func clockOf(t time.Time) string { return t.In(market.KST).Format("2006-01-02 15:04:05") }
